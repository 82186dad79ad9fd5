/* SPDX-License-Identifier: MIT
 * The test's eyes inside a sandbox: a static program without any need of the root it runs in.
 * It prints what it sees as one JSON object; with arguments it does single things:
 *   probe                  the whole picture
 *   probe look PATH…       the picture, and what is to be read or listed at these places
 *   probe exit N           ends with status N
 *   probe signal N         ends by signal N
 *   probe write PATH TEXT  writes; prints "ok" or the errno's name
 *   probe read PATH        prints the file, or the errno's name
 *   probe stat PATH        kind, mode, owner, flags of the mount
 *   probe ls PATH          the names in a folder
 *   probe sleep SECONDS    prints "ready" first, and says so to NOTIFY_SOCKET
 *   probe sweep [ABI [N…]] tries every number (or those), most with arguments that do nothing, and prints the answers;
 *                          ABI: native, x32 (0x40000000 and up) or i386 (by int 0x80)
 *   probe int80            getpid by the gate of 32-bit programs
 *   probe call ABI NUMBER [ARGUMENT…]  one call: the errno's name
 *   probe spin             is busy until it is killed
 *   probe ioctl NUMBER     ioctl(0, NUMBER) on a terminal: the errno's name
 *   probe clock            monotonic and boot time in seconds
 *   probe unshare FLAGS    unshare(2): the errno's name
 *   probe orphans N        leaves N short-lived orphans behind, then counts zombies
 *   probe args WORD…       prints its arguments, one on a line
 *   probe open PATH        open(2) for writing, and nothing written: the errno's name
 *   probe kill PID SIGNAL  kill(2): the errno's name
 *   probe peek PID         what of another process can be reached, by name
 *   probe exes             the errnos of opening every /proc/PID/exe for writing
 *   probe stay             the whole picture, then sleeps
 *   probe ignore SECONDS   sleeps and ignores SIGTERM
 *   probe family SECONDS   sleeps with a child and a grandchild
 *   probe lines N TEXT     N numbered lines
 *   probe ticks N          a line each 50 ms
 *   probe tty              what terminal descriptor 0 is, and whether it is the controlling one
 *   probe spy              tries to reach every other process until SIGTERM; prints what it reached of nsbox
 *   probe cat              standard input
 *   probe key NAME         looks for a user's key in the session's keyring: the errno's name
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const char *name_of(int error) { return error ? strerrorname_np(error) : "ok"; }

static void quote(const char *text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') printf("\\%c", *text);
    else if ((unsigned char)*text < 0x20) printf("\\u%04x", (unsigned char)*text);
    else putchar(*text);
  }
  putchar('"');
}

static char text[1 << 20];
static const char *slurp(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t have = 0;
  ssize_t n;
  text[0] = 0;
  if (fd < 0) return NULL;
  while ((n = read(fd, text + have, sizeof text - 1 - have)) > 0) have += (size_t)n;
  text[have] = 0;
  close(fd);
  return text;
}

static void status_field(const char *status, const char *key) {
  const char *at = status ? strstr(status, key) : NULL;
  char value[256] = "";
  if (at) {
    at += strlen(key);
    while (*at == '\t' || *at == ' ') at++;
    for (size_t i = 0; at[i] && at[i] != '\n' && i < sizeof value - 1; i++) value[i] = at[i], value[i + 1] = 0;
  }
  quote(value);
}

/* Content, entries or the errno's name; the times of files are not looked at. */
static void look(const char *path) {
  struct stat info;
  quote(path);
  putchar(':');
  if (stat(path, &info) < 0) return quote(name_of(errno));
  char said[600];
  DIR *folder = S_ISDIR(info.st_mode) ? opendir(path) : NULL;
  int have = snprintf(said, sizeof said, "%o %u:%u ", info.st_mode, info.st_uid, info.st_gid);
  if (folder) {
    for (struct dirent *entry; (entry = readdir(folder)) && have < 500;)
      if (entry->d_name[0] != '.') have += snprintf(said + have, sizeof said - (size_t)have, "%.40s ", entry->d_name);
  } else {
    const char *content = S_ISREG(info.st_mode) ? slurp(path) : "";
    snprintf(said + have, sizeof said - (size_t)have, "%.500s", content ? content : name_of(errno));
  }
  quote(said);
}

