/* SPDX-License-Identifier: MIT
 * Runs a program and spoils one system call of one of its processes.
 *
 *   inject [-u UID] [-o REPORT] record                   -- PROGRAM …
 *   inject [-u UID] [-o REPORT] WHO CALL NTH WHAT [N]    -- PROGRAM …
 *
 * `record` writes a line `WHO CALL RESULT` for each call begun. WHO is how a process came to be: "0" the
 * program itself, "0.1" its second child. That is what `strace -f -e inject=` can't say: its count runs in
 * every process at once, so that the first to come to its third openat fails, and the others are
 * never reached. WHAT is
 *   error N    the call is not made, and answers -N (brk: stays where it is, as the kernel says it; close
 *              closes all the same)
 *   memory     it is not made, nor is any later one that gets memory: all answer ENOMEM
 *   short      it transfers one byte
 *   zero       it is not made, and answers 0
 *   signal N   the process gets signal N as it enters the call
 *   stop       it is stopped there, and goes on after 60 ms
 * Only calls of the program itself count: a process that executes another one is let go. The report has
 * `executed PATH` for each of those (`?` when it was killed in that call), `hit` when there was such a call, and `exit N` or `signal N`. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

enum { most_processes = 64, most_calls = 512 };

struct process {
  pid_t pid;
  char who[64];
  int children, faked, no_memory, seen[most_calls];
  long answer, call;
  unsigned long end_of_heap;
};

static struct process processes[most_processes];
static struct stat program;
static FILE *report;
static int recording, hit;
static const char *who, *what;
static long call_number = -1, nth, number;
static volatile sig_atomic_t stopped, late, ended;

static void die(const char *text) {
  fprintf(stderr, "inject: %s: %s\n", text, strerror(errno));
  exit(99);
}

static struct process *find(pid_t pid) {
  for (int i = 0; i < most_processes; i++)
    if (processes[i].pid == pid) return &processes[i];
  return NULL;
}

static struct process *add(pid_t pid) {
  struct process *each = find(0);
  if (!each) die("too many processes");
  memset(each, 0, sizeof *each);
  each->pid = pid;
  return each;
}

static const char *name_of(long call) {
  static char *names[most_calls];
  if (call < 0 || call >= most_calls) return "unknown";
  if (!names[call]) names[call] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)call);
  return names[call] ? names[call] : "unknown";
}

/* The registers of a call: its number, the argument that is a size, and its answer. */
static void change(pid_t pid, long *new_call, int argument, long *new_value, long *new_answer) {
#if defined(__x86_64__)
  struct user_regs_struct regs;
  struct iovec io = {&regs, sizeof regs};
  if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io) < 0) return;
  if (new_call) regs.orig_rax = (unsigned long)*new_call;
  if (new_value && argument == 2) regs.rdx = (unsigned long)*new_value;
  if (new_value && argument == 3) regs.r10 = (unsigned long)*new_value;
  if (new_answer) regs.rax = (unsigned long)*new_answer;
  ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &io);
#elif defined(__aarch64__)
  struct user_regs_struct regs;
  struct iovec io = {&regs, sizeof regs};
  if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io) < 0) return;
  if (new_value) regs.regs[argument] = (unsigned long)*new_value;
  if (new_answer) regs.regs[0] = (unsigned long)*new_answer;
  ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &io);
  if (new_call) {
    int call = (int)*new_call;
    struct iovec of_call = {&call, sizeof call};
    ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &of_call);
  }
#endif
}

static void fake(struct process *process, long error) {
  long none = -1;
  process->faked = 1;
  process->answer = process->call == SYS_brk ? (long)process->end_of_heap : -error;
  if (process->call != SYS_close) change(process->pid, &none, 0, NULL, NULL);
}

static void spoil(struct process *process, struct ptrace_syscall_info *info) {
  hit = 1;
  const int size_at = process->call == SYS_sendfile ? 3 : 2;
  long one = 1;
  if (!strcmp(what, "short")) {
    if (info->entry.args[size_at] > 1) change(process->pid, NULL, size_at, &one, NULL);
  } else if (!strcmp(what, "signal")) {
    kill(process->pid, (int)number);
  } else if (!strcmp(what, "stop")) {
    const struct itimerval soon = {{0, 0}, {0, 60000}};
    stopped = process->pid;
    kill(process->pid, SIGSTOP);
    setitimer(ITIMER_REAL, &soon, NULL);
  } else {
    process->no_memory = !strcmp(what, "memory");
    fake(process, !strcmp(what, "zero") ? 0 : process->no_memory ? ENOMEM : number);
  }
}

static int gets_memory(long call) { return call == SYS_brk || call == SYS_mmap || call == SYS_mremap; }

static void at_call(struct process *process) {
  struct ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, (void *)sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    process->call = (long)info.entry.nr;
    process->faked = 0;
    if (process->call < 0 || process->call >= most_calls) return;
    const int count = ++process->seen[process->call];
    if (recording) {
      fprintf(report, "%s %s\n", process->who, name_of(process->call));
      fflush(report);
    } else if (!hit && process->call == call_number && count == nth && !strcmp(process->who, who)) spoil(process, &info);
    else if (process->no_memory && gets_memory(process->call)) fake(process, ENOMEM);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (process->faked) change(process->pid, NULL, 0, NULL, &process->answer);
    else if (process->call == SYS_brk) process->end_of_heap = (unsigned long)info.exit.rval;
    process->faked = 0;
  }
}

