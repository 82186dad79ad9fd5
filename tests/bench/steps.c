// SPDX-License-Identifier: MIT
// Counts the instructions that a program and all its children execute in user space, by letting the
// kernel stop after each (ptrace(2), PTRACE_SINGLESTEP): exact, where there are no counters in
// hardware, and the program's own clones and namespaces work. A repeated string instruction counts
// once for each repetition.
//
//   steps PROGRAM [ARG …]      prints the sum, then the part of each process in the order of their ends
//   steps --seen FILE PROGRAM [ARG …]      also writes where in the program (a PIE) they were, for `order`,
//                                          and whether a child was there
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
  pid_t pid;
  long steps;
} processes[16];

static long *steps_of(pid_t pid) {
  int i = 0;
  while (i < 15 && processes[i].pid && processes[i].pid != pid) ++i;
  processes[i].pid = pid;
  return &processes[i].steps;
}

static char seen[32 << 20];
static unsigned long base;

static void see(pid_t pid, int child) {
#ifdef __x86_64__
  unsigned long at = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), NULL) - base;
  if (at < sizeof seen) seen[at] |= 1 << child;
#endif
}

static void find_base(pid_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "r");
  char line[512];
  base = 0;
  // The first that has a name: the kernel's own pages ([vvar], [vdso]) may lie before the program.
  while (!base && maps && fgets(line, sizeof line, maps))
    if (strchr(line, '/')) sscanf(line, "%lx", &base);
  if (maps) fclose(maps);
}

static void write_seen(const char *path) {
  FILE *file = fopen(path, "w");
  for (unsigned long at = 0; file && at < sizeof seen; ++at)
    if (seen[at]) fprintf(file, "%lx %d\n", at, seen[at] >> 1);
  if (file) fclose(file);
}

int main(int count, char **words) {
  const char *file = NULL;
  if (count > 3 && !strcmp(words[1], "--seen")) file = words[2], words += 2, count -= 2;
  if (count < 2) return 2;
  // Tracer and traced take turns; on one CPU that is several times faster.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  pid_t first = fork();
  if (first == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execv(words[1], words + 1);
    _exit(127);
  }
  int status, result = 1;
  waitpid(first, &status, 0);
  if (file) find_base(first);
  ptrace(PTRACE_SETOPTIONS, first, NULL, (void *)(long)(PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC));
  ptrace(PTRACE_SINGLESTEP, first, NULL, NULL);
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    if (!WIFSTOPPED(status)) {
      if (pid == first) result = status != 0;
      continue;
    }
    int number = WSTOPSIG(status), event = status >> 16;
    if (number == SIGTRAP && !event) {
      ++*steps_of(pid);
      if (file) see(pid, pid != first);
    }
    // A new process begins with a stop of ptrace's own.
    int deliver = number == SIGTRAP || number == SIGSTOP ? 0 : number;
    ptrace(PTRACE_SINGLESTEP, pid, NULL, (void *)(long)deliver);
  }
  if (file) write_seen(file);
  long sum = 0;
  for (int i = 0; i < 16; ++i) sum += processes[i].steps;
  printf("%ld", sum);
  for (int i = 0; i < 16 && processes[i].pid; ++i) printf(" %ld", processes[i].steps);
  printf("\n");
  return result;
}