static void picture(int paths, char **path_list) {
  struct utsname names;
  char path[4096], domain[65] = "";
  uname(&names);
  if (getdomainname(domain, sizeof domain) < 0) domain[0] = 0;
  printf("{\"pid\":%d,\"ppid\":%d,\"pgid\":%d,\"sid\":%d,", getpid(), getppid(), getpgrp(), getsid(0));
  uid_t ru, eu, su;
  gid_t rg, eg, sg;
  getresuid(&ru, &eu, &su);
  getresgid(&rg, &eg, &sg);
  printf("\"uid\":[%u,%u,%u],\"gid\":[%u,%u,%u],\"groups\":[", ru, eu, su, rg, eg, sg);
  gid_t groups[256];
  int count = getgroups(256, groups);
  for (int i = 0; i < count; i++) printf("%s%u", i ? "," : "", groups[i]);
  printf("],\"hostname\":");
  quote(names.nodename);
  printf(",\"domainname\":");
  quote(domain);
  printf(",\"cwd\":");
  quote(getcwd(path, sizeof path) ? path : "?");
  mode_t mask = umask(0);
  umask(mask);
  printf(",\"umask\":\"%04o\"", mask);

  printf(",\"namespaces\":{");
  static const char *const types[] = {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup", "time"};
  for (int i = 0; i < 8; i++) {
    char link[64], id[64] = "";
    snprintf(link, sizeof link, "/proc/self/ns/%s", types[i]);
    ssize_t n = readlink(link, id, sizeof id - 1);
    if (n > 0) id[n] = 0;
    printf("%s\"%s\":\"%s\"", i ? "," : "", types[i], id);
  }
  printf("},\"caps\":{");
  static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
  for (int i = 0; i < 5; i++) {
    char key[16];
    snprintf(key, sizeof key, "%s:", sets[i]);
    printf("%s\"%s\":", i ? "," : "", sets[i]);
    status_field(slurp("/proc/self/status"), key);
  }
  printf("},\"nnp\":%d,\"securebits\":%d,\"dumpable\":%d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECUREBITS), prctl(PR_GET_DUMPABLE));
  const char *status = slurp("/proc/self/status");
  printf(",\"seccomp\":");
  status_field(status, "\nSeccomp:");
  printf(",\"sigblk\":");
  status_field(status, "SigBlk:");
  printf(",\"sigign\":");
  status_field(status, "SigIgn:");
  printf(",\"uid_map\":");
  quote(slurp("/proc/self/uid_map") ? text : "");
  printf(",\"gid_map\":");
  quote(slurp("/proc/self/gid_map") ? text : "");
  printf(",\"setgroups\":");
  quote(slurp("/proc/self/setgroups") ? text : "");
  printf(",\"timerslack\":%d,\"personality\":", prctl(PR_GET_TIMERSLACK));
  quote(slurp("/proc/self/personality") ? text : "");
  printf(",\"oom_score_adj\":");
  quote(slurp("/proc/self/oom_score_adj") ? text : "");
  errno = 0;
  printf(",\"nice\":%d", getpriority(PRIO_PROCESS, 0));

  printf(",\"fds\":[");
  int first = 1;
  for (int fd = 0; fd < 1200; fd++) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    printf("%s%d", first ? "" : ",", fd);
    first = 0;
  }
  printf("],\"tty\":[%d,%d,%d],\"ctty\":%d", isatty(0), isatty(1), isatty(2), open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0);
  printf(",\"env\":{");
  first = 1;
  for (char **each = environ; *each; each++) {
    char *equal = strchr(*each, '=');
    if (!equal) continue;
    *equal = 0;
    if (!first) putchar(',');
    quote(*each);
    putchar(':');
    quote(equal + 1);
    *equal = '=';
    first = 0;
  }
  printf("},\"rlimits\":{");
  static const char *const limits[] = {"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
  for (int i = 0; i < 16; i++) {
    struct rlimit limit;
    getrlimit((__rlimit_resource_t)i, &limit);
    printf("%s\"%s\":[%lld,%lld]", i ? "," : "", limits[i], (long long)limit.rlim_cur, (long long)limit.rlim_max);
  }
  cpu_set_t cpus;
  printf("},\"cpus\":[");
  first = 1;
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
    for (int i = 0; i < CPU_SETSIZE; i++)
      if (CPU_ISSET(i, &cpus)) printf("%s%d", first ? "" : ",", i), first = 0;
  struct ifreq request = {0};
  strcpy(request.ifr_name, "lo");
  int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  printf("],\"lo_up\":%d,\"interfaces\":[", ioctl(sock, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP));
  struct if_nameindex *interfaces = if_nameindex();
  for (int i = 0; interfaces && interfaces[i].if_index; i++) {
    if (i) putchar(',');
    quote(interfaces[i].if_name);
  }
  printf("],\"mounts\":");
  quote(slurp("/proc/self/mountinfo") ? text : "");
  printf(",\"timens_offsets\":");
  quote(slurp("/proc/self/timens_offsets") ? text : "");
  printf(",\"files\":{");
  for (int i = 0; i < paths; i++) {
    if (i) putchar(',');
    look(path_list[i]);
  }
  printf("},\"processes\":[");
  DIR *proc = opendir("/proc");
  first = 1;
  for (struct dirent *entry; proc && (entry = readdir(proc));)
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') printf("%s%s", first ? "" : ",", entry->d_name), first = 0;
  printf("]}\n");
}

/* Every process that appears and is nsbox, not yet what it is to execute. */
static volatile sig_atomic_t enough;
static void stop_spying(int signal) { (void)signal, enough = 1; }
static int spy(void) {
  static const char *const parts[] = {"mem", "fd", "root", "cwd", "exe", "environ", "maps", "ns/net"};
  long looked = 0;
  signal(SIGTERM, stop_spying);
  puts("ready");
  fflush(stdout);
  while (!enough) {
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
      const int pid = atoi(entry->d_name);
      char path[64], name[64] = "";
      if (pid <= 0 || pid == getpid()) continue;
      snprintf(path, sizeof path, "/proc/%d/comm", pid);
      const int comm = open(path, O_RDONLY | O_CLOEXEC);
      if (comm < 0 || read(comm, name, sizeof name - 1) < 5 || strncmp(name, "nsbox", 5)) {
        if (comm >= 0) close(comm);
        continue;
      }
      close(comm);
      looked++;
      /* What opens is believed only if the process is still nsbox afterwards. */
      char reached[256] = "";
      for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, parts[i]);
        const int fd = open(path, strcmp(parts[i], "mem") ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CLOEXEC);
        if (fd >= 0) strcat(strcat(reached, " "), parts[i]), close(fd);
      }
      /* Everybody may read what a process was started with; the caller's words must not be there. */
      char words[4096] = "";
      snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
      const int line = open(path, O_RDONLY | O_CLOEXEC);
      const ssize_t length = line < 0 ? 0 : read(line, words, sizeof words - 1);
      if (line >= 0) close(line);
      if (length > 0 && memmem(words, (size_t)length, "hunter2", 7)) strcat(reached, " cmdline");
      if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
        strcat(reached, " ptrace");
        ptrace(PTRACE_INTERRUPT, pid, 0, 0); /* one that runs can't be let go of */
        waitpid(pid, NULL, __WALL);
        ptrace(PTRACE_DETACH, pid, 0, 0);
      }
      const int file = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), 3, 0);
      if (file >= 0) strcat(reached, " pidfd_getfd"), close(file);
      snprintf(path, sizeof path, "/proc/%d/comm", pid);
      const int again = open(path, O_RDONLY | O_CLOEXEC);
      memset(name, 0, sizeof name);
      if (again >= 0 && *reached && read(again, name, sizeof name - 1) > 0 && !strncmp(name, "nsbox", 5)) printf("reached %d:%s\n", pid, reached);
      if (again >= 0) close(again);
    }
    if (proc) closedir(proc);
  }
  return printf("looked %ld times\n", looked), 0;
}

