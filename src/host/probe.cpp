// SPDX-License-Identifier: MIT
#include "host/probe.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "host/mountinfo.hpp"
#include "sys/fd.hpp"
#include "sys/landlock.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

/// What an error says of a path. Others (EIO, ENOMEM, …) say that the machine does not answer, and
/// a plan that rests on a guess is none.
bool says_missing(int error) { return error == ENOENT || error == ENOTDIR; }
bool says_denied(int error) { return error == EACCES || error == ELOOP || error == ENAMETOOLONG; }

bool is_terminal(int fd) {
  if (isatty(fd)) return true;
  if (errno == ENOTTY || errno == EINVAL || errno == EBADF || errno == EIO) return false;  // EIO: one that was hung up
  throw Failure("ioctl TCGETS", "descriptor " + std::to_string(fd));
}

FileKind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileKind::file;
    case S_IFDIR: return FileKind::folder;
    case S_IFLNK: return FileKind::link;
    case S_IFCHR: return FileKind::character;
    case S_IFBLK: return FileKind::block;
    case S_IFIFO: return FileKind::fifo;
    default: return FileKind::socket;
  }
}

NearLookups* near = nullptr;

PathFact probe_path(const std::string& path) {
  PathFact fact;
  struct stat info;
  if ((near ? near->look(path, info) : lstat(path.c_str(), &info)) < 0) {
    fact.error = errno;
    if (!says_missing(errno) && !says_denied(errno)) throw Failure("lstat", path);
    fact.kind = says_missing(errno) ? FileKind::missing : FileKind::denied;
    return fact;
  }
  fact.kind = kind_of(info.st_mode);
  fact.device = info.st_dev;
  fact.inode = info.st_ino;
  fact.rdev = info.st_rdev;
  fact.uid = info.st_uid;
  fact.gid = info.st_gid;
  fact.mode = info.st_mode & 07777;
  if (fact.kind == FileKind::link) {
    char text[4096];
    const ssize_t n = readlink(path.c_str(), text, sizeof text);
    if (n < 0) throw Failure("readlink", path);
    fact.link.assign(text, static_cast<size_t>(n));
  }
  return fact;
}

std::vector<MountFact> probe_mounts() {
  std::vector<MountFact> mounts;
  for (MountInfo& each : read_mountinfo()) {
    MountFact mount;
    mount.target = std::move(each.target);
    mount.type = std::move(each.type);
    for (const std::string& option : each.options) {
      mount.readonly |= option == "ro";
      mount.nosuid |= option == "nosuid";
      mount.nodev |= option == "nodev";
      mount.noexec |= option == "noexec";
    }
    for (const std::string& tag : each.tags) mount.shared |= tag.starts_with("shared:");
    // One that is mounted over the same place hides what was there.
    std::erase_if(mounts, [&](const MountFact& covered) { return covered.target == mount.target; });
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<SubidRange> probe_subids(bool group, std::string_view owner) {
  std::vector<SubidRange> ranges;
  if (owner.empty()) return ranges;
  const std::string number = std::to_string(getuid());
  for (const std::string& line : split(content_of(group ? "/etc/subgid" : "/etc/subuid"), '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() != 3 || (fields[0] != owner && !(owner != "nsbox" && fields[0] == number))) continue;
    const unsigned long first = strtoul(fields[1].c_str(), nullptr, 10), count = strtoul(fields[2].c_str(), nullptr, 10);
    if (count > 0 && first + count <= 4294967295ul) ranges.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(count)});
  }
  return ranges;
}

std::vector<std::string> probe_entries(const std::string& folder) {
  std::vector<std::string> names;
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && (says_missing(errno) || says_denied(errno))) return names;
  if (fd < 0) throw Failure("open", folder);
  alignas(8) char buffer[16384];
  long n;
  while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < n;) {
      uint16_t length;
      memcpy(&length, buffer + at + 16, sizeof length);
      const std::string name = buffer + at + 19;
      if (name != "." && name != "..") names.push_back(name);
      at += length;
    }
  }
  const int error = errno;
  close(fd);
  if (n < 0) throw Failure("getdents64", folder, error);
  return names;
}

