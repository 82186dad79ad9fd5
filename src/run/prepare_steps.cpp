// SPDX-License-Identifier: MIT
// The launcher's steps before the clone: they can fail, and nothing is left behind.
#include <linux/loop.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "run/session.hpp"
#include "sys/mount.hpp"
#include "sys/namespace.hpp"
#include "sys/process.hpp"

namespace nsbox {

void Session::clean_up() {
  if (!kept) return;
  take_away(*kept);
  restore_terminal(*kept);
  if (keeper <= 0 || kill(keeper, SIGKILL) < 0) return;  // else it ends with this process
  while (waitpid(keeper, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

Outcome run(const MapReport&, Session& session) {
  const size_t need = sizeof(Page) + (session.plan.steps() + 1) * sizeof(uint64_t);
  session.page_size = (need + 4095) / 4096 * 4096;
  void* page = mmap(nullptr, session.page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return failed("mmap");
  session.child.page = static_cast<Page*>(page);
  session.child.page->times = reinterpret_cast<int64_t*>(session.child.page + 1);
  return done;
}

Outcome run(const OpenProc&, Session& session) {
  const int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return failed("openat");
  session.child.slot(Slot::proc) = fd;
  struct statfs type;
  struct stat info;
  if (fstatfs(fd, &type) < 0) return failed("fstatfs");
  if (fstat(fd, &info) < 0) return failed("newfstatat");
  return type.f_type == PROC_SUPER_MAGIC && info.st_ino == 1 ? done : failed("fstatfs", Why::not_procfs);
}

Outcome run(const TakeSignals&, Session& session) {
  // Which signals the caller ignores: the payload starts with none.
  char text[4096];
  const int fd = open_proc(session.child, "self/status", O_RDONLY);
  if (fd < 0) return failed("openat2");
  const ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return failed("read");
  text[n] = 0;
  const char* line = strstr(text, "SigIgn:\t");
  if (!line || !strchr(line, '\n')) return failed("read", Why::call, EIO);  // of a part of the file nothing is known
  session.child.ignored_signals = strtoull(line + 8, nullptr, 16);
  // With SIGCHLD ignored the kernel would throw the command's status away.
  if (session.child.ignored_signals >> (SIGCHLD - 1) & 1) signal(SIGCHLD, SIG_DFL);

  umask(0);
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&all, fault);
  if (sigprocmask(SIG_SETMASK, &all, nullptr) < 0) return failed("rt_sigprocmask");
  session.signals = Fd::adopt(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  return session.signals ? done : failed("signalfd4");
}

Outcome run(const OpenChannel&, Session& session) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return failed("socketpair");
  session.channel = Fd::adopt(pair[0]);
  session.child_channel = Fd::adopt(pair[1]);
  session.child.launcher_channel = pair[0];
  session.child.channel = pair[1];
  return done;
}

Outcome run(const OpenSelf&, Session& session) {
  session.self = Fd::adopt(sys::pidfd_open(getpid()));
  session.child.launcher = session.self.number();
  return session.self ? done : failed("pidfd_open");
}

Outcome run(const StartKeeper&, Session& session) {
  void* memory = mmap(nullptr, sizeof(Kept), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("mmap");
  session.kept = static_cast<Kept*>(memory);
  // Not dumpable from its first moment on: without a pid namespace the payload can see it. The launcher
  // is so only later, or nobody could write the maps of its child.
  const int dumpable = prctl(PR_GET_DUMPABLE);
  if (dumpable < 0 || prctl(PR_SET_DUMPABLE, 0) < 0) return failed("prctl");
  session.keeper = sys::clone3(CLONE_FILES, 0, nullptr);
  if (session.keeper == 0) keep(*session.kept, session.self.number());
  if (session.keeper < 0) return failed("clone3");
  return dumpable == 1 && prctl(PR_SET_DUMPABLE, 1) < 0 ? failed("prctl") : done;
}

Outcome run(const CheckPassed& step, Session& session) {
  for (const int fd : step.fds) {
    // What was inherited has survived an exec; one of nsbox's own, which got the number, would not.
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && !(flags & FD_CLOEXEC)) continue;
    if (flags >= 0) errno = EBADF;
    put_number(session.child.page->detail, fd);
    return failed("fcntl");
  }
  return done;
}

Outcome run(const RaiseFiles& step, Session& session) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return failed("prlimit64");
  session.child.files = limit;
  if (limit.rlim_cur >= step.count) return done;
  limit.rlim_cur = step.count;
  if (limit.rlim_max < step.count) limit.rlim_max = step.count;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return failed("prlimit64");
  session.child.files_raised = true;
  return done;
}

Outcome run(const ParentDeath&, Session&) {
  const pid_t parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) return failed("prctl");
  return getppid() == parent ? done : failed("getppid", Why::launcher_gone);
}

Outcome run(const OpenStdio& step, Session& session) {
  if (step.flags == -1) {  // stderr: stdout
    session.child.stdio[step.fd] = session.child.stdio[1] >= 0 ? session.child.stdio[1] : -2;
    session.child.stdio_kept[step.fd] = false;
    return done;
  }
  const int fd = open_source(step.path, step.below, step.flags | O_NOCTTY);
  if (fd < 0) return failed(step.below ? "openat2" : "openat");
  session.child.stdio[step.fd] = fd;
  return done;
}

namespace {

/// When a process began; 0 when that can't be read, with errno and the call.
uint64_t start_time(const ChildState& state, pid_t pid, const char*& call) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "%d/stat", pid);
  call = "openat2";
  const int fd = open_proc(state, path, O_RDONLY);
  if (fd < 0) return 0;
  call = "read";
  const ssize_t n = read(fd, text, sizeof text - 1);
  const int error = n == 0 ? EIO : errno;
  close(fd);
  errno = error;
  if (n <= 0) return 0;
  errno = EIO;
  return start_time_in({text, static_cast<size_t>(n)});
}

}  // namespace