static int list(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return printf("%s\n", name_of(errno)), 1;
  for (struct dirent *entry; (entry = readdir(folder));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) printf("%s\n", entry->d_name);
  return 0;
}

static void show_stat(const char *path) {
  struct stat info;
  struct statvfs fs;
  if (lstat(path, &info) < 0) {
    printf("{\"error\":\"%s\"}\n", name_of(errno));
    return;
  }
  const char *kind = S_ISDIR(info.st_mode) ? "folder" : S_ISREG(info.st_mode) ? "file" : S_ISLNK(info.st_mode) ? "link" : S_ISCHR(info.st_mode) ? "character" : S_ISBLK(info.st_mode) ? "block" : "other";
  char link[4096] = "";
  if (S_ISLNK(info.st_mode)) {
    ssize_t n = readlink(path, link, sizeof link - 1);
    link[n > 0 ? n : 0] = 0;
  }
  memset(&fs, 0, sizeof fs);
  if (!S_ISLNK(info.st_mode)) statvfs(path, &fs);
  printf("{\"kind\":\"%s\",\"mode\":\"%04o\",\"uid\":%u,\"gid\":%u,\"rdev\":%lu,\"size\":%ld,\"readonly\":%d,\"nosuid\":%d,\"nodev\":%d,\"noexec\":%d,\"noatime\":%d,\"total\":%lu,\"link\":", kind, info.st_mode & 07777, info.st_uid, info.st_gid, (unsigned long)info.st_rdev, (long)info.st_size,
         !!(fs.f_flag & ST_RDONLY), !!(fs.f_flag & ST_NOSUID), !!(fs.f_flag & ST_NODEV), !!(fs.f_flag & ST_NOEXEC), !!(fs.f_flag & ST_NOATIME), (unsigned long)(fs.f_blocks * fs.f_frsize));
  quote(link);
  printf("}\n");
}

