/* SPDX-License-Identifier: MIT
 * Runs a program under a filter that answers some system calls with an errno, as an old container's filter
 * does with those that it does not know.
 *
 *   refuse [-u UID] CALL[=ERRNO],… -- PROGRAM …
 *
 * CALL is a name, a number, `N+`: that number and all above it, or `NAME(A)`: when its first argument is A. ERRNO is
 * ENOSYS (the default), EPERM or a number; 0 is a lie: the call is answered as if it had been made. Started by root it leaves no_new_privs unset, so that programs with the set-user-ID bit work;
 * with -u it becomes that user afterwards. Its own failures end with 99. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { most = 512 };
static struct sock_filter code[most];
static unsigned short length;

static void die(const char *text) {
  fprintf(stderr, "refuse: %s: %s\n", text, strerror(errno));
  exit(99);
}

static void add(unsigned short operation, unsigned value, unsigned char yes, unsigned char no) {
  errno = E2BIG;
  if (length == most) die("too many calls");
  code[length++] = (struct sock_filter){operation, yes, no, value};
}

/* Is it this call, with this first argument, and what it is answered. */
static void refuse(char *word) {
  char *name = strsep(&word, "="), *end, *argument = strchr(name, '(');
  if (argument) *argument++ = 0;
  const long error = !word || !strcmp(word, "ENOSYS") ? ENOSYS : !strcmp(word, "EPERM") ? EPERM : strtol(word, NULL, 10);
  long call = strtol(name, &end, 10);
  const int and_above = *end == '+';
  if (end == name) call = seccomp_syscall_resolve_name(name);
  errno = EINVAL;
  if (call < 0 || error < 0 || (end != name && end[and_above])) die(name);
  add(BPF_JMP | (and_above ? BPF_JGE : BPF_JEQ) | BPF_K, (unsigned)call, 0, argument ? 4 : 1);
  if (argument) {
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args), 0, 0);  /* its low half */
    add(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)strtol(argument, NULL, 10), 0, 1);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error, 0, 0);
  if (argument) add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

int main(int argc, char **argv) {
  long uid = -1;
  int at = 1;
  if (at + 1 < argc && !strcmp(argv[at], "-u")) uid = atol(argv[at + 1]), at += 2;
  errno = EINVAL;
  if (at + 2 >= argc || strcmp(argv[at + 1], "--")) die("usage");
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
  for (char *words = argv[at], *word; (word = strsep(&words, ","));) refuse(word);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) die("prctl");
  const struct sock_fprog program = {length, code};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) die("seccomp");
  if (uid >= 0) {
    const gid_t group = (gid_t)uid;
    if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 || setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0) die("setresuid");
  }
  execv(argv[at + 2], argv + at + 2);
  die(argv[at + 2]);
}
