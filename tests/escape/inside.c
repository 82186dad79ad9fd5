/* SPDX-License-Identifier: MIT
 * The payload of the escape examination. It tries to get out, each probe in a process of its own,
 * and prints a line for each:
 *   NAME held DETAIL      refused, or nothing of the host was there
 *   NAME escaped DETAIL   a right, a sight or a part of the kernel that the sandbox should withhold
 *   NAME absent DETAIL    not there: the judge knows whether this kernel has it at all
 *   NAME host DETAIL      done, for the judge to look at the host
 *   NAME broken DETAIL    no verdict: a fault of the probe
 * Every probe is harmless where it is let through: arguments are wrong in a way that the kernel
 * finds after it has looked at the caller's rights, and files of the kernel are opened, not written.
 * A few do what they say (signals, mounts, the host's name); it refuses to run on a real machine.
 *   inside KEY=VALUE … [WORD …]   the facts that the judge knows; words choose probes by name
 *   inside rights                 exits with 1 for another effective user, 2 for capabilities
 *   inside pause                  waits to be killed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

struct probe {
  const char *name;
  void (*run)(const struct probe *);
  const char *text;
  long number;
  long arg[6];
};

static const char *current;  /* the name of the probe that runs */
static char **arguments;
static char status[1 << 14]; /* /proc/self/status as the sandbox handed it over */
static char buffer[1 << 17];
static char path[4096];

/* The one handler of a signal ends here as well, whatever it interrupted. */
static _Noreturn void say(const char *verdict, const char *format, ...) {
  static char line[8192];
  va_list list;
  // NOLINTBEGIN(bugprone-signal-handler): see above
  va_start(list, format);
  int have = snprintf(line, sizeof line, "%s %s ", current, verdict);
  have += vsnprintf(line + have, sizeof line - (size_t)have - 1, format, list);
  va_end(list);
  // NOLINTEND(bugprone-signal-handler)
  if (have > (int)sizeof line - 2) have = (int)sizeof line - 2;
  for (int i = 0; i < have; i++)
    if (line[i] == '\n') line[i] = ' ';
  line[have] = '\n';
  _exit(write(1, line, (size_t)have + 1) < 0);
}
#define held(...) say("held", __VA_ARGS__)
#define escaped(...) say("escaped", __VA_ARGS__)
#define absent(...) say("absent", __VA_ARGS__)

static const char *error(void) { return strerrorname_np(errno) ? strerrorname_np(errno) : "?"; }

/* What an attempt came to: any error holds. */
static _Noreturn void attempted(long result, const char *what) {
  if (result >= 0) escaped("%s", what);
  switch (errno) {
    case ENOENT: case ENOSYS: case ENODEV: case ENXIO: case ENOTDIR: case EAFNOSUPPORT: case EPROTONOSUPPORT: case ESOCKTNOSUPPORT: absent("%s", error());
  }
  held("%s", error());
}

/* What a call with wrong arguments came to: only a refusal holds, other errors come from behind it. */
static _Noreturn void refused(long result) {
  if (result >= 0) escaped("answered %ld", result);
  if (errno == ENOSYS) absent("%s", error());
  if (errno == EPERM || errno == EACCES || errno == ESRCH) held("%s", error());
  escaped("the call was carried out: %s", error());
}

static const char *fact(const char *key) {
  size_t length = strlen(key);
  for (char **each = arguments; *each; each++)
    if (!strncmp(*each, key, length) && (*each)[length] == '=') return *each + length + 1;
  return "";
}
static long number(const char *key) { return strtol(fact(key), NULL, 10); }
static const char *below(const char *key, const char *name) {
  snprintf(path, sizeof path, "%s/%s", fact(key), name);
  return path;
}

static const char *slurp(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  size_t have = 0;
  ssize_t n;
  if (fd < 0) return NULL;
  while (have < sizeof buffer - 1 && (n = read(fd, buffer + have, sizeof buffer - 1 - have)) > 0) have += (size_t)n;
  close(fd);
  for (size_t i = 0; i < have; i++)
    if (!buffer[i]) buffer[i] = '\n';
  buffer[have] = 0;
  return buffer;
}

/* Whether a file holds what only the host's own files hold. */
static int stolen(int folder, const char *name) {
  const char *content = slurp(folder, name);
  return content && *fact("token") && strstr(content, fact("token"));
}

/* The next process that /proc shows, as text; NULL after the last. */
static const char *next_process(DIR *proc) {
  for (struct dirent *entry; proc && (entry = readdir(proc));)
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') return entry->d_name;
  return NULL;
}

/* ---- generic probes: one row of the table each ---- */

/* Arguments of a call that are known only now: the judge's process outside, a file and its descriptor. */
enum { VICTIM = 0x71c7134, OWN_FILE, OWN_DESCRIPTOR };
static const char *own_file;
static int own_descriptor;

static long make_call(const struct probe *p) {
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = p->arg[i] == VICTIM ? number("victim") : p->arg[i] == OWN_FILE ? (long)own_file : p->arg[i] == OWN_DESCRIPTOR ? own_descriptor : p->arg[i];
  setsid(); /* vhangup hangs up the controlling terminal */
  return syscall(p->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
static void call(const struct probe *p) { refused(make_call(p)); }
static void attempt(const struct probe *p) { attempted(make_call(p), "done"); }

static void open_path(const struct probe *p) {
  struct stat info;
  int fd = open(p->text, (int)p->number | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || fstat(fd, &info) < 0) attempted(-1, "");
  if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3)) held("masked by the null device");
  if (S_ISDIR(info.st_mode)) {
    DIR *folder = fdopendir(fd);
    for (struct dirent *entry; (entry = readdir(folder));)
      if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) escaped("shows %s", entry->d_name);
    held("an empty folder");
  }
  if (S_ISREG(info.st_mode) && p->number == O_RDONLY) {
    ssize_t n = read(fd, buffer, 1);
    if (n == 0) held("empty");
    if (n < 0 && (errno == EPERM || errno == EACCES)) held("%s", error());
  }
  escaped("opened");
}

/* The first regular file below a folder that may be written; processes have their own rules. */
static const char *writable;
static int visit(const char *name, const struct stat *info, int kind, struct FTW *where) {
  if (where->level == 1 && !strncmp(name, "/proc/", 6) && ((name[6] >= '0' && name[6] <= '9') || !strcmp(name, "/proc/sys"))) return FTW_SKIP_SUBTREE;
  if (kind != FTW_F || !S_ISREG(info->st_mode) || access(name, W_OK) < 0) return FTW_CONTINUE;
  writable = strdup(name);
  return FTW_STOP;
}
static void writable_tree(const struct probe *p) {
  if (nftw(p->text, visit, 32, FTW_PHYS | FTW_ACTIONRETVAL) < 0) attempted(-1, "");
  if (writable) escaped("%s can be written", writable);
  held("nothing can be written");
}

