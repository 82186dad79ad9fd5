// SPDX-License-Identifier: MIT
// Launches a program once, or again and again for some time, and prints what that took: launches,
// failures, nanoseconds, CPU time in microseconds, minor page faults, peak memory in kB.
//
//   clock SECONDS PROGRAM [ARG …]      0 is once
//
// The clock spans each launch from vfork to wait. It is not done in Python because the kernel counts
// the memory of whoever forks as the peak memory of the program that is then executed.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long launches, failures, nanoseconds, cpu, faults, peak;

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void add(const struct rusage *use) {
  cpu += (use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000000 + use->ru_utime.tv_usec + use->ru_stime.tv_usec;
  faults += use->ru_minflt;
  if (use->ru_maxrss > peak) peak = use->ru_maxrss;
}

static void launch(char **words) {
  struct rusage use;
  int status;
  long start = now();
  pid_t child = vfork();
  if (child == 0) {
    execv(words[0], words);
    _exit(127);
  }
  wait4(child, &status, 0, &use);
  nanoseconds += now() - start;
  ++launches;
  failures += status != 0;
  add(&use);
  // What outlives its launcher is of the same launch, though the user does not wait for it.
  while (wait4(-1, &status, 0, &use) > 0) add(&use);
}

int main(int count, char **words) {
  if (count < 3) return 2;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  long end = now() + (long)(atof(words[1]) * 1e9);
  do launch(words + 2);
  while (now() < end);
  printf("%ld %ld %ld %ld %ld %ld\n", launches, failures, nanoseconds, cpu, faults, peak);
  return 0;
}
