// SPDX-License-Identifier: MIT
#include "box/states.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "fields/json.hpp"
#include "sys/process.hpp"

namespace nsbox::box {
namespace {

/// Everything that may lie in a sandbox's folder; what else is there stays, and keeps the folder.
constexpr const char* known_files[] = {"state.json", "state.json.new", "spec.json", "spec.json.new", "control", "log", "log.1", "log.2", "lock"};

std::string whose(const Fd& folder, const std::string& path) {
  struct stat info;
  if (fstat(folder.number(), &info) < 0) return "'" + path + "': " + error_words(errno);
  if (info.st_uid != geteuid()) return "'" + path + "' belongs to another user (uid " + std::to_string(info.st_uid) + "); nothing in it can be trusted: remove it";
  if (info.st_mode & 077) return "'" + path + "' can be reached by others (mode " + std::to_string(info.st_mode >> 6 & 7) + std::to_string(info.st_mode >> 3 & 7) + std::to_string(info.st_mode & 7) + "); nothing in it can be trusted: look at it, then chmod 0700 it";
  return "";
}

/// A lock on the whole file, of this process.
struct flock whole_file() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// 0: nobody that can be seen; -1 with errno.
pid_t lock_holder(const Fd& file) {
  struct flock lock = whole_file();
  if (fcntl(file.number(), F_GETLK, &lock) < 0) return -1;
  return lock.l_type == F_UNLCK || lock.l_pid < 0 ? 0 : lock.l_pid;
}

}  // namespace

std::string states_path(std::string& problem) {
  if (geteuid() == 0) return "/run/nsbox";
  const char* runtime = getenv("XDG_RUNTIME_DIR");
  if (runtime && *runtime == '/') return normal_path(runtime) + "/nsbox";
  problem = runtime && *runtime ? "XDG_RUNTIME_DIR is '" + std::string(runtime) + "', not an absolute path" : "XDG_RUNTIME_DIR is not set; named sandboxes are kept below it, and a login sets it (else: a folder of your own with mode 0700)";
  return "";
}

std::string open_states(bool make, States& out) {
  std::string problem;
  out.path = states_path(problem);
  if (out.path.empty()) return problem;
  const auto failed = [&](const char* what) { return std::string(what) + " '" + escape(out.path) + "': " + error_words(errno); };
  // No link is followed at its end; the folder above is the system's or the user's own.
  if (make && mkdir(out.path.c_str(), 0700) < 0 && errno != EEXIST) return failed("the state folder");
  out.folder = Fd::adopt(open(out.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!out.folder) {
    if (!make && errno == ENOENT) return "";
    if (errno == ENOTDIR) return "the state folder '" + escape(out.path) + "' is not a folder, or a link to one; nothing in it can be trusted: remove it";
    return failed("the state folder");
  }
  problem = whose(out.folder, escape(out.path));
  if (!problem.empty()) {
    out.folder.reset();
    return "the state folder " + problem;
  }
  return "";
}

std::vector<std::string> names_in(const States& states) {
  std::vector<std::string> names;
  const int again = states.folder ? openat(states.folder.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  DIR* dir = again < 0 ? nullptr : fdopendir(again);
  if (!dir) return names;
  while (const struct dirent* each = readdir(dir))
    if (good_name(each->d_name)) names.emplace_back(each->d_name);
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Guard::Guard(const States& states) : lock_(Fd::adopt(openat(states.folder.number(), ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600))) {
  while (lock_ && flock(lock_.number(), LOCK_EX) < 0)
    if (errno != EINTR) lock_.reset();
}

void Guard::end() {
  if (lock_) flock(lock_.number(), LOCK_UN);
  lock_.reset();
}

Fd open_entry(const States& states, const std::string& name) {
  errno = ENOENT;
  if (!states.folder || !good_name(name)) return {};
  Fd entry = Fd::adopt(openat(states.folder.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info;
  if (entry && (fstat(entry.number(), &info) < 0 || info.st_uid != geteuid() || info.st_mode & 077)) {
    errno = EPERM;
    entry.reset();
  }
  return entry;
}

Holder holder_of(const Fd& entry) {
  const Fd file = Fd::adopt(openat(entry.number(), "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  Holder holder;
  const auto not_known = [&](const char* call, pid_t pid) {  // which is not the same as nobody
    holder.error = errno;
    holder.call = call;
    holder.pid = pid;
    return std::move(holder);
  };
  if (!file && errno != ENOENT) return not_known("openat", -1);
  if (!file) return holder;
  // The number may be given away between the two looks, but not while its process holds the lock.
  for (int tries = 0; tries < 10; tries++) {
    holder.pid = lock_holder(file);
    if (holder.pid < 0) return not_known("fcntl", -1);
    if (holder.pid == 0) break;
    holder.pidfd = Fd::adopt(sys::pidfd_open(holder.pid));
    if (!holder.pidfd && errno != ESRCH) return not_known("pidfd_open", holder.pid);
    if (holder.pidfd && lock_holder(file) == holder.pid) return holder;
  }
  holder.pid = 0;
  holder.pidfd.reset();
  return holder;
}

bool hold(const Fd& entry) {
  static Fd lock;  // until the end: closing any descriptor of the file would give the lock back
  lock = Fd::adopt(openat(entry.number(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct flock whole = whole_file();
  return lock && fcntl(lock.number(), F_SETLK, &whole) == 0;
}

bool remove_entry(const States& states, const std::string& name) {
  const Fd entry = open_entry(states, name);
  if (!entry) return errno == ENOENT;
  for (const char* each : known_files)
    if (unlinkat(entry.number(), each, 0) < 0 && errno != ENOENT) return false;
  return unlinkat(states.folder.number(), name.c_str(), AT_REMOVEDIR) == 0;
}

Fd make_entry(const States& states, const std::string& name) {
  if (mkdirat(states.folder.number(), name.c_str(), 0700) < 0) {
    if (errno != EEXIST || !remove_entry(states, name) || mkdirat(states.folder.number(), name.c_str(), 0700) < 0) return {};
  }
  return open_entry(states, name);
}

bool write_file(const Fd& entry, const char* name, std::string_view text) {
  const std::string fresh = std::string(name) + ".new";
  unlinkat(entry.number(), fresh.c_str(), 0);
  Fd file = Fd::adopt(openat(entry.number(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return false;
  if (!sys::write_all(file.number(), text.data(), text.size()) || fsync(file.number()) < 0) return false;
  return renameat(entry.number(), fresh.c_str(), entry.number(), name) == 0;
}

namespace {

/// To the end of the file; nothing with errno.
std::optional<std::string> read_all(const Fd& file) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t n = file ? read(file.number(), buffer, sizeof buffer) : -1;
    if (n < 0 && file && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
  }
}

}  // namespace

std::optional<std::string> read_file(const Fd& entry, const char* name) {
  constexpr off_t most = 64 << 20;
  const Fd file = Fd::adopt(openat(entry.number(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat info;
  if (!file || fstat(file.number(), &info) < 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_size > most) return std::nullopt;
  return read_all(file);
}

std::optional<Node> read_state(const Fd& entry) {
  const std::optional<std::string> text = read_file(entry, "state.json");
  std::optional<Node> state = text ? from_json(*text) : std::nullopt;
  const Node* version = state && state->is_map() ? state->find("state_version") : nullptr;
  if (!version || version->text != std::to_string(state_version)) return std::nullopt;
  return state;
}

uint64_t start_time_of(pid_t pid) {
  const std::optional<std::string> text = read_all(Fd::adopt(open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC)));
  if (!text) return 0;
  errno = EIO;
  return start_time_in(*text);
}

std::string boot_id() {
  const std::optional<std::string> text = read_all(Fd::adopt(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)));
  return text ? text->substr(0, 36) : "";
}

namespace {

/// One look; the holder may end while it is taken.
std::optional<Sandbox> look(const States& states, const std::string& name) {
  Sandbox out;
  out.name = name;
  out.entry = open_entry(states, name);
  if (!out.entry) return std::nullopt;
  out.holder = holder_of(out.entry);
  if (std::optional<Node> state = read_state(out.entry)) out.state = std::move(*state);
  const auto text = [&](const char* key) {
    const Node* value = out.state.find(key);
    return value && value->is_scalar() ? value->text : std::string();
  };
  const std::string written = text("status");
  if (out.holder.error) {
    out.status = written.empty() ? "starting" : written;
    out.forged = true;
  } else if (out.holder.pid) {
    out.status = written.empty() ? "starting" : written;
    const uint64_t start_time = start_time_of(out.holder.pid);
    if (!start_time) out.unknown = errno;
    const std::string boot = boot_id();
    if (boot.empty()) out.unknown = errno;
    const bool same = text("supervisor") == std::to_string(out.holder.pid) && text("start_time") == std::to_string(start_time) && text("boot_id") == boot;
    out.forged = !written.empty() && (!same || text("name") != name);
  } else {
    out.status = written == "ended" ? "ended" : "lost";
  }
  return out;
}

bool has_ended(const Fd& pidfd) {
  struct pollfd end = {pidfd.number(), POLLIN, 0};
  return poll(&end, 1, 0) == 1;
}

}  // namespace

std::optional<Sandbox> find(const States& states, const std::string& name) {
  // A holder that is gone by now may have changed the state, or the whole entry may be another's.
  for (int tries = 0;; tries++) {
    std::optional<Sandbox> out = look(states, name);
    if (!out || !out->holder.pidfd || !has_ended(out->holder.pidfd) || tries == 9) return out;
  }
}

}  // namespace nsbox::box