static void socket_of(const struct probe *p) { attempted(socket((int)p->arg[0], (int)p->arg[1] | SOCK_CLOEXEC, (int)p->arg[2]), "a socket was made"); }

/* text is FILE:NEEDLE; the needle is a fact, or after '=' itself. */
static void text_in(const struct probe *p) {
  char file[128];
  const char *needle = strchr(p->text, ':') + 1;
  snprintf(file, sizeof file, "%.*s", (int)(needle - p->text - 1), p->text);
  needle = *needle == '=' ? needle + 1 : fact(needle);
  const char *content = slurp(AT_FDCWD, file);
  if (!content) attempted(-1, "");
  if (*needle && strstr(content, needle)) escaped("%s holds '%s'", file, needle);
  held("not in it");
}

/* text is FIELD=VALUE of /proc/self/status. */
static void field(const struct probe *p) {
  char key[64], value[256];
  const char *wanted = strchr(p->text, '=') + 1;
  snprintf(key, sizeof key, "\n%.*s:\t", (int)(wanted - p->text - 1), p->text);
  const char *at = strstr(status, key);
  if (!at) absent("no such field");
  at += strlen(key);
  size_t length = strcspn(at, "\n");
  while (length && at[length - 1] == ' ') length--;
  snprintf(value, sizeof value, "%.*s", (int)length, at);
  if (strcmp(value, wanted)) escaped("'%s' and not '%s'", value, wanted);
  held("%s", value);
}

static void number_is(long got, long wanted) {
  if (got != wanted) escaped("%ld and not %ld", got, wanted);
  held("%ld", got);
}

static void clone_with(const struct probe *p) {
  long child = syscall(SYS_clone, p->number | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  attempted(child, "a process in a new namespace");
}

static void clone3_with(const struct probe *p) {
  struct clone_args clone = {.flags = (unsigned long)p->number, .exit_signal = SIGCHLD};
  long child = syscall(SYS_clone3, &clone, sizeof clone);
  if (child == 0) _exit(0);
  attempted(child, "a process in a new namespace");
}

/* Enters a namespace of any other process. */
static void enter(const struct probe *p) {
  char own[64] = "", other[64];
  DIR *proc = opendir("/proc");
  int seen = 0;
  snprintf(path, sizeof path, "/proc/self/ns/%s", p->text);
  if (readlink(path, own, sizeof own - 1) < 0) attempted(-1, "");
  for (const char *pid; (pid = next_process(proc));) {
    memset(other, 0, sizeof other);
    snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, p->text);
    if (readlink(path, other, sizeof other - 1) < 0 || !strcmp(own, other)) continue;
    seen++;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && setns(fd, 0) == 0) escaped("entered %s of process %s", other, pid);
  }
  held("%d others seen", seen);
}

/* Gives a file the setuid or setgid bit; one that is there already, or (text "new") one that the call makes. */
static void set_bits(const struct probe *p) {
  struct stat info;
  own_file = below("rw", p->name);
  umask(0);
  if (!p->text && (own_descriptor = open(own_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0755)) < 0) say("broken", "%s: %s", own_file, error());
  if (make_call(p) < 0) attempted(-1, "");
  if (stat(own_file, &info) < 0) say("broken", "stat: %s", error());
  if (info.st_mode & 06000) escaped("mode %04o", info.st_mode & 07777);
  held("mode %04o", info.st_mode & 07777);
}

/* Runs this program from a file that should give it rights. */
static void gains(const struct probe *p) {
  char file[4096];
  int end;
  snprintf(file, sizeof file, "%s", p->text[0] == '/' ? p->text : below("rw", p->text));
  pid_t child = fork();
  if (child == 0) {
    execl(file, "inside", "rights", NULL);
    _exit(errno == ENOENT ? 99 : 98);
  }
  if (waitpid(child, &end, 0) < 0 || !WIFEXITED(end)) say("broken", "it ended with %d", end);
  if (WEXITSTATUS(end) == 99) absent("ENOENT");
  if (WEXITSTATUS(end) == 98) held("not executed");
  if (WEXITSTATUS(end)) escaped("it had %s%s", WEXITSTATUS(end) & 1 ? "another user's rights " : "", WEXITSTATUS(end) & 2 ? "capabilities" : "");
  held("no more rights");
}

static int rights(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {0};
  syscall(SYS_capget, &header, data);
  return (getuid() != geteuid() || getgid() != getegid()) | ((data[0].permitted | data[1].permitted) ? 2 : 0);
}

/* ---- files ---- */

static void canary(const struct probe *p) {
  if (p->number && chdir(fact("rw")) < 0) say("broken", "chdir: %s", error());
  snprintf(path, sizeof path, "%s%s", p->text, fact("canary"));
  if (stolen(AT_FDCWD, path)) escaped("%s was read", path);
  held("%s", error());
}

/* /proc/PID/root and /proc/PID/cwd of every process. */
static void through_processes(const struct probe *p) {
  DIR *proc = opendir("/proc");
  int seen = 0;
  for (const char *pid; (pid = next_process(proc)); seen++) {
    snprintf(path, sizeof path, "/proc/%s/%s%s", pid, p->text, strcmp(p->text, "cwd") ? fact("canary") : "/canary");
    if (stolen(AT_FDCWD, path)) escaped("%s was read", path);
  }
  held("%d processes", seen);
}

static void through_descriptors(const struct probe *p) {
  DIR *proc = opendir("/proc");
  int seen = 0;
  (void)p;
  for (const char *pid; (pid = next_process(proc));) {
    char folder[300], *name = path;
    snprintf(folder, sizeof folder, "/proc/%s/fd", pid);
    DIR *table = opendir(folder);
    for (struct dirent *entry; table && (entry = readdir(table)); seen++) {
      snprintf(name, sizeof path, "%s/%s", folder, entry->d_name);
      struct stat info;
      if (stat(name, &info) == 0 && S_ISREG(info.st_mode) && stolen(AT_FDCWD, name)) escaped("%s was read", name);
    }
    if (table) closedir(table);
  }
  held("%d descriptors", seen);
}

static void descriptors(const struct probe *p) {
  int count = 0, first = -1;
  (void)p;
  for (int fd = 3; fd < 4096; fd++)
    if (fcntl(fd, F_GETFD) >= 0 && count++ == 0) first = fd;
  if (count) escaped("%d beside 0, 1 and 2, from %d on", count, first);
  held("0, 1, 2");
}