Outcome run(const OpenNamespace& step, Session& session) {
  Fd process;
  int fd;
  if (step.pid) {
    process = Fd::adopt(sys::pidfd_open(step.pid));
    if (!process) return failed("pidfd_open");
    const char* call = nullptr;
    const uint64_t started = start_time(session.child, step.pid, call);
    if (!started && errno != ENOENT && errno != ESRCH) return failed(call);  // else it has ended since
    if (started != step.start_time) return failed(call, Why::source_changed);
    char path[64];
    snprintf(path, sizeof path, "%d/%s", step.pid, step.path);
    fd = openat(session.child.slot(Slot::proc), path, O_RDONLY | O_CLOEXEC);
  } else {
    fd = open(step.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  }
  if (fd < 0) return failed("openat");
  session.child.slot(step.slot) = fd;
  if (process) {
    struct pollfd alive = {process.number(), POLLIN, 0};
    const int ended = poll(&alive, 1, 0);
    if (ended < 0) return failed("poll");
    if (ended) return failed("poll", Why::source_changed);
  }
  const int type = ioctl(fd, NS_GET_NSTYPE);
  if (type < 0 && errno != ENOTTY) return failed("ioctl");
  return type == step.type ? done : failed("ioctl", Why::not_a_namespace);
}

Outcome run(const OpenShared& step, Session& session) {
  std::string problem;
  if (!session.options.open_shared) return failed("recvmsg", Why::no_sandbox, ENOSYS);
  Fd fd = session.options.open_shared(step.sandbox, step.what, problem);
  session.child.detail(problem.c_str());
  session.child.slot(step.slot) = fd.release();
  return session.child.slot(step.slot) < 0 ? failed("recvmsg", Why::no_sandbox) : done;
}

Outcome run(const OpenTree& step, Session& session) { return run(step, session.child); }

Outcome run(const OpenImage& step, Session& session) {
  const Fd image = Fd::adopt(open(step.path, (step.readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC));
  if (!image) return failed("openat");
  struct stat info;
  if (fstat(image.number(), &info) < 0) return failed("newfstatat");
  if (info.st_ino != step.identity.inode || info.st_dev != step.identity.device) return failed("newfstatat", Why::source_changed);
  const Fd control = Fd::adopt(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return failed("openat");
  char path[32];
  Fd loop;
  for (int tries = 0;; tries++) {  // another process may take the free one first
    const int number = ioctl(control.number(), LOOP_CTL_GET_FREE);
    if (number < 0) return failed("ioctl");
    snprintf(path, sizeof path, "/dev/loop%d", number);
    loop = Fd::adopt(open(path, (step.readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    if (!loop) return failed("openat");
    struct loop_config config = {};
    config.fd = static_cast<uint32_t>(image.number());
    config.info.lo_flags = static_cast<uint32_t>(LO_FLAGS_AUTOCLEAR) | (step.readonly ? static_cast<uint32_t>(LO_FLAGS_READ_ONLY) : 0u);
    if (ioctl(loop.number(), LOOP_CONFIGURE, &config) == 0) break;
    if (errno != EBUSY || tries == 16) return failed("ioctl");
  }
  const int fs = sys::fsopen(step.type);
  if (fs < 0) return failed("fsopen");
  const Fd context = Fd::adopt(fs);
  if (sys::fsconfig_set(fs, "source", path) < 0) return failed("fsconfig");
  if (step.readonly && sys::fsconfig_set(fs, "ro", nullptr) < 0) return failed("fsconfig");
  if (sys::fsconfig_create(fs) < 0) {
    const int error = errno;
    const ssize_t n = read(fs, session.child.page->detail, sizeof session.child.page->detail - 1);
    if (n > 0) session.child.page->detail[n] = 0;
    return failed("fsconfig", Why::call, error);
  }
  session.child.slot(step.slot) = sys::fsmount(fs, 0);
  return session.child.slot(step.slot) < 0 ? failed("fsmount") : done;
}

Outcome run(const OpenFile& step, Session& session) {
  session.child.slot(step.slot) = open_source(step.path, step.below, O_RDONLY | O_NOCTTY | O_NONBLOCK);
  return session.child.slot(step.slot) < 0 ? failed(step.below ? "openat2" : "openat") : done;
}

/// One component. Noted before it is made, so that whoever takes it away misses nothing.
Outcome make_on_host(Session& session, int folder, const std::string& path, const std::string& name, mode_t mode) {
  Kept& kept = *session.kept;
  const int number = kept.count.load();
  if (number == Kept::most || name.size() >= sizeof kept.made->name) return failed("mkdirat", Why::too_long);
  Kept::Made& note = kept.made[number];
  note.folder = fcntl(folder, F_DUPFD_CLOEXEC, 3);
  if (note.folder < 0) return failed("fcntl");
  put_text(note.name, name.c_str());
  note.is_folder = S_ISDIR(mode);
  session.made.push_back(path);
  kept.count.store(number + 1);
  struct stat info;
  if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return done;
  if (errno != ENOENT) return failed("newfstatat");
  note.making.store(true);
  const int made = note.is_folder ? mkdirat(folder, name.c_str(), mode & 07777) : mknodat(folder, name.c_str(), mode, 0);
  if (made < 0) {
    note.making.store(false);
    return errno == EEXIST ? done : failed(note.is_folder ? "mkdirat" : "mknodat");
  }
  if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) return failed("newfstatat");
  note.inode.store(info.st_ino);
  return done;
}

Outcome run(const MakeOnHost& step, Session& session) {
  Fd folder = Fd::adopt(sys::openat2(AT_FDCWD, step.path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS));
  if (!folder) return failed("openat2");
  std::string rest = step.below, path = step.path;
  for (;;) {
    const size_t slash = rest.find('/');
    const std::string name = rest.substr(0, slash);
    const bool last = slash == std::string::npos;
    path += (path.ends_with('/') ? "" : "/") + name;
    const Outcome outcome = make_on_host(session, folder.number(), path, name, !last || step.folder ? S_IFDIR | 0755 : S_IFREG | 0644);
    if (last || outcome.failed()) return outcome;
    folder = Fd::adopt(sys::openat2(folder.number(), name.c_str(), O_PATH | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (!folder) return failed("openat2");
    rest = rest.substr(slash + 1);
  }
}

Outcome run(const OpenTerminal&, Session& session) {
  session.terminal = Fd::adopt(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!session.terminal) return failed("openat");
  int unlock = 0;
  if (ioctl(session.terminal.number(), TIOCSPTLCK, &unlock) < 0) return failed("ioctl");
  const int slave = ioctl(session.terminal.number(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  session.child.slot(Slot::tty) = slave;
  return slave < 0 ? failed("ioctl") : done;
}

}  // namespace nsbox
