// SPDX-License-Identifier: MIT
// The floor: a sandbox by the kernel calls that it needs and nothing else. No file is read, nothing is
// checked that can be left to the kernel, no memory is allocated. What another launcher takes beyond
// this is its own cost. The start of a static program of the C library is in it: tens of µs on a bare
// machine, and hundreds on a virtual one that has to answer each cpuid instruction for it.
//
//   floor CASE FOLDER PROGRAM
//
// minimal  user, mount and pid namespaces, the host's tree, a fresh /proc
// nonet    all namespaces but net and time; a tmpfs root with 8 read-only binds, /proc, a minimal
//          /dev and a tmpfs at /tmp; a host name
// full     nonet, and a net namespace whose loopback device is up
// manyN    nonet, and FOLDER/many/0 … N-1 bound read-only at /m/0 …
//
// The caller is 0 inside. The program has no capabilities, is process 1 and can gain no privileges.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const binds[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/var", "/opt"};
static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"}};
static const char *kind, *folder, *program;
static int many;
static uid_t uid;
static gid_t gid;
extern char **environ;

// The result of a call that must not fail.
static long must(long result, const char *what) {
  if (result < 0) {
    dprintf(2, "floor: %s: %s\n", what, strerror(errno));
    _exit(125);
  }
  return result;
}

static void put(const char *path, const char *text) {
  int file = must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(file, text, strlen(text)), path);
  close(file);
}

static void map_ids(void) {
  char line[32];
  put("/proc/self/setgroups", "deny");
  snprintf(line, sizeof line, "0 %u 1", uid);
  put("/proc/self/uid_map", line);
  snprintf(line, sizeof line, "0 %u 1", gid);
  put("/proc/self/gid_map", line);
}

// By descriptor, because the targets of the sandbox and the sources of the host are both in view here.
static void bind_to(const char *source, const char *target) {
  int tree = must(open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE), source);
  must(move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), target);
  close(tree);
}

static void bind_folder(const char *source, const char *target) {
  must(mkdir(target, 0755), target);
  bind_to(source, target);
}

static void make_dev(void) {
  char source[32];
  must(mkdir("dev", 0755), "dev");
  must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755"), "dev");
  for (unsigned i = 0; i < sizeof devices / sizeof *devices; ++i) {
    snprintf(source, sizeof source, "/dev/%s", devices[i]);
    must(mknod(source + 1, S_IFREG | 0666, 0), source);
    bind_to(source, source + 1);
  }
  for (unsigned i = 0; i < sizeof links / sizeof *links; ++i) must(symlink(links[i][0], links[i][1]), links[i][1]);
  must(mkdir("dev/shm", 01777), "dev/shm");
  must(mkdir("dev/pts", 0755), "dev/pts");
  must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"), "dev/pts");
}

static void make_root(void) {
  // What is mounted here is in nobody's way: /tmp is this mount namespace's own.
  must(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "root");
  must(chdir("/tmp"), "root");
  for (unsigned i = 0; i < sizeof binds / sizeof *binds; ++i) bind_folder(binds[i], binds[i] + 1);
  if (many) must(mkdir("m", 0755), "m");
  for (int i = 0; i < many; ++i) {
    char source[512], target[32];
    snprintf(source, sizeof source, "%s/many/%d", folder, i);
    snprintf(target, sizeof target, "m/%d", i);
    bind_folder(source, target);
  }
  // All binds become read-only by one call, before anything that is not is mounted.
  struct mount_attr shut = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, .propagation = MS_PRIVATE};
  struct mount_attr open = {.attr_clr = MOUNT_ATTR_RDONLY};
  must(mount_setattr(AT_FDCWD, ".", AT_RECURSIVE, &shut, sizeof shut), "mount_setattr");
  must(mount_setattr(AT_FDCWD, ".", 0, &open, sizeof open), "mount_setattr");
  must(mkdir("proc", 0755), "proc");
  must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
  make_dev();
  must(mkdir("tmp", 0755), "tmp");
  must(mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"), "tmp");
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount");
  must(chdir("/"), "/");
}

static void loopback_up(void) {
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int socket_ = must(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  must(ioctl(socket_, SIOCSIFFLAGS, &lo), "lo");
  close(socket_);
}

static void drop_rights(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  for (int each = 0; prctl(PR_CAPBSET_DROP, each, 0, 0, 0) == 0; ++each) {
  }
  must(syscall(SYS_capset, &header, none), "capset");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static int sandbox(void *unused) {
  (void)unused;
  map_ids();
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "/");
  if (!strcmp(kind, "minimal")) {
    must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
  } else {
    must(sethostname("bench", 5), "sethostname");
    if (!strcmp(kind, "full")) loopback_up();
    make_root();
  }
  drop_rights();
  char *words[] = {(char *)program, NULL};
  must(execve(program, words, environ), program);
  return 0;
}

int main(int count, char **words) {
  static char stack[65536] __attribute__((aligned(16)));
  if (count != 4) return 2;
  kind = words[1], folder = words[2], program = words[3];
  if (!strncmp(kind, "many", 4)) many = atoi(kind + 4);
  uid = getuid(), gid = getgid();
  int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
  if (strcmp(kind, "minimal")) flags |= CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
  if (!strcmp(kind, "full")) flags |= CLONE_NEWNET;
  // CLONE_VM spares the copy of the page tables, and CLONE_VFORK the scheduler a choice.
  int child = must(clone(sandbox, stack + sizeof stack, flags | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), "clone");
  int status;
  must(waitpid(child, &status, 0), "wait");
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