static void by_descriptor(const struct probe *p) {
  for (int fd = 3; fd < 4096; fd++) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    if (p->number && fchdir(fd) == 0 && (stolen(AT_FDCWD, "canary") || stolen(AT_FDCWD, "../vault/canary"))) escaped("fchdir(%d) led to it", fd);
    if (p->number) continue;
    ssize_t n = pread(fd, buffer, sizeof buffer - 1, 0);
    if (n > 0 && (buffer[n] = 0, strstr(buffer, fact("token")))) escaped("descriptor %d was read", fd);
  }
  held("none leads there");
}

/* The "shocker" of early Docker: a handle needs no path. */
static void file_handle(const struct probe *p) {
  union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } at = {0};
  const char *hex = fact("handle");
  (void)p;
  if (!*hex) absent("the file system has no handles");
  at.handle.handle_type = (int)number("handle_type");
  for (; hex[0] && hex[1] && at.handle.handle_bytes < MAX_HANDLE_SZ; hex += 2) {
    char digits[3] = {hex[0], hex[1], 0};
    at.handle.f_handle[at.handle.handle_bytes++] = (unsigned char)strtoul(digits, NULL, 16);
  }
  int mount = open(fact("rw"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int fd = open_by_handle_at(mount, &at.handle, O_RDONLY | O_CLOEXEC);
  if (fd < 0) attempted(-1, "");
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  escaped(stolen(AT_FDCWD, path) ? "the canary was read" : "a file was opened");
}

/* The host's tree below any mount point or a usual name of the old root. */
static void old_root(const struct probe *p) {
  static const char *const names[] = {"/oldroot", "/old_root", "/.old_root", "/put_old", "/.pivot_root", "/mnt", "/run/host", NULL};
  static char table[1 << 17];
  int seen = 0;
  (void)p;
  for (int i = 0; names[i]; i++) {
    snprintf(path, sizeof path, "%s%s", names[i], fact("canary"));
    if (stolen(AT_FDCWD, path)) escaped("%s was read", path);
  }
  const char *content = slurp(AT_FDCWD, "/proc/self/mountinfo");
  snprintf(table, sizeof table, "%s", content ? content : "");
  for (char *rest = table, *line; (line = strsep(&rest, "\n"));) {
    char point[2048];
    if (sscanf(line, "%*s %*s %*s %*s %2047s", point) != 1) continue;
    seen++;
    snprintf(path, sizeof path, "%s%s", strcmp(point, "/") ? point : "", fact("canary"));
    if (stolen(AT_FDCWD, path)) escaped("%s was read", path);
  }
  held("%d mounts", seen);
}

static void climb_out_of_chroot(const struct probe *p) {
  int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  (void)p;
  if (chroot(fact("rw")) < 0) refused(-1);
  if (fchdir(root) == 0)
    for (int i = 0; i < 64; i++)
      if (chdir("..") < 0) break;
  escaped(stolen(AT_FDCWD, fact("canary") + 1) ? "the canary was read" : "chroot was allowed");
}

static void planted(const struct probe *p) {
  if (stolen(AT_FDCWD, below("rw", p->text))) escaped("%s was read", path);
  held("%s", error());
}

static void hard_link(const struct probe *p) {
  char from[4096];
  (void)p;
  snprintf(from, sizeof from, "%s", below("ro", "file"));
  attempted(link(from, below("rw", "hard-link")), "a read-only file has a writable name");
}

static void write_to(const struct probe *p) {
  int fd = open(below("ro", p->text), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) attempted(-1, "");
  attempted(write(fd, "x", 1), "it was written to");
}

static void may_write(const struct probe *p) { attempted(access(p->text, W_OK), "it may be written to"); }

static void remount(const struct probe *p) {
  (void)p;
  refused(mount(NULL, fact("ro"), NULL, MS_REMOUNT | MS_BIND, NULL));
}

static void detach(const struct probe *p) {
  (void)p;
  refused(umount2(below("ro", "below"), UMOUNT_NOFOLLOW | MNT_EXPIRE)); /* the first call with MNT_EXPIRE only marks */
}

/* A mount of the sandbox' own, on a folder of the host's, and on a file that it may have taken from a
 * shared mount of the host's: there it would spread to the host. */
static void overmount(const struct probe *p) {
  char file[4096];
  const char *point = below("rw", "mount");
  (void)p;
  mkdir(point, 0755);
  long result = mount("none", point, "tmpfs", 0, NULL);
  snprintf(file, sizeof file, "%s", below("rw", "capable"));
  if (mount(file, "/dev/null", NULL, MS_BIND, NULL) == 0) result = 0;
  say("host", "%s", result < 0 ? error() : "mounted");
}

/* What keeps the host's settings safe must be who owns them, not only a read-only mount. */
static void uncovered(const struct probe *p) {
  mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
  umount2("/proc/sys", MNT_DETACH);
  open_path(p);
}

static void file_capability(const struct probe *p) {
  static const unsigned data[] = {0x02000001, 1 << CAP_NET_RAW, 0, 0, 0};
  const char *file = below("rw", "own-capable");
  (void)p;
  close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
  attempted(setxattr(file, "security.capability", data, sizeof data, 0), "the file has CAP_NET_RAW");
}

static void open_node(const struct probe *p) { attempted(open(below("rw", p->text), O_RDONLY | O_CLOEXEC), "the device was opened"); }
static void make_node(const struct probe *p) { attempted(mknod(below("rw", p->name), (mode_t)p->number | 0666, makedev((unsigned)p->arg[0], (unsigned)p->arg[1])), "the node was made"); }

/* The launcher's program, or any other, through the processes that run it. */
static void write_programs(const struct probe *p) {
  DIR *proc = opendir("/proc");
  int seen = 0;
  (void)p;
  for (const char *pid; (pid = next_process(proc)); seen++) {
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) escaped("%s can be written", path);
    struct statvfs mount; /* ETXTBSY comes before EROFS, and lasts until the program has ended */
    if (errno == ETXTBSY && statvfs(path, &mount) == 0 && !(mount.f_flag & ST_RDONLY)) escaped("%s can be written once it has ended", path);
  }
  held("%d processes", seen);
}

static void link_target(const struct probe *p) {
  char target[4096] = "";
  if (readlink(p->text, target, sizeof target - 1) < 0) attempted(-1, "");
  escaped("it is %s", target);
}

/* ---- processes ---- */

