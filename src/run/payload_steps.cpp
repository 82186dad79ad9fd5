// SPDX-License-Identifier: MIT
#include <linux/close_range.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "run/state.hpp"
#include "sys/landlock.hpp"
#include "sys/process.hpp"
#include "sys/terminal_filter.hpp"

namespace nsbox {
namespace {

Outcome read_back(const char* call, int now, int wanted) {
  if (now < 0) return failed(call);
  return now == wanted ? done : failed(call, Why::readback);
}

/// A path of the sandbox, now that its root is the process's own; -1 with errno.
int open_inside(const char* path, uint64_t flags) {
  const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return -1;
  const int fd = sys::openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  const int error = errno;
  close(root);
  errno = error;
  return fd;
}

/// Reads a line-based file through a fixed buffer and calls take(line) until it says that it has it: 1; 0 when it never
/// does; -1 with errno when the file can't be read: half a line would be another line.
template <class F>
int for_each_line(int fd, F&& take) {
  char buffer[8192];
  size_t have = 0;
  bool skipping = false;  // a line that is longer than the buffer
  for (;;) {
    const ssize_t n = read(fd, buffer + have, sizeof buffer - 1 - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    have += static_cast<size_t>(n);
    size_t start = 0;
    for (size_t i = 0; i < have; i++) {
      if (buffer[i] != '\n') continue;
      buffer[i] = 0;
      if (!skipping && take(buffer + start)) return 1;
      skipping = false;
      start = i + 1;
    }
    memmove(buffer, buffer + start, have - start);
    have -= start;
    if (have == sizeof buffer - 1) have = 0, skipping = true;
  }
  buffer[have] = 0;
  return have > 0 && !skipping && take(buffer);
}

/// Field number `index` of a line with colons, if it is a plain number.
bool number_field(const char* line, int index, uint32_t& out) {
  for (; index > 0; index--) {
    line = strchr(line, ':');
    if (!line) return false;
    line++;
  }
  uint64_t value = 0;
  int digits = 0;
  for (; *line >= '0' && *line <= '9' && digits < 11; line++, digits++) value = value * 10 + static_cast<uint64_t>(*line - '0');
  if (digits == 0 || (*line != ':' && *line != 0) || value > 4294967294) return false;
  out = static_cast<uint32_t>(value);
  return true;
}

bool is_entry(const char* line, const char* name) {
  const size_t length = strlen(name);
  return strncmp(line, name, length) == 0 && line[length] == ':';
}

Outcome look_up(const char* file, const char* name, uint32_t& id, uint32_t* group, ChildState& state) {
  const int fd = open_inside(file, O_RDONLY | O_NOCTTY | O_NONBLOCK);
  const int error = errno;
  state.detail(name);
  if (fd < 0) return failed("openat2", error == ENOENT ? Why::unknown_user : Why::call, error);
  const int found = for_each_line(fd, [&](const char* line) {
    return is_entry(line, name) && number_field(line, 2, id) && (!group || number_field(line, 3, *group));
  });
  const int read_error = errno;
  close(fd);
  if (found < 0) return failed("read", Why::call, read_error);
  return found ? done : failed("read", Why::unknown_user);
}

/// A program of another ABI would be ended by the filter at its first call; it is not even begun.
Outcome check_abi(const char* command) {
  const int fd = open(command, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return done;  // to be executed, and not to be read
  unsigned char head[20] = {};
  const ssize_t n = read(fd, head, sizeof head);
  close(fd);
  if (n != sizeof head || memcmp(head, "\x7f" "ELF", 4) != 0) return done;
  const bool narrow = head[4] != 2;  // ELFCLASS64
  return narrow ? failed("read", Why::other_abi, EPERM) : done;
}

Outcome set_filter(std::span<const struct sock_filter> filter) {
  const struct sock_fprog program = {static_cast<unsigned short>(filter.size()), const_cast<struct sock_filter*>(filter.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? failed("seccomp") : done;
}

}  // namespace

Outcome run(const LookUpUser& step, ChildState& state) {
  uint32_t id = 0, group = 0;
  Ids& ids = state.page->looked_up;
  if (step.user) {
    const Outcome outcome = look_up("etc/passwd", step.user, id, &group, state);
    if (outcome.failed()) return outcome;
    ids.uid = id;
    ids.gid = group;
  }
  if (step.group) {
    const Outcome outcome = look_up("etc/group", step.group, id, nullptr, state);
    if (outcome.failed()) return outcome;
    ids.gid = id;
  }
  for (const Str name : step.groups) {
    const Outcome outcome = look_up("etc/group", name, id, nullptr, state);
    if (outcome.failed()) return outcome;
    if (ids.group_count == most_groups) return failed("setgroups", Why::too_long, EINVAL);
    ids.groups[ids.group_count++] = id;
  }
  state.page->detail[0] = 0;
  return done;
}

Outcome run(const NewRuleset& step, ChildState& state) {
  state.slot(step.slot) = sys::landlock_create({step.files, step.ports});
  return state.slot(step.slot) < 0 ? failed("landlock_create_ruleset") : done;
}

Outcome run(const AllowPath& step, ChildState& state) {
  const int fd = open_inside(step.path, O_PATH);
  if (fd < 0) return failed("openat2");
  constexpr uint64_t of_a_file = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | sys::landlock_truncate | sys::landlock_ioctl_device;
  struct stat info;
  Outcome outcome = done;
  if (fstat(fd, &info) < 0) outcome = failed("fstat");
  else if (sys::landlock_allow_path(state.slot(Slot::ruleset), S_ISDIR(info.st_mode) ? step.access : step.access & of_a_file, fd) < 0) outcome = failed("landlock_add_rule");
  close(fd);
  return outcome;
}

Outcome run(const AllowPort& step, ChildState& state) {
  return sys::landlock_allow_port(state.slot(Slot::ruleset), step.access, step.port) < 0 ? failed("landlock_add_rule") : done;
}

Outcome run(const RestrictSelf&, ChildState& state) {
  return sys::landlock_restrict_self(state.slot(Slot::ruleset)) < 0 ? failed("landlock_restrict_self") : done;
}

Outcome run(const EnterFolder& step, ChildState&) {
  if (strcmp(step.path, "/") == 0) return chdir("/") < 0 ? failed("chdir") : done;  // nothing is on the way
  const int fd = open_inside(step.path, O_PATH | O_DIRECTORY);
  if (fd < 0) return failed("openat2");
  const bool entered = fchdir(fd) == 0;
  close(fd);
  if (!entered) return failed("fchdir");
  char now[4096];
  if (syscall(SYS_getcwd, now, sizeof now) < 0) return failed("getcwd");
  return now[0] == '/' ? done : failed("getcwd", Why::outside_root);
}

/// Whether a candidate is there is noted before the filter: what execve answers later does not
/// tell a missing program from a missing interpreter.
Outcome run(const FindCommand& step, ChildState& state) {
  if (strlen(step.program) >= sizeof state.command) return failed("faccessat2", Why::too_long);
  const auto usable = [&] {
    struct stat info;
    if (fstatat(AT_FDCWD, state.command, &info, 0) < 0) return errno;
    if (S_ISDIR(info.st_mode)) return EISDIR;
    if (syscall(SYS_faccessat2, AT_FDCWD, state.command, X_OK, AT_EACCESS) == 0) return 0;
    // The kernel itself answers neither: a filter that is older than Linux 5.8. The real ids are the effective ones.
    if (errno != ENOSYS && errno != EPERM) return errno;
    return syscall(SYS_faccessat, AT_FDCWD, state.command, X_OK) < 0 ? errno : 0;
  };
  if (strchr(step.program, '/')) {
    put_text(state.command, step.program);
    const int error = usable();
    if (error == 0) return step.native ? check_abi(state.command) : done;
    const bool missing = error == ENOENT || error == ENOTDIR;
    return failed("faccessat2", missing ? Why::command_missing : Why::command_refused, error);
  }
  const char* path = step.path ? step.path : state.path;
  int best = ENOENT;
  char refused[sizeof state.command] = "";
  for (const char* at = path; at && *step.program;) {
    const char* end = strchr(at, ':');
    const size_t length = end ? static_cast<size_t>(end - at) : strlen(at);
    if (length + strlen(step.program) + 2 < sizeof state.command) {
      memcpy(state.command, at, length);
      char* out = state.command + length;
      *out = 0;
      if (length == 0) out = put_text(out, ".");
      put_text(put_text(out, "/"), step.program);
      const int error = usable();
      if (error == 0) return step.native ? check_abi(state.command) : done;
      if (error != ENOENT && error != ENOTDIR && best == ENOENT) best = error, put_text(refused, state.command);
    }
    at = end ? end + 1 : nullptr;
  }
  put_text(state.command, *refused ? refused : step.program);
  state.detail(*refused ? refused : path);
  return failed("faccessat2", best == ENOENT ? Why::command_missing : Why::command_refused, best);
}

Outcome run(const DropBounding& step, ChildState&) {
  for (int capability = 0; capability < 64; capability++) {
    if (step.keep >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    return errno == EINVAL && capability > CAP_SETFCAP ? done : failed("prctl");  // beyond the kernel's last
  }
  return failed("prctl", Why::readback);  // no kernel has so many: it was a filter that answered, and nothing was done
}

Outcome run(const SetGroups& step, ChildState& state) {
  const Ids& ids = state.page->looked_up;
  uint32_t all[most_groups], now[most_groups];
  if (step.groups.size() + ids.group_count > most_groups) return failed("setgroups", Why::too_long, EINVAL);
  size_t count = 0;
  for (const uint32_t group : step.groups) all[count++] = group;
  for (uint32_t i = 0; i < ids.group_count; i++) all[count++] = ids.groups[i];
  if (syscall(SYS_setgroups, count, all) < 0) return failed("setgroups");
  const long n = syscall(SYS_getgroups, most_groups, now);
  if (n < 0) return failed("getgroups");
  bool same = n == static_cast<long>(count);
  for (size_t i = 0; same && i < count; i++) {  // the kernel sorts them
    bool found = false;
    for (size_t k = 0; k < count; k++) found |= now[k] == all[i];
    same = found;
  }
  return same ? done : failed("getgroups", Why::readback);
}

Outcome run(const SetIds& step, ChildState& state) {
  const auto uid = static_cast<uint32_t>(step.uid >= 0 ? step.uid : state.page->looked_up.uid);
  const auto gid = static_cast<uint32_t>(step.gid >= 0 ? step.gid : state.page->looked_up.gid);
  if (step.keep_capabilities && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return failed("prctl");
  if (syscall(SYS_setresgid, gid, gid, gid) < 0) return failed("setresgid");
  if (syscall(SYS_setresuid, uid, uid, uid) < 0) return failed("setresuid");
  if (step.keep_capabilities) {
    // The change has emptied the effective set; the next steps still need it.
    uint64_t permitted, effective, inheritable;
    if (sys::capget(permitted, effective, inheritable) < 0) return failed("capget");
    if (sys::capset(permitted, permitted, 0) < 0) return failed("capset");
  }
  uint32_t r = 0, e = 0, s = 0;
  if (syscall(SYS_getresuid, &r, &e, &s) < 0) return failed("getresuid");
  if (r != uid || e != uid || s != uid) return failed("getresuid", Why::readback);
  if (syscall(SYS_getresgid, &r, &e, &s) < 0) return failed("getresgid");
  if (r != gid || e != gid || s != gid) return failed("getresgid", Why::readback);
  return done;
}

Outcome run(const LockSecurebits&, ChildState&) {
  const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                             SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0) return failed("prctl");
  return read_back("prctl", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), static_cast<int>(bits));
}

Outcome run(const SetCapabilities& step, ChildState&) {
  if (sys::capset(step.mask, step.mask, step.mask) < 0) return failed("capset");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return failed("prctl");
  for (int capability = 0; capability < 64; capability++) {
    if (!(step.mask >> capability & 1)) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0) return failed("prctl");
  }
  uint64_t permitted, effective, inheritable;
  if (sys::capget(permitted, effective, inheritable) < 0) return failed("capget");
  return permitted == step.mask && effective == step.mask && inheritable == step.mask ? done : failed("capget", Why::readback);
}

Outcome run(const SetUmask& step, ChildState&) {
  umask(static_cast<mode_t>(step.mask));
  return done;
}

Outcome run(const ResetSignals&, ChildState& state) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    uint64_t mask;
  } standard = {};  // the kernel's struct sigaction
  for (int signal = 1; signal <= 64; signal++) {
    if (!(state.ignored_signals >> (signal - 1) & 1)) continue;
    if (syscall(SYS_rt_sigaction, signal, &standard, nullptr, 8) < 0) return failed("rt_sigaction");
  }
  const uint64_t none = 0;
  return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, 8) < 0 ? failed("rt_sigprocmask") : done;
}

Outcome run(const ResetProcess&, ChildState& state) {
  if (personality(PER_LINUX) < 0) return failed("personality");
  if (prctl(PR_SET_TIMERSLACK, 50'000, 0, 0, 0) < 0) return failed("prctl");
  if (state.files_raised && prlimit(0, RLIMIT_NOFILE, &state.files, nullptr) < 0) return failed("prlimit64");
  return done;
}

Outcome run(const SetNice& step, ChildState&) { return setpriority(PRIO_PROCESS, 0, step.value) < 0 ? failed("setpriority") : done; }

Outcome run(const SetAffinity& step, ChildState&) {
  unsigned long set[1024 / 64] = {};
  for (const uint32_t cpu : step.cpus) set[cpu / 64] |= 1ul << (cpu % 64);
  return syscall(SYS_sched_setaffinity, 0, sizeof set, set) < 0 ? failed("sched_setaffinity") : done;
}

Outcome run(const SetLimit& step, ChildState&) {
  const struct rlimit limit = {step.soft, step.hard};  // UINT64_MAX is RLIM_INFINITY
  return prlimit(0, static_cast<__rlimit_resource>(step.resource), &limit, nullptr) < 0 ? failed("prlimit64") : done;
}

Outcome run(const NoNewPrivileges&, ChildState&) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("prctl");
  return read_back("prctl", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

Outcome run(const CloseOnExec& step, ChildState&) {
  if (sys::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0) return failed("close_range");
  for (const int fd : step.pass)
    if (fcntl(fd, F_SETFD, 0) < 0) return failed("fcntl");
  return done;
}

Outcome run(const RefuseTerminalInput&, ChildState&) {
  if (const Outcome outcome = set_filter(sys::terminal_filter); outcome.failed()) return outcome;
  // Is it there? Without it the answer is EBADF. It speaks for the next one, too: an older filter that only says yes
  // to seccomp says it to both.
  if (ioctl(-1, TIOCSTI, nullptr) == 0 || errno == EBADF) return failed("seccomp", Why::readback);
  return errno == EPERM ? done : failed("ioctl");
}

Outcome run(const SetFilter& step, ChildState&) { return set_filter(step.program); }

Outcome run(const Exec& step, ChildState& state) {
  state.page->executing.store(1);
  execve(state.command, const_cast<char* const*>(step.arguments.data()), state.environment);
  const int error = errno;
  state.page->executing.store(0);
  state.detail(state.command);
  // For the message: which interpreter or loader the file asks for.
  const int fd = open(state.command, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  const ssize_t n = fd < 0 ? -1 : read(fd, state.page->head, sizeof state.page->head);
  state.page->head_length = n < 0 ? 0 : static_cast<uint32_t>(n);
  if (error == ENOENT) return failed("execve", Why::interpreter_missing, error);
  return failed("execve", Why::command_refused, error);
}

Outcome run(const Leave&, ChildState& state) {
  state.page->executing.store(1);
  _exit(0);
}

}  // namespace nsbox
