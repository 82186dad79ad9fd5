// SPDX-License-Identifier: MIT
// What the planner may know about the machine, as plain data, so that a test can invent one.
// host/probe.cpp fills it from the real one, each part when it is first asked for.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"

namespace nsbox {

enum class FileKind : uint8_t { missing, denied, file, folder, link, character, block, fifo, socket };
std::string_view words_of(FileKind kind);

/// One path of the host, links not followed in its last component.
struct PathFact {
  FileKind kind = FileKind::missing;
  std::string link;            // where a link points
  uint64_t device = 0, inode = 0, rdev = 0;
  uint32_t uid = 0, gid = 0, mode = 0;
  int error = 0;               // errno, for `denied`
};

/// One line of /proc/self/mountinfo, as far as it matters.
struct MountFact {
  std::string target;
  std::string type;
  bool readonly = false, nosuid = false, nodev = false, noexec = false, shared = false;
};

struct SubidRange {
  uint32_t first = 0, count = 0;
};

/// Who starts nsbox, from the kernel and /etc/passwd, never from the environment.
struct Caller {
  uint32_t uid = 0, gid = 0;
  std::string name, home;
  std::function<std::string()> cwd = [] { return std::string("/"); };
  bool root = false;        // effective uid 0
  bool privileged = false;  // CAP_SYS_ADMIN in its user namespace (owner of its mount namespace)
  std::function<bool()> on_terminal = [] { return false; };  // standard input and output both
  std::function<const char*(const std::string& name)> variable;  // of the environment
};

struct UserNamespaceFacts {
  bool chrooted = false;
  std::string refused_by;  // the setting that refuses one, e.g. "user.max_user_namespaces = 0"; "" when none does
  std::string remedy;
};

struct KernelVersion {
  int major = 6, minor = 1;
  auto operator<=>(const KernelVersion&) const = default;  // NOLINT(modernize-use-nullptr): there is none; a fault of clang-tidy 14
};

struct HostFacts {
  Caller caller;
  std::function<KernelVersion()> kernel = [] { return KernelVersion{}; };
  std::function<uint64_t()> capability_last = [] { return uint64_t{40}; };

  // Parts that cost something are asked for by function and kept; a test sets them directly.
  std::function<PathFact(const std::string& path)> probe_path;
  std::function<std::vector<MountFact>()> probe_mounts;
  std::function<std::vector<SubidRange>(bool group, std::string_view owner)> probe_subids;
  std::function<UserNamespaceFacts()> probe_user_namespaces;
  std::function<std::vector<std::string>(const std::string& folder)> probe_entries;
  std::function<bool(int pid, uint64_t& start_time)> probe_process;
  std::function<bool(std::string_view module)> has_module = [](std::string_view) { return false; };  // apparmor, selinux
  std::function<bool()> filtered = [] { return false; };  // whether nsbox itself runs below a filter of system calls, as in a container
  std::function<int()> landlock_abi = [] { return 4; };  // 0: none

  /// Links in the folders on the way are followed, the last component is not.
  const PathFact& path(const std::string& path) const;
  /// The same with links followed to the end; `real` gets the path that it ends at.
  const PathFact& resolved(const std::string& path, std::string* real = nullptr) const;
  /// Whether the way to `path`, links followed, goes through one of `folders` (real paths) and on: the
  /// first of them, and the rest of the way as it is written.
  bool enters(const std::string& path, std::span<const std::string> folders, std::string& folder, std::string& rest) const;
  const std::vector<MountFact>& mounts() const;
  /// The mount that holds `path` (which must be free of links), or null.
  const MountFact* mount_of(std::string_view path) const;
  /// What is mounted strictly below `path`, in the order of mounting.
  std::vector<const MountFact*> mounts_below(std::string_view path) const;
  /// What hides a part of the kernel's /proc; what the kernel mounts there itself by demand does not count.
  std::vector<const MountFact*> mounts_over_proc() const;
  const std::vector<SubidRange>& subids(bool group, std::string_view owner) const;
  const UserNamespaceFacts& user_namespaces() const;

 private:
  const PathFact& walk(const std::string& path, std::string* real, std::span<const std::string> folders, std::string* rest) const;
  std::span<const uint32_t> mounts_from(std::string_view path) const;

  mutable std::unordered_map<std::string, PathFact, TextHash, std::equal_to<>> paths_;
  mutable std::string resolved_, resolved_to_;  // the last answer: a source is asked for several times in a row
  mutable std::string folder_;  // one that was walked to without a link; "" for none
  mutable std::vector<MountFact> mounts_;
  mutable std::vector<uint32_t> by_target_;  // the same by their index, sorted: a host may have thousands, and each bind asks
  mutable bool mounts_known_ = false;
  mutable std::map<std::string, std::vector<SubidRange>, std::less<>> subids_;
  mutable UserNamespaceFacts user_;
  mutable bool user_known_ = false;
};

}  // namespace nsbox