static void host_pid(const struct probe *p) {
  char title[300];
  DIR *proc = opendir("/proc");
  int seen = 0;
  (void)p;
  if (kill((pid_t)number("victim"), 0) == 0 || errno == EPERM) escaped("process %ld can be named", number("victim"));
  for (const char *pid; (pid = next_process(proc)); seen++) {
    snprintf(title, sizeof title, "/proc/%s/cmdline", pid);
    const char *line = slurp(AT_FDCWD, title);
    if (line && strstr(line, "inside\npause\n")) escaped("%s is a process of the host", title);
  }
  held("%d processes seen", seen);
}

static void read_memory(const struct probe *p) {
  struct iovec local = {buffer, 8}, remote = {(void *)0x400000, 8};
  (void)p;
  refused(process_vm_readv((pid_t)(p->number ? number("victim") : 1), &local, 1, &remote, 1, 0));
}

static void steal_descriptor(const struct probe *p) {
  int process = (int)syscall(SYS_pidfd_open, p->number ? number("victim") : 1, 0);
  if (process < 0 && errno == EINVAL) held("no such process");
  if (process < 0) refused(-1);
  refused(syscall(SYS_pidfd_getfd, process, 0, 0));
}

static void advise(const struct probe *p) {
  struct iovec range = {(void *)0x400000, 4096};
  int process = (int)syscall(SYS_pidfd_open, number("victim"), 0);
  (void)p;
  if (process < 0 && errno == EINVAL) held("no such process");
  if (process < 0) refused(-1);
  refused(syscall(SYS_process_madvise, process, &range, 1, 20 /* MADV_COLD */, 0));
}

/* A handler after '|' gets the core of any crash unless the limit is 1 (core(5)); it must not be called in vain. */
static void core_dump(const struct probe *p) {
  struct rlimit limit;
  int end;
  (void)p;
  getrlimit(RLIMIT_CORE, &limit);
  const char *pattern = slurp(AT_FDCWD, "/proc/sys/kernel/core_pattern");
  if (pattern && *pattern == '|' && limit.rlim_cur != 1) escaped("the host's handler takes it: %.60s", pattern);
  pid_t child = fork();
  if (child == 0) {
    if (chdir(fact("rw")) < 0) _exit(1);
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  }
  if (waitpid(child, &end, 0) < 0 || !WIFSIGNALED(end)) say("broken", "it ended with %d", end);
  if (WCOREDUMP(end)) escaped("a core was written");
  held("no core");
}

static void orphan(const struct probe *p) {
  (void)p;
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      close_range(0, ~0U, 0);
      sleep(60);
    }
    _exit(0);
  }
  say("host", "left behind");
}

static void signal_to(const struct probe *p) { say("host", "%s", kill((pid_t)p->number, SIGUSR1) < 0 ? error() : "sent"); }

/* ---- privileges ---- */

static void securebits(const struct probe *p) {
  (void)p;
  number_is(prctl(PR_GET_SECUREBITS) & 057, 057); /* NOROOT and NO_SETUID_FIXUP, these and KEEP_CAPS locked */
}

static void raise_capability(const struct probe *p) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{1 << CAP_NET_RAW, 1 << CAP_NET_RAW, 1 << CAP_NET_RAW}, {0, 0, 0}};
  (void)p;
  attempted(syscall(SYS_capset, &header, data), "CAP_NET_RAW was taken");
}

static void become(const struct probe *p) {
  static const gid_t other[] = {61299};
  attempted(p->number == SYS_setgroups ? syscall(SYS_setgroups, 1, other) : syscall(p->number, other[0], other[0], other[0]), "done");
}

static void nested_capabilities(const struct probe *p) {
  (void)p;
  if (unshare(CLONE_NEWUSER) < 0) attempted(-1, "");
  if (rights() & 2) escaped("all of them in a new user namespace");
  held("none in it");
}

static void set_hostname(const struct probe *p) {
  (void)p;
  say("host", "%s", sethostname("escaped", 7) < 0 ? error() : "done");
}

static void key_search(const struct probe *p) {
  (void)p;
  attempted(syscall(SYS_keyctl, 10 /* KEYCTL_SEARCH */, -3 /* the session's keyring */, "user", fact("key"), 0), "the caller's key was found");
}

static void perf_event(const struct probe *p) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1, .exclude_hv = 1};
  (void)p;
  refused(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

#ifdef __x86_64__
static void on_fault(int signal) {
  (void)signal;
  absent("no i386 calls");
}
static void i386_keyctl(const struct probe *p) {
  long result;
  (void)p;
  signal(SIGSEGV, on_fault);
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(288), "b"(0), "c"(-3), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  if (result < 0 && result > -4096) errno = (int)-result, result = -1;
  refused(result);
}
#endif

/* Numbers that no kernel has yet: a filter that answers anything else than ENOSYS to them breaks the
 * fallbacks of the C library, one that lets them through is a list of what is forbidden. */
static void unknown_calls(const struct probe *p) {
  for (long nr = p->arg[0]; nr < p->arg[1]; nr++)
    if (syscall(nr, -1, -1, -1, -1, -1, -1) >= 0 || errno != ENOSYS) escaped("number %ld: %s", nr, error());
  held("ENOSYS");
}

/* ---- terminal ---- */

static void terminal_request(const struct probe *p) {
  char byte = (char)p->arg[0];
  errno = 0;
  long result = syscall(SYS_ioctl, 0, p->number, &byte);
  if (result < 0 && errno == EIO) absent("EIO: dev.tty.legacy_tiocsti is off");
  refused(result);
}

static void foreground(const struct probe *p) {
  (void)p;
  attempted(tcsetpgrp(0, getpgrp()), "the terminal's foreground group was set");
}

/* ---- network ---- */

static void connect_abstract(const struct probe *p) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t length = strlen(fact("abstract"));
  (void)p;
  memcpy(at.sun_path + 1, fact("abstract"), length);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  attempted(connect(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)), "connected");
}

static void connect_tcp(const struct probe *p) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)number("port"))};
  inet_pton(AF_INET, *p->text ? p->text : fact("address"), &at.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  attempted(connect(fd, (struct sockaddr *)&at, sizeof at), "connected");
}

static void interfaces(const struct probe *p) {
  struct ifaddrs *list = NULL;
  char text[64];
  int seen = 0;
  if (getifaddrs(&list) < 0) attempted(-1, "");
  for (struct ifaddrs *each = list; each; each = each->ifa_next, seen++) {
    snprintf(text, sizeof text, "%s", each->ifa_name);
    if (p->number && (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || !inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)each->ifa_addr)->sin_addr, text, sizeof text))) continue;
    if (!strcmp(text, fact(p->text))) escaped("%s is seen", text);
  }
  if (!*fact(p->text)) absent("the host has none");
  held("%d entries", seen);
}

