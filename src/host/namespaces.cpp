// SPDX-License-Identifier: MIT
#include "host/namespaces.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "host/mountinfo.hpp"
#include "host/probe.hpp"
#include "sys/namespace.hpp"

namespace nsbox {
namespace {

uint64_t inode_of(int fd) {
  struct stat info;
  return fd >= 0 && fstat(fd, &info) == 0 ? info.st_ino : 0;
}

std::string ns_path(const std::string& process, NsType type) { return process + "/ns/" + std::string(info(type).file); }

Inodes inodes_below(const std::string& process) {
  Inodes out = {};
  for (const NsInfo& each : ns_types) {
    struct stat info;
    if (stat(ns_path(process, each.type).c_str(), &info) == 0) out[static_cast<size_t>(each.type)] = info.st_ino;
  }
  return out;
}

/// The pins that can be seen: nsfs mounts, whose root is written "net:[4026532000]".
void add_pins(std::map<uint64_t, NamespaceInfo>& all) {
  for (const MountInfo& mount : read_mountinfo()) {
    const size_t colon = mount.root.find(":[");
    if (mount.type != "nsfs" || colon == std::string::npos) continue;
    const std::string type = mount.root.substr(0, colon);
    const uint64_t inode = strtoull(mount.root.c_str() + colon + 2, nullptr, 10);
    const auto* known = std::find_if(std::begin(ns_types), std::end(ns_types), [&](const NsInfo& each) { return each.file == type; });
    if (known == std::end(ns_types) || inode == 0) continue;
    NamespaceInfo& info = all[inode];
    info.type = known->type;
    info.inode = inode;
    info.pins.push_back(mount.target);
    if (info.user_namespace) continue;
    const Fd fd = Fd::adopt(open(info.pins.back().c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (inode_of(fd.number()) == inode) ask_namespace(fd.number(), info);
  }
}

}  // namespace

void ask_namespace(int fd, NamespaceInfo& info) {
  const bool user = info.type == NsType::user;
  const Fd above = Fd::adopt(ioctl(fd, user ? NS_GET_PARENT : NS_GET_USERNS));
  info.user_namespace = inode_of(above.number());
  uid_t owner = 0;
  if (ioctl(user ? fd : above.number(), NS_GET_OWNER_UID, &owner) == 0) info.owner_uid = owner;
}

bool look_at_process(int pid, ProcessInfo& out) {
  const std::string process = "/proc/" + std::to_string(pid);
  if (!read_file(process + "/comm", out.command)) return false;
  if (out.command.ends_with('\n')) out.command.pop_back();
  out.pid = pid;
  out.inodes = inodes_below(process);
  return true;
}

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> out;
  DIR* proc = opendir("/proc");
  if (!proc) return out;
  while (const struct dirent* each = readdir(proc)) {
    const int pid = atoi(each->d_name);
    ProcessInfo info;
    if (pid > 0 && look_at_process(pid, info)) out.push_back(std::move(info));
  }
  closedir(proc);
  std::sort(out.begin(), out.end(), [](const ProcessInfo& a, const ProcessInfo& b) { return a.pid < b.pid; });
  return out;
}

std::map<uint64_t, NamespaceInfo> namespaces_of(const std::vector<ProcessInfo>& processes) {
  std::map<uint64_t, NamespaceInfo> all;
  for (const ProcessInfo& process : processes) {
    for (const NsInfo& each : ns_types) {
      const uint64_t inode = process.inodes[static_cast<size_t>(each.type)];
      if (!inode) continue;
      NamespaceInfo& info = all[inode];
      info.processes.push_back(process.pid);
      if (info.inode) continue;
      info.inode = inode;
      info.type = each.type;
      const Fd fd = Fd::adopt(open(ns_path("/proc/" + std::to_string(process.pid), each.type).c_str(), O_RDONLY | O_CLOEXEC));
      if (inode_of(fd.number()) == info.inode) ask_namespace(fd.number(), info);
    }
  }
  add_pins(all);
  return all;
}

Inodes own_namespaces() { return inodes_below("/proc/self"); }

}  // namespace nsbox