static int count_zombies(void) {
  int zombies = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc && (entry = readdir(proc));) {
    char path[300];
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
    if (slurp(path) && strstr(text, "State:\tZ")) zombies++;
  }
  return zombies;
}

static int open_error(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) return errno;
  return close(fd), 0;
}

/* Prints each way to another process that is open; nothing when all are closed. */
static void peek(const char *pid) {
  static const struct { const char *file; int flags; } files[] = {{"mem", O_RDWR}, {"fd", O_RDONLY}, {"fd/0", O_PATH}, {"cwd", O_PATH}, {"root", O_RDONLY}, {"exe", O_RDONLY}, {"environ", O_RDONLY}, {"maps", O_RDONLY}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/%s", pid, files[i].file);
    if (!open_error(path, files[i].flags)) puts(files[i].file);
  }
  if (!ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL)) puts("ptrace");
}

static void try_every_exe(void) {
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc && (entry = readdir(proc));) {
    char path[300];
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
    printf("%s %s\n", entry->d_name, name_of(open_error(path, O_WRONLY)));
  }
}

/* By the gate of 32-bit programs (with -1 for the last argument), or as a 64-bit program does. */
static long call(long number, bool gate, const long *a) {
#if defined(__x86_64__)
  if (gate) {
    int result;
    __asm__ volatile("push %%rbp; mov $-1, %%ebp; int $0x80; pop %%rbp" : "=a"(result) : "0"((int)number), "b"((int)a[0]), "c"((int)a[1]), "d"((int)a[2]), "S"((int)a[3]), "D"((int)a[4]) : "memory", "r8", "r9", "r10", "r11");
    return result < 0 && result > -4096 ? (errno = -result, -1) : result;
  }
#endif
  (void)gate;
  return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
static const long nothing[] = {-1, -1, -1, -1, -1, -1};

/* Each call in a child of its own; those of the native ABI that would wait for ever, end the child in
 * their own way or reach beyond it are left out ("-"). */
static int sweep(const char *abi, char **numbers) {
  static const long left_out[] = {SYS_exit, SYS_exit_group, SYS_pause, SYS_rt_sigreturn, SYS_vfork, SYS_fork, SYS_clone, SYS_kill, SYS_tkill,
                                  SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_sigsuspend, SYS_select, SYS_pselect6, SYS_poll, SYS_ppoll, SYS_restart_syscall, SYS_reboot, SYS_vhangup};
  const bool gate = !strcmp(abi, "i386"), native = !strcmp(abi, "native");
  for (long i = 0; *numbers || i < 1024; i++) {
    if (*numbers && !numbers[i]) break;
    long number = *numbers ? atol(numbers[i]) : !strcmp(abi, "x32") ? 0x40000000 + i : i;
    const char *answer = NULL;
    for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++)
      if (native && number == left_out[k]) answer = "-";
    if (!answer) {
      pid_t child = fork();
      if (child == 0) {
        alarm(2);
        errno = 0;
        long result = call(number, gate, nothing);
        _exit(result == -1 && errno < 200 ? errno : 0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      answer = WIFSIGNALED(status) ? WTERMSIG(status) == SIGSYS ? "SIGSYS" : "signal" : WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "ok";
    }
    printf("%ld %s\n", number, answer ? answer : "?");
    fflush(stdout);
  }
  return 0;
}

static void say_ready(void) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path) return;
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address) < 0) perror("NOTIFY_SOCKET");
  close(fd);
}