/* ---- System V and POSIX objects ---- */

static void sysv(const struct probe *p) {
  key_t key = (key_t)number("ipc_key");
  attempted(p->number == 0 ? shmget(key, 0, 0) : p->number == 1 ? msgget(key, 0) : semget(key, 0, 0), "found");
}
static void message_queue(const struct probe *p) {
  (void)p;
  attempted(mq_open(fact("mqueue"), O_RDONLY | O_CLOEXEC), "opened");
}
static void shared_memory(const struct probe *p) {
  snprintf(path, sizeof path, "/dev/shm/%s", p->text);
  if (stolen(AT_FDCWD, path)) escaped("read");
  held("%s", error());
}
static void leave_ipc(const struct probe *p) {
  (void)p;
  int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  mq_open("/escape-left", O_CREAT | O_RDWR, 0600, NULL);
  say("host", "shared memory %s", memory < 0 ? error() : "made");
}

/* ---- what is inherited ---- */

static void current_folder(const struct probe *p) {
  (void)p;
  if (!getcwd(path, sizeof path)) escaped("%s", error());
  if (strncmp(path, "(unreachable)", 13) == 0 || strstr(path, "vault")) escaped("%s", path);
  held("%s", path);
}

static void core_limit(const struct probe *p) {
  struct rlimit limit;
  (void)p;
  getrlimit(RLIMIT_CORE, &limit);
  if (limit.rlim_max > 1) escaped("up to %ld", (long)limit.rlim_max);
  held("%ld", (long)limit.rlim_max);
}

static void timer_slack(const struct probe *p) {
  (void)p;
  number_is(prctl(PR_GET_TIMERSLACK), 50000);
}

static void personality_is(const struct probe *p) {
  const char *text = slurp(AT_FDCWD, "/proc/self/personality");
  (void)p;
  if (!text) attempted(-1, "");
  number_is(strtol(text, NULL, 16), 0);  // cppcheck-suppress nullPointerRedundantCheck ; `attempted` does not return
}

static void cgroup_path(const struct probe *p) {
  const char *text = slurp(AT_FDCWD, "/proc/self/cgroup");
  (void)p;
  if (!text) attempted(-1, "");
  for (char *rest = (char *)text, *line; (line = strsep(&rest, "\n"));) {
    size_t length = strlen(line);
    if (length && (length < 2 || strcmp(line + length - 2, ":/"))) escaped("%s", line);
  }
  held("/");
}

static void environment(const struct probe *p) {
  (void)p;
  for (char **each = environ; *each; each++)
    if (strstr(*each, fact("token"))) escaped("%s", *each);
  held("not in it");
}

/* ---- the table ---- */

static struct timezone wrong_zone = {100000, 0};
static struct timex wrong_tick = {.modes = ADJ_TICK, .tick = 1};
static struct open_how setuid_how = {.flags = O_CREAT | O_WRONLY | O_CLOEXEC, .mode = 06755};
static char zeros[512];
static char got[512];
static unsigned long readonly_attr[4] = {MOUNT_ATTR_RDONLY, 0, 0, 0};

#define CALL(name, nr, ...) {name, call, NULL, nr, {__VA_ARGS__}}
#define TRY(name, nr, ...) {name, attempt, NULL, nr, {__VA_ARGS__}}
#define OPEN(name, file, flags) {name, open_path, file, flags, {0}}
#define SOCKET(name, ...) {name, socket_of, NULL, 0, {__VA_ARGS__}}
#define TEXT(name, where) {name, text_in, where, 0, {0}}
#define FIELD(name, value) {name, field, value, 0, {0}}
#define BITS(name, text, nr, ...) {name, set_bits, text, nr, {__VA_ARGS__}}
#define DO(name, ...) {name, __VA_ARGS__}

