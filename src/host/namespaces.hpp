// SPDX-License-Identifier: MIT
// The namespaces of the host's processes, as /proc/PID/ns, nsfs mounts and ioctl_ns(2) tell them.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/namespaces.hpp"
#include "sys/fd.hpp"

namespace nsbox {

using Inodes = std::array<uint64_t, ns_count>;  // by NsType; 0: can't be read

struct NamespaceInfo {
  NsType type = NsType::user;
  uint64_t inode = 0;
  int64_t owner_uid = -1;          // of its owning user namespace (for a user namespace: its own); -1: not told
  uint64_t user_namespace = 0;     // that owns it; of a user namespace: its parent; 0: not told
  std::vector<int> processes;      // that can be seen in it, by number
  std::vector<std::string> pins;   // paths where it is bound
};

struct ProcessInfo {
  int pid = 0;
  std::string command;  // comm of proc(5)
  Inodes inodes = {};
};

/// One process; `inodes` are 0 where they can't be read. False when there is no such process.
bool look_at_process(int pid, ProcessInfo& out);
/// Every process that can be seen.
std::vector<ProcessInfo> all_processes();

/// What is known of every namespace of those processes, and of those that are only pinned, by inode.
std::map<uint64_t, NamespaceInfo> namespaces_of(const std::vector<ProcessInfo>& processes);

/// Fills what ioctl_ns(2) tells of an open namespace file.
void ask_namespace(int fd, NamespaceInfo& info);

/// The process that asks.
Inodes own_namespaces();

}  // namespace nsbox