bool probe_process(int pid, uint64_t& start_time) {
  start_time = start_time_in(content_of("/proc/" + std::to_string(pid) + "/stat"));
  return start_time != 0;
}

std::string first_line(const std::string& path) {
  const std::string text = content_of(path);
  return text.substr(0, text.find('\n'));
}

/// Seccomp in proc_pid_status(5); 2 is a filter.
bool is_filtered() { return content_of("/proc/self/status").find("\nSeccomp:\t2\n") != std::string::npos; }

/// Tries it in a child that does nothing else: what the kernel answers, and which setting says so.
UserNamespaceFacts probe_user_namespaces() {
  UserNamespaceFacts facts;
  // In a chroot / is not the root of the mount namespace, and the kernel refuses (EPERM): it is a
  // folder on which nothing is mounted, or another one than that of process 1.
  struct statx here;
  struct stat root, init_root;
  if (statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &here) == 0 && (here.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
    facts.chrooted = !(here.stx_attributes & STATX_ATTR_MOUNT_ROOT);
  if (!facts.chrooted && stat("/", &root) == 0 && stat("/proc/1/root", &init_root) == 0)
    facts.chrooted = root.st_dev != init_root.st_dev || root.st_ino != init_root.st_ino;

  const pid_t pid = fork();
  if (pid < 0) return facts;
  if (pid == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  int status = 0;
  if (waitpid(pid, &status, 0) < 0) return facts;
  const int error = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  if (error == 0) {
    facts.chrooted = false;
    if (first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" && getuid() != 0) {
      facts.refused_by = "AppArmor takes their capabilities away (kernel.apparmor_restrict_unprivileged_userns = 1)";
      facts.remedy = "give this one program an AppArmor profile with 'userns,', or as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
    }
    return facts;
  }
  if (error == EPERM && facts.chrooted) return facts;
  facts.chrooted = false;
  if (error == EPERM && first_line("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    facts.refused_by = "kernel.unprivileged_userns_clone = 0";
    facts.remedy = "as root: sysctl kernel.unprivileged_userns_clone=1";
  } else if (error == ENOSPC || error == EUSERS) {
    const std::string most = first_line("/proc/sys/user/max_user_namespaces");
    facts.refused_by = most == "0" ? "user.max_user_namespaces = 0" : "user.max_user_namespaces = " + most + " are in use, or an outer namespace allows no more";
    facts.remedy = "as root: sysctl user.max_user_namespaces=15000";
  } else if (error == EINVAL) {
    facts.refused_by = "the kernel was built without them (CONFIG_USER_NS)";
  } else {
    std::string label;
    facts.refused_by = std::string("the kernel answers ") + strerror(error) + (is_filtered() ? ", and nsbox runs below a filter of system calls" : read_file("/proc/self/attr/current", label) && !label.empty() ? "; a security module is likely" : "");
    facts.remedy = "in a container: run it with a seccomp profile that allows clone and unshare with CLONE_NEWUSER";
  }
  return facts;
}

/// The name and home of a uid, from /etc/passwd itself: no library, no environment. No more of it is
/// read than it takes.
void look_up_caller(Caller& caller) {
  const Fd file = Fd::adopt(open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file && (says_missing(errno) || says_denied(errno))) return;
  if (!file) throw Failure("open", "/etc/passwd");
  const std::string number = std::to_string(caller.uid);
  std::string text;
  for (bool more = true, found = false; more && !found;) {
    const ssize_t n = read_piece(file.number(), text);
    if (n < 0) throw Failure("read", "/etc/passwd");
    more = n > 0;
    std::string_view rest = text;
    while (!found && !rest.empty()) {
      const size_t end = rest.find('\n');
      if (end == rest.npos && more) break;  // the line goes on in the next piece
      const std::vector<std::string> fields = split(rest.substr(0, end), ':');
      found = fields.size() >= 7 && fields[2] == number;
      if (found) caller.name = fields[0], caller.home = fields[5];
      rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    }
    text.erase(0, text.size() - rest.size());
  }
}

}  // namespace

NearLookups::NearLookups() { near = this; }
NearLookups::~NearLookups() { near = nullptr; }

int NearLookups::look(const std::string& path, struct stat& info) {
  constexpr unsigned enough = 8;  // for the descriptor to pay
  const std::string_view folder = parent_path(path);
  if (folder != folder_) {
    folder_ = folder;
    asked_ = 0;
    open_.reset();
  } else if (++asked_ == enough && folder != "/" && !is_below(folder, "/proc")) {  // where the descriptor itself would show
    open_ = Fd::adopt(open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  if (!open_ || path.size() >= 4096) return lstat(path.c_str(), &info);  // which is refused
  return fstatat(open_.number(), path.c_str() + folder.size() + 1, &info, AT_SYMLINK_NOFOLLOW);
}

ssize_t read_piece(int fd, std::string& text) {
  char piece[2048];  // not in the text itself, which would fill its new place with zeros first
  ssize_t n;
  do n = read(fd, piece, sizeof piece);
  while (n < 0 && errno == EINTR);
  if (n > 0) text.append(piece, static_cast<size_t>(n));
  return n;
}

std::string working_folder() {
  std::string folder(256, 0);  // most are shorter, and a page of the stack is not touched for them
  while (!getcwd(folder.data(), folder.size())) {
    if (errno != ERANGE || folder.size() >= 4096) return "";
    folder.resize(4096);
  }
  folder.resize(strlen(folder.c_str()));
  return folder;
}

bool read_file(const std::string& path, std::string& out, size_t most) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return false;
  out.clear();
  ssize_t n;
  do n = read_piece(fd, out);
  while (n > 0 && out.size() <= most);
  const int error = errno;
  close(fd);
  errno = error;
  return n >= 0;
}

std::string content_of(const std::string& path, size_t most) {
  std::string text;
  if (read_file(path, text, most)) return text;
  if (errno == ESRCH || says_missing(errno) || says_denied(errno)) return "";
  throw Failure("read", path);
}

HostFacts probe_host() {
  HostFacts facts;
  Caller& caller = facts.caller;
  // As the kernel wrote them beside the arguments: nsbox changes none of them.
  caller.uid = static_cast<uint32_t>(getauxval(AT_UID));
  caller.gid = static_cast<uint32_t>(getauxval(AT_GID));
  caller.root = getauxval(AT_EUID) == 0;
  look_up_caller(caller);
  uint64_t permitted = 0, effective = 0, inheritable = 0;
  if (sys::capget(permitted, effective, inheritable) < 0) throw Failure("capget");
  caller.privileged = effective >> CAP_SYS_ADMIN & 1;
  caller.on_terminal = [] { return is_terminal(0) && is_terminal(1); };
  caller.cwd = [] {
    std::string folder = working_folder();
    if (!folder.empty()) return folder;
    if (errno != ENOENT && errno != EACCES) throw Failure("getcwd");  // these: one that was removed, or is closed
    return std::string("/");
  };
  caller.variable = [](const std::string& name) -> const char* { return getenv(name.c_str()); };

  facts.kernel = [] {
    static const KernelVersion running = [] {
      struct utsname name;
      KernelVersion version;
      if (uname(&name) < 0) throw Failure("uname");
      sscanf(name.release, "%d.%d", &version.major, &version.minor);
      return version;
    }();
    return running;
  };
  facts.filtered = is_filtered;
  facts.landlock_abi = [] {
    const int abi = sys::landlock_abi();
    if (abi < 0 && errno != ENOSYS && errno != EOPNOTSUPP) throw Failure("landlock_create_ruleset");
    return abi < 0 ? 0 : abi;
  };
  facts.has_module = [](std::string_view module) {
    return module == "apparmor" ? first_line("/sys/module/apparmor/parameters/enabled") == "Y" : access("/sys/fs/selinux/enforce", F_OK) == 0;
  };
  facts.capability_last = [] {
    const std::string last = first_line("/proc/sys/kernel/cap_last_cap");
    return last.empty() ? uint64_t{40} : strtoull(last.c_str(), nullptr, 10);
  };

  facts.probe_path = probe_path;
  facts.probe_mounts = probe_mounts;
  facts.probe_subids = probe_subids;
  facts.probe_user_namespaces = probe_user_namespaces;
  facts.probe_entries = probe_entries;
  facts.probe_process = probe_process;
  return facts;
}

}  // namespace nsbox