static const struct probe probes[] = {
    DO("files.canary", canary, ""),
    DO("files.dotdot", canary, "../../../../../../../../../../../..", 1),
    DO("files.root_of_init", canary, "/proc/1/root"),
    DO("files.root_of_thread", canary, "/proc/thread-self/root"),
    DO("files.root_of_processes", through_processes, "root"),
    DO("files.cwd_of_processes", through_processes, "cwd"),
    DO("files.descriptors_of_processes", through_descriptors),
    DO("files.inherited_descriptors", descriptors),
    DO("files.read_inherited", by_descriptor),
    DO("files.fchdir_inherited", by_descriptor, NULL, 1),
    DO("files.open_by_handle", file_handle),
    DO("files.old_root", old_root),
    DO("files.chroot", climb_out_of_chroot),
    DO("files.planted_link", planted, "link"),
    DO("files.planted_dotdot", planted, "up"),
    DO("files.hard_link", hard_link),
    DO("files.group_denied", planted, "denied"),
    OPEN("files.passwd", "/etc/passwd", O_RDONLY),
    OPEN("files.home", "/root", O_RDONLY),
    OPEN("files.var", "/var/lib", O_RDONLY),
    OPEN("files.run", "/run", O_RDONLY),
    DO("files.readonly_bind", write_to, "file"),
    DO("files.readonly_submount", write_to, "below/file"),
    DO("files.readonly_usr", may_write, "/usr"),
    DO("files.readonly_program", may_write, "/proc/self/exe"),
    DO("files.write_programs", write_programs),
    DO("files.remount_readonly", remount),
    DO("files.unmount_submount", detach),
#ifdef SYS_open /* not on newer architectures */
    BITS("files.chmod_setuid", NULL, SYS_chmod, OWN_FILE, 04755),
    BITS("files.chmod_setgid", NULL, SYS_chmod, OWN_FILE, 02755),
    BITS("files.open_setuid", "new", SYS_open, OWN_FILE, O_CREAT | O_WRONLY, 06755),
    BITS("files.creat_setuid", "new", SYS_creat, OWN_FILE, 06755),
    BITS("files.mknod_setuid", "new", SYS_mknod, OWN_FILE, S_IFREG | 06755, 0),
#endif
    BITS("files.fchmod_setuid", NULL, SYS_fchmod, OWN_DESCRIPTOR, 04755),
    BITS("files.fchmodat_setuid", NULL, SYS_fchmodat, AT_FDCWD, OWN_FILE, 04755),
    BITS("files.fchmodat2_setuid", NULL, 452, AT_FDCWD, OWN_FILE, 04755, 0),
    BITS("files.openat_setuid", "new", SYS_openat, AT_FDCWD, OWN_FILE, O_CREAT | O_WRONLY, 06755),
    BITS("files.openat2_setuid", "new", SYS_openat2, AT_FDCWD, OWN_FILE, (long)&setuid_how, sizeof setuid_how),
    BITS("files.mknodat_setuid", "new", SYS_mknodat, AT_FDCWD, OWN_FILE, S_IFREG | 06755, 0),
    DO("files.set_capability", file_capability),
    DO("files.planted_setuid", gains, "helper"),
    DO("files.planted_capability", gains, "capable"),
    DO("files.planted_device", open_node, "node"),
    DO("files.mknod_char", make_node, NULL, S_IFCHR, {1, 5}),
    DO("files.mknod_block", make_node, NULL, S_IFBLK, {7, 200}),
    OPEN("files.dev_mem", "/dev/mem", O_RDONLY),
    OPEN("files.dev_kmsg", "/dev/kmsg", O_RDONLY),
    OPEN("files.dev_port", "/dev/port", O_RDONLY),
    OPEN("files.dev_fuse", "/dev/fuse", O_RDWR),
    OPEN("files.dev_kvm", "/dev/kvm", O_RDWR),
    OPEN("files.dev_loop", "/dev/loop-control", O_RDWR),
    OPEN("files.dev_tun", "/dev/net/tun", O_RDWR),
    OPEN("files.dev_vt", "/dev/tty0", O_RDONLY),
    OPEN("files.kcore", "/proc/kcore", O_RDONLY),
    OPEN("files.keys", "/proc/keys", O_RDONLY),
    OPEN("files.timer_list", "/proc/timer_list", O_RDONLY),
    OPEN("files.interrupts", "/proc/interrupts", O_RDONLY),
    OPEN("files.slabinfo", "/proc/slabinfo", O_RDONLY),
    OPEN("files.vmallocinfo", "/proc/vmallocinfo", O_RDONLY),
    OPEN("files.kpagecount", "/proc/kpagecount", O_RDONLY),
    OPEN("files.acpi", "/proc/acpi", O_RDONLY),
    OPEN("files.scsi", "/proc/scsi", O_RDONLY),
    OPEN("files.sysrq_trigger", "/proc/sysrq-trigger", O_WRONLY),
    OPEN("files.core_pattern", "/proc/sys/kernel/core_pattern", O_WRONLY),
    OPEN("files.modprobe", "/proc/sys/kernel/modprobe", O_WRONLY),
    OPEN("files.hostname", "/proc/sys/kernel/hostname", O_WRONLY),
    OPEN("files.ns_last_pid", "/proc/sys/kernel/ns_last_pid", O_WRONLY),
    OPEN("files.binfmt_register", "/proc/sys/fs/binfmt_misc/register", O_WRONLY),
    OPEN("files.userns_limit", "/proc/sys/user/max_user_namespaces", O_WRONLY),
    OPEN("files.ip_forward", "/proc/sys/net/ipv4/ip_forward", O_WRONLY),
    DO("files.proc_sys_tree", writable_tree, "/proc/sys"),
    DO("files.proc_tree", writable_tree, "/proc"),
    DO("files.sys_tree", writable_tree, "/sys"),
    OPEN("files.sys_firmware", "/sys/firmware", O_RDONLY),
    OPEN("files.sys_debug", "/sys/kernel/debug", O_RDONLY),
    OPEN("files.sys_tracing", "/sys/kernel/tracing", O_RDONLY),
    OPEN("files.sys_security", "/sys/kernel/security", O_RDONLY),
    OPEN("files.sys_powercap", "/sys/devices/virtual/powercap", O_RDONLY),
    OPEN("files.uevent_helper", "/sys/kernel/uevent_helper", O_WRONLY),
    OPEN("files.power_state", "/sys/power/state", O_WRONLY),
    OPEN("files.cgroup_procs", "/sys/fs/cgroup/cgroup.procs", O_WRONLY),
    OPEN("files.release_agent", "/sys/fs/cgroup/memory/release_agent", O_WRONLY),

    DO("processes.host_pid", host_pid),
    CALL("processes.ptrace_init", SYS_ptrace, PTRACE_SEIZE, 1),
    CALL("processes.ptrace_outside", SYS_ptrace, PTRACE_SEIZE, VICTIM),
    DO("processes.read_init", read_memory),
    DO("processes.read_outside", read_memory, NULL, 1),
    DO("processes.descriptor_of_init", steal_descriptor),
    DO("processes.descriptor_outside", steal_descriptor, NULL, 1),
    OPEN("processes.mem_of_init", "/proc/1/mem", O_RDWR),
    OPEN("processes.environ_of_init", "/proc/1/environ", O_RDONLY),
    OPEN("processes.maps_of_init", "/proc/1/maps", O_RDONLY),
    OPEN("processes.descriptors_of_init", "/proc/1/fd", O_RDONLY),
    DO("processes.program_of_init", link_target, "/proc/1/exe"),
    CALL("processes.prlimit_outside", SYS_prlimit64, VICTIM, RLIMIT_CORE, 0, (long)got),
    CALL("processes.priority_outside", SYS_setpriority, PRIO_PROCESS, VICTIM, 0),
    CALL("processes.affinity_outside", SYS_sched_getaffinity, VICTIM, sizeof got, (long)got),
    CALL("processes.scheduler_outside", SYS_sched_getscheduler, VICTIM),
    CALL("processes.ioprio_outside", SYS_ioprio_get, 1, VICTIM),
    CALL("processes.kcmp_outside", SYS_kcmp, VICTIM, VICTIM, 0, 0, 1),
    CALL("processes.kcmp_init", SYS_kcmp, 1, 1, 0, 0, 1),
    CALL("processes.migrate_pages_outside", SYS_migrate_pages, VICTIM, 0, 0, 0),
    CALL("processes.move_pages_outside", SYS_move_pages, VICTIM, 0, 0, 0, 0, 0),
    CALL("processes.session_outside", SYS_getsid, VICTIM),
    CALL("processes.robust_list_outside", SYS_get_robust_list, VICTIM, (long)got, (long)(got + 8)),
    DO("processes.madvise_outside", advise),
    DO("processes.enter_mnt", enter, "mnt"),
    DO("processes.enter_uts", enter, "uts"),
    DO("processes.enter_ipc", enter, "ipc"),
    DO("processes.enter_net", enter, "net"),
    DO("processes.enter_cgroup", enter, "cgroup"),
    DO("processes.enter_time", enter, "time"),
    DO("processes.core_dump", core_dump),
    DO("processes.orphan", orphan),

    FIELD("privileges.inheritable", "CapInh=0000000000000000"),
    FIELD("privileges.permitted", "CapPrm=0000000000000000"),
    FIELD("privileges.effective", "CapEff=0000000000000000"),
    FIELD("privileges.bounding", "CapBnd=0000000000000000"),
    FIELD("privileges.ambient", "CapAmb=0000000000000000"),
    FIELD("privileges.no_new_privs", "NoNewPrivs=1"),
    FIELD("privileges.seccomp", "Seccomp=2"),
    DO("privileges.securebits", securebits),
    DO("privileges.exec_as_root", gains, "/proc/self/exe"),
    DO("privileges.raise_capability", raise_capability),
    TRY("privileges.raise_ambient", SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0),
    DO("privileges.setresuid", become, NULL, SYS_setresuid),
    DO("privileges.setresgid", become, NULL, SYS_setresgid),
    DO("privileges.setgroups", become, NULL, SYS_setgroups),
    TRY("privileges.unshare_user", SYS_unshare, CLONE_NEWUSER),
    TRY("privileges.unshare_mount", SYS_unshare, CLONE_NEWNS),
    TRY("privileges.unshare_pid", SYS_unshare, CLONE_NEWPID),
    TRY("privileges.unshare_ipc", SYS_unshare, CLONE_NEWIPC),
    TRY("privileges.unshare_uts", SYS_unshare, CLONE_NEWUTS),
    TRY("privileges.unshare_net", SYS_unshare, CLONE_NEWNET),
    TRY("privileges.unshare_cgroup", SYS_unshare, CLONE_NEWCGROUP),
    TRY("privileges.unshare_time", SYS_unshare, CLONE_NEWTIME),
    DO("privileges.clone_user", clone_with, NULL, CLONE_NEWUSER),
    DO("privileges.clone_mount", clone_with, NULL, CLONE_NEWNS),
    DO("privileges.clone_pid", clone_with, NULL, CLONE_NEWPID),
    DO("privileges.clone_ipc", clone_with, NULL, CLONE_NEWIPC),
    DO("privileges.clone_uts", clone_with, NULL, CLONE_NEWUTS),
    DO("privileges.clone_net", clone_with, NULL, CLONE_NEWNET),
    DO("privileges.clone_cgroup", clone_with, NULL, CLONE_NEWCGROUP),
    DO("privileges.clone3_user", clone3_with, NULL, CLONE_NEWUSER),
    DO("privileges.clone3_user_net", clone3_with, NULL, CLONE_NEWUSER | CLONE_NEWNET),
    DO("privileges.nested_capabilities", nested_capabilities),

    CALL("kernel.mount", SYS_mount, (long)"none", (long)"/", (long)"nonesuch", 0, 0),
    CALL("kernel.umount", SYS_umount2, (long)"/usr/bin", UMOUNT_NOFOLLOW),
    CALL("kernel.pivot_root", SYS_pivot_root, (long)"/", (long)"/"),
    CALL("kernel.fsopen", SYS_fsopen, (long)"tmpfs", 0),
    CALL("kernel.fsopen_proc", SYS_fsopen, (long)"proc", 0),
    CALL("kernel.fsopen_overlay", SYS_fsopen, (long)"overlay", 0),
    CALL("kernel.fspick", SYS_fspick, AT_FDCWD, (long)"/", 0),
    CALL("kernel.fsconfig", SYS_fsconfig, 0, 0, (long)"x", 0, 0),
    CALL("kernel.fsmount", SYS_fsmount, -1, 0, 0),
    CALL("kernel.open_tree", SYS_open_tree, AT_FDCWD, (long)"/", 1 /* OPEN_TREE_CLONE */),
    CALL("kernel.open_tree_attr", 467, AT_FDCWD, (long)"/", 1, (long)readonly_attr, sizeof readonly_attr),
    CALL("kernel.move_mount", SYS_move_mount, -1, (long)"", -1, (long)"", 0),
    CALL("kernel.mount_setattr", SYS_mount_setattr, -1, (long)"", AT_EMPTY_PATH, (long)readonly_attr, sizeof readonly_attr),
    CALL("kernel.bpf", SYS_bpf, 15 /* BPF_OBJ_GET_INFO_BY_FD */, (long)zeros, 16),
    DO("kernel.perf_event_open", perf_event),
    CALL("kernel.userfaultfd", SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */),
    CALL("kernel.io_uring_setup", SYS_io_uring_setup, 1, (long)zeros),
    CALL("kernel.io_uring_enter", SYS_io_uring_enter, -1, 0, 0, 0, 0, 0),
    CALL("kernel.io_uring_register", SYS_io_uring_register, -1, 0, 0, 0),
    CALL("kernel.kexec_load", SYS_kexec_load, 0, 0, 0, 0xff),
    CALL("kernel.kexec_file_load", SYS_kexec_file_load, -1, -1, 0, 0, 0xff),
    CALL("kernel.init_module", SYS_init_module, 0, 0, (long)""),
    CALL("kernel.finit_module", SYS_finit_module, -1, (long)"", 0),
    CALL("kernel.delete_module", SYS_delete_module, 0, 0),
    CALL("kernel.reboot", SYS_reboot, 0, 0, 0, 0),
    CALL("kernel.swapon", SYS_swapon, (long)"/nonexistent", 0),
    CALL("kernel.swapoff", SYS_swapoff, (long)"/nonexistent"),
    CALL("kernel.settimeofday", SYS_settimeofday, 0, (long)&wrong_zone),
    CALL("kernel.adjtimex", SYS_adjtimex, (long)&wrong_tick),
    CALL("kernel.clock_adjtime", SYS_clock_adjtime, 0, (long)&wrong_tick),
    CALL("kernel.setdomainname", SYS_setdomainname, 0, -1),
    CALL("kernel.acct", SYS_acct, (long)"/nonexistent"),
    CALL("kernel.quotactl", SYS_quotactl, 0x800002L << 8, (long)"/nonexistent", 0, 0),
    CALL("kernel.quotactl_fd", SYS_quotactl_fd, -1, 0x800002L << 8, 0, 0),
    CALL("kernel.syslog", SYS_syslog, 3, (long)got, 100),
    CALL("kernel.fanotify", SYS_fanotify_init, 0, O_RDONLY),
    CALL("kernel.vhangup", SYS_vhangup, 0),
#ifdef __x86_64__
    CALL("kernel.lookup_dcookie", SYS_lookup_dcookie, 0, 0, 0),
    CALL("kernel.iopl", SYS_iopl, 3),
    CALL("kernel.ioperm", SYS_ioperm, 0x80, 1, 1),
    CALL("kernel.modify_ldt", SYS_modify_ldt, 0, (long)got, 0),
    CALL("kernel.x32", 0x40000000 | SYS_getpid),
    DO("kernel.i386_keyctl", i386_keyctl),
#endif
    CALL("kernel.personality", SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */),
    DO("kernel.key_of_caller", key_search),
    CALL("kernel.keyctl", SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0),
    CALL("kernel.add_key", SYS_add_key, (long)"user", (long)"escape", (long)"x", 1, -2 /* the process' keyring */),
    CALL("kernel.request_key", SYS_request_key, (long)"user", (long)"escape", 0, 0),
    DO("kernel.unknown_calls", unknown_calls, NULL, 0, {500, 1024}),

    DO("terminal.tiocsti", terminal_request, NULL, TIOCSTI, {'\n'}),
    DO("terminal.tiocsti_wide", terminal_request, NULL, TIOCSTI | 1L << 32, {'\n'}),
    DO("terminal.tioclinux", terminal_request, NULL, TIOCLINUX, {6 /* the state of the shift key */}),
    OPEN("terminal.controlling", "/dev/tty", O_RDWR),
    DO("terminal.foreground", foreground),

    DO("network.abstract_socket", connect_abstract),
    DO("network.loopback", connect_tcp, "127.0.0.1"),
    DO("network.address_of_host", connect_tcp, ""),
    DO("network.interfaces", interfaces, "interface"),
    DO("network.addresses", interfaces, "address", 1),
    TEXT("network.routes", "/proc/net/fib_trie:address"),
    TEXT("network.devices", "/proc/net/dev:interface"),
    TEXT("network.unix_table", "/proc/net/unix:abstract"),
    TEXT("network.tcp_table", "/proc/net/tcp:port_hex"),
    SOCKET("network.raw", AF_INET, SOCK_RAW, IPPROTO_RAW),
    SOCKET("network.raw6", AF_INET6, SOCK_RAW, IPPROTO_RAW),
    SOCKET("network.packet", AF_PACKET, SOCK_DGRAM, 0),
    SOCKET("network.vsock", AF_VSOCK, SOCK_STREAM, 0),
    SOCKET("network.alg", AF_ALG, SOCK_SEQPACKET, 0),
    SOCKET("network.key", AF_KEY, SOCK_RAW, 2),
    SOCKET("network.xdp", AF_XDP, SOCK_RAW, 0),
    SOCKET("network.bluetooth", AF_BLUETOOTH, SOCK_RAW, 1),
    SOCKET("network.tipc", AF_TIPC, SOCK_DGRAM, 0),
    SOCKET("network.can", AF_CAN, SOCK_RAW, 1),

    DO("ipc.shared_memory", sysv),
    DO("ipc.messages", sysv, NULL, 1),
    DO("ipc.semaphores", sysv, NULL, 2),
    DO("ipc.queue", message_queue),
    DO("ipc.dev_shm", shared_memory, "canary"),
    TEXT("ipc.table", "/proc/sysvipc/shm:ipc_key"),
    DO("ipc.left", leave_ipc),

    TEXT("inherited.hostname", "/proc/sys/kernel/hostname:hostname"),
    DO("inherited.environment", environment),
    TEXT("inherited.environment_file", "/proc/self/environ:token"),
    DO("inherited.cwd", current_folder),
    FIELD("inherited.groups", "Groups="),
    FIELD("inherited.umask", "Umask=0022"),
    FIELD("inherited.blocked_signals", "SigBlk=0000000000000000"),
    FIELD("inherited.ignored_signals", "SigIgn=0000000000000000"),
    DO("inherited.personality", personality_is),
    DO("inherited.core_limit", core_limit),
    DO("inherited.timer_slack", timer_slack),
    DO("inherited.cgroup_path", cgroup_path),
    TEXT("inherited.mounts", "/proc/self/mountinfo:vault"),
    TEXT("inherited.shared_mounts", "/proc/self/mountinfo:= shared:"),
    TEXT("inherited.slave_mounts", "/proc/self/mountinfo:= master:"),

    /* Last: where they get through, they change what others look at. */
    DO("files.mount_reaches_host", overmount),
    DO("files.uncovered_setting", uncovered, "/proc/sys/kernel/core_pattern", O_WRONLY),
    DO("privileges.sethostname", set_hostname),
    DO("processes.kill_group", signal_to, NULL, 0),
    DO("processes.kill_all", signal_to, NULL, -1),
};

