// SPDX-License-Identifier: MIT
// The types of namespaces(7): the one table of their names, files and flags.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace nsbox {

enum class NsType : uint8_t { user, mount, pid, ipc, uts, net, cgroup, time };

struct NsInfo {
  NsType type;
  std::string_view name;    // in a specification
  std::string_view file;    // in /proc/PID/ns
  uint64_t flag;            // CLONE_NEW…
  std::string_view what;    // what a process in a new one has for itself
};
inline constexpr NsInfo ns_types[] = {
    {NsType::user, "user", "user", 0x10000000, "user and group ids, capabilities"},
    {NsType::mount, "mount", "mnt", 0x00020000, "the tree of mounts"},
    {NsType::pid, "pid", "pid", 0x20000000, "process numbers, beginning with 1"},
    {NsType::ipc, "ipc", "ipc", 0x08000000, "System V IPC and POSIX message queues"},
    {NsType::uts, "uts", "uts", 0x04000000, "hostname and NIS domain name"},
    {NsType::net, "net", "net", 0x40000000, "network devices, addresses, ports, routes"},
    {NsType::cgroup, "cgroup", "cgroup", 0x02000000, "the root of the cgroup tree"},
    {NsType::time, "time", "time", 0x00000080, "the monotonic and boot-time clocks"},
};
/// The order in which they are entered. The user namespace first: it gives the rights over the others. Time last:
/// entering it is refused to a process that shares memory, and it is entered by the clone only.
inline constexpr NsType join_order[] = {NsType::user, NsType::mount, NsType::cgroup, NsType::ipc, NsType::uts, NsType::net, NsType::pid, NsType::time};

inline constexpr size_t ns_count = std::size(ns_types);
constexpr const NsInfo& info(NsType type) { return ns_types[static_cast<uint8_t>(type)]; }
/// In /proc/self/ns of a process that has yet to clone what will live in it.
constexpr const char* file_for_children(NsType type) { return type == NsType::time ? "time_for_children" : info(type).file.data(); }

}  // namespace nsbox