int main(int argc, char **argv) {
  const char *verb = argc > 1 ? argv[1] : "";
  if (!*verb) return picture(0, NULL), 0;
  if (!strcmp(verb, "look")) return picture(argc - 2, argv + 2), 0;
  if (!strcmp(verb, "exit")) return atoi(argv[2]);
  if (!strcmp(verb, "signal")) return raise(atoi(argv[2])), 99;
  if (!strcmp(verb, "sweep")) return sweep(argc > 2 ? argv[2] : "native", argc > 3 ? argv + 3 : argv + argc);
#if defined(__x86_64__)
  if (!strcmp(verb, "int80")) {
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return printf("%ld\n", result), 0;
  }
#endif
  if (!strcmp(verb, "call")) {
    long arguments[6] = {0};
    for (int i = 4; i < argc && i < 10; i++) arguments[i - 4] = (long)strtoul(argv[i], NULL, 0);
    const long number = strtol(argv[3], NULL, 0);
    errno = 0;
    const pid_t before = getpid();
    const int error = call(number, !strcmp(argv[2], "i386"), arguments) == -1 ? errno : 0;
    if (getpid() != before) _exit(0); /* of clone(2) */
    return puts(name_of(error)), 0;
  }
  if (!strcmp(verb, "spin"))
    for (volatile unsigned n = 0;; n++) {
    }
  if (!strcmp(verb, "sleep")) {
    puts("ready");
    fflush(stdout);
    say_ready();
    struct timespec time = {atoi(argv[2]), 0};
    nanosleep(&time, NULL);
    return 0;
  }
  if (!strcmp(verb, "stay")) return picture(0, NULL), fflush(stdout), pause();
  if (!strcmp(verb, "ignore")) return signal(SIGTERM, SIG_IGN), sleep((unsigned)atoi(argv[2])), 0;
  if (!strcmp(verb, "family")) {
    if (fork() == 0) fork();
    return sleep((unsigned)atoi(argv[2])), 0;
  }
  if (!strcmp(verb, "lines")) {
    for (int i = 1; i <= atoi(argv[2]); i++) printf("%d %s\n", i, argv[3]);
    return 0;
  }
  if (!strcmp(verb, "ticks")) {
    for (int i = 1; i <= atoi(argv[2]); i++) printf("tick %d\n", i), fflush(stdout), usleep(50000);
    return 0;
  }
  if (!strcmp(verb, "tty")) {
    const char *name = ttyname(0);
    return printf("%s %s\n", name ? name : name_of(errno), tcgetsid(0) == getsid(0) ? "controlling" : "not controlling"), 0;
  }
  if (!strcmp(verb, "spy")) return spy();
  if (!strcmp(verb, "cat")) {
    char part[4096];
    for (ssize_t n; (n = read(0, part, sizeof part)) > 0;) fwrite(part, 1, (size_t)n, stdout);
    return 0;
  }
  if (!strcmp(verb, "write")) {
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int error = fd < 0 ? errno : write(fd, argv[3], strlen(argv[3])) < 0 ? errno : 0;
    return puts(name_of(error)), error != 0;
  }
  if (!strcmp(verb, "read")) {
    const char *content = slurp(argv[2]);
    return fputs(content ? content : name_of(errno), stdout), content == NULL;
  }
  if (!strcmp(verb, "stat")) return show_stat(argv[2]), 0;
  if (!strcmp(verb, "ls")) return list(argv[2]);
  if (!strcmp(verb, "ioctl")) {
    char byte = 'x';
    return puts(name_of(ioctl(0, strtoul(argv[2], NULL, 0), &byte) < 0 ? errno : 0)), 0;
  }
  if (!strcmp(verb, "clock")) {
    struct timespec monotonic, boot;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return printf("{\"monotonic\":%ld,\"boottime\":%ld}\n", (long)monotonic.tv_sec, (long)boot.tv_sec), 0;
  }
  if (!strcmp(verb, "unshare")) return puts(name_of(unshare((int)strtol(argv[2], NULL, 0)) < 0 ? errno : 0)), 0;
  if (!strcmp(verb, "orphans")) {
    for (int i = 0; i < atoi(argv[2]); i++) {
      pid_t child = fork();
      if (child == 0) {
        if (fork() == 0) _exit(0);
        _exit(0);
      }
      waitpid(child, NULL, 0);
    }
    for (int tries = 0; tries < 100 && count_zombies(); tries++) usleep(20000);
    return printf("%d\n", count_zombies()), 0;
  }
  if (!strcmp(verb, "args")) {
    for (int i = 2; i < argc; i++) puts(argv[i]);
    return 0;
  }
  if (!strcmp(verb, "open")) return puts(name_of(open_error(argv[2], O_WRONLY))), 0;
  if (!strcmp(verb, "kill")) return puts(name_of(kill(atoi(argv[2]), atoi(argv[3])) < 0 ? errno : 0)), 0;
  if (!strcmp(verb, "peek")) return peek(argv[2]), 0;
  if (!strcmp(verb, "exes")) return try_every_exe(), 0;
  if (!strcmp(verb, "key")) return puts(name_of(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", argv[2], 0) < 0 ? errno : 0)), 0;
  fprintf(stderr, "probe: %s?\n", verb);
  return 2;
}