static int chosen(const struct probe *p) {
  int words = 0;
  for (char **each = arguments; *each; each++) {
    if (strchr(*each, '=')) continue;
    words = 1;
    if (strstr(p->name, *each)) return 1;
  }
  return !words;
}

/* The first namespaces of a machine have numbers of their own (include/linux/proc_ns.h). */
static int on_a_real_machine(void) {
  char id[64] = "";
  if (readlink("/proc/self/ns/pid", id, sizeof id - 1) < 0 || !strcmp(id, "pid:[4026531836]")) return 1;
  memset(id, 0, sizeof id);
  return readlink("/proc/self/ns/uts", id, sizeof id - 1) < 0 || !strcmp(id, "uts:[4026531838]");
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "rights")) return rights();
  if (argc > 1 && !strcmp(argv[1], "pause")) return pause();
  arguments = argv + 1;
  if (!*fact("token")) return fputs("inside: the judge starts this; see examine.py\n", stderr), 2;
  if (on_a_real_machine()) return fputs("inside: not in the namespaces of a real machine\n", stderr), 3;
  const char *handed_over = slurp(AT_FDCWD, "/proc/self/status");
  if (handed_over) snprintf(status, sizeof status, "%s", handed_over);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGTTOU, SIG_IGN);
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
    int end;
    if (!chosen(&probes[i])) continue;
    current = probes[i].name;
    if (i + 1 == sizeof probes / sizeof *probes) puts("last"), fflush(stdout);  // it may end this process as well
    pid_t child = fork();
    if (child == 0) {
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, NULL);
      alarm(10);
      probes[i].run(&probes[i]);
      _exit(1);
    }
    while (waitpid(child, &end, 0) < 0)
      if (errno != EINTR) return 4;
    if (WIFSIGNALED(end)) printf("%s %s signal %d\n", current, WTERMSIG(end) == SIGSYS ? "held" : "broken", WTERMSIG(end));
    else if (WEXITSTATUS(end)) printf("%s broken exit %d\n", current, WEXITSTATUS(end));
    fflush(stdout);
  }
  return puts("end"), 0;
}