/* Is it still the program, or a sealed copy of it in memory? */
static int is_program(pid_t pid) {
  char path[64], target[64] = "";
  struct stat now;
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  if (stat(path, &now) == 0 && now.st_ino == program.st_ino && now.st_dev == program.st_dev) return 1;
  return readlink(path, target, sizeof target - 1) > 0 && !strncmp(target, "/memfd:", 7);
}

static void new_child(struct process *parent) {
  unsigned long pid = 0;
  if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) < 0) return;
  struct process *child = find((pid_t)pid);
  const int was_first = child != NULL;  /* its own stop came before this news */
  if (!child) child = add((pid_t)pid);
  snprintf(child->who, sizeof child->who, "%.50s.%d", parent->who, parent->children++);
  child->end_of_heap = parent->end_of_heap;
  if (was_first) ptrace(PTRACE_SYSCALL, child->pid, NULL, NULL);
}

static void at_stop(struct process *process, int status) {
  const int event = status >> 16, signal = WSTOPSIG(status);
  int deliver = 0;
  if (!*process->who) return;  /* until its parent's news say who it is */
  if (signal == (SIGTRAP | 0x80)) at_call(process);
  else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) new_child(process);
  else if (event == PTRACE_EVENT_EXEC) {
    if (!is_program(process->pid)) {
      char path[64], target[256] = "";
      snprintf(path, sizeof path, "/proc/%d/exe", process->pid);
      fprintf(report, "executed %s\n", readlink(path, target, sizeof target - 1) > 0 ? target : "?");  /* ?: killed by now */
      ptrace(PTRACE_DETACH, process->pid, NULL, NULL);
      process->pid = 0;
      return;
    }
  } else if (event == PTRACE_EVENT_STOP) {
    if (signal != SIGTRAP) {  /* the whole process is stopped, and stays so until SIGCONT */
      ptrace(PTRACE_LISTEN, process->pid, NULL, NULL);
      return;
    }
  } else if (!event) deliver = signal;
  ptrace(PTRACE_SYSCALL, process->pid, NULL, (void *)(long)deliver);
}

/* The alarm: a stopped process goes on; without one, those that the launcher left behind have had their time. */
static void go_on(int signal) {
  (void)signal;
  if (stopped) {
    const struct itimerval rest = {{0, 0}, {0, 300000}};
    kill((pid_t)stopped, SIGCONT);
    stopped = 0;
    if (ended) setitimer(ITIMER_REAL, &rest, NULL);
  } else {
    late = 1;
  }
}

static pid_t start(char **argv, long uid) {
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) < 0) die("pipe");
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    char byte;
    close(gate[1]);
    if (uid >= 0) {
      const gid_t group = (gid_t)uid;
      if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 || setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0) die("setresuid");
    }
    if (read(gate[0], &byte, 1) != 1) _exit(99);
    execv(argv[0], argv);
    die(argv[0]);
  }
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0) die("ptrace");
  if (write(gate[1], "x", 1) != 1) die("write");
  close(gate[0]);
  close(gate[1]);
  return pid;
}

int main(int argc, char **argv) {
  long uid = -1;
  int at = 1;
  report = stderr;
  for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
    if (argv[at][1] == 'u') uid = atol(argv[at + 1]);
    else if (argv[at][1] == 'o' && !(report = fopen(argv[at + 1], "we"))) die(argv[at + 1]);
  }
  recording = at < argc && !strcmp(argv[at], "record");
  if (!recording && at + 4 < argc) {
    who = argv[at];
    call_number = seccomp_syscall_resolve_name(argv[at + 1]);
    nth = atol(argv[at + 2]);
    what = argv[at + 3];
    number = atol(argv[at + 4]);
  }
  while (at < argc && strcmp(argv[at], "--")) at++;
  if (at + 1 >= argc || (!recording && call_number < 0) || stat(argv[at + 1], &program) < 0) die("usage");
  struct sigaction action = {0};
  action.sa_handler = go_on;
  sigaction(SIGALRM, &action, NULL);

  const pid_t launcher = start(argv + at + 1, uid);
  struct process *first = add(launcher);
  strcpy(first->who, "0");
  int begun = 0;  /* what the process does before it is the program does not count */
  int end = -1;
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR && !late) continue;
    if (pid < 0 && end >= 0) break;  /* what is left goes on untraced */
    if (pid < 0) die("waitpid");
    struct process *process = find(pid);
    if (WIFSTOPPED(status)) {
      if (!process) process = add(pid);
      if (!begun) {
        begun = status >> 16 == PTRACE_EVENT_EXEC;
        ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
        continue;
      }
      at_stop(process, status);
      continue;
    }
    /* Its exec may have gone so far that others have been told of it, and the kill has come before the news here. */
    if (process && pid != launcher && WIFSIGNALED(status) && process->call == SYS_execve) fputs("executed ?\n", report);
    if (process) process->pid = 0;
    if (pid != launcher) continue;
    const struct itimerval soon = {{0, 0}, {0, 300000}};
    end = status;
    if (stopped) kill((pid_t)stopped, SIGCONT);  /* whoever it left behind is not waited for much longer */
    stopped = 0;
    ended = 1;
    setitimer(ITIMER_REAL, &soon, NULL);
  }
  if (hit) fputs("hit\n", report);
  if (WIFEXITED(end)) fprintf(report, "exit %d\n", WEXITSTATUS(end));
  else fprintf(report, "signal %d\n", WTERMSIG(end));
  return 0;
}
