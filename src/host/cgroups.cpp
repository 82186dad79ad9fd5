// SPDX-License-Identifier: MIT
#include "host/cgroups.hpp"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "host/mountinfo.hpp"
#include "host/probe.hpp"
#include "sys/fd.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

/// /proc/PID/cgroup: the path by the controllers of its hierarchy, "" for the one of version 2.
std::map<std::string, std::string> cgroups_of(const std::string& process) {
  std::map<std::string, std::string> out;
  for (const std::string& line : split(content_of("/proc/" + process + "/cgroup"), '\n')) {
    const size_t first = line.find(':'), second = first == line.npos ? first : line.find(':', first + 1);
    if (second != line.npos) out[line.substr(first + 1, second - first - 1)] = line.substr(second + 1);
  }
  return out;
}

/// Where a cgroup can be seen; "" when its hierarchy is mounted nowhere, or that part of it is not.
std::string folder_of(const std::vector<MountInfo>& mounts, const std::string& controllers, const std::string& path) {
  for (const MountInfo& mount : mounts) {
    if (mount.type != (controllers.empty() ? "cgroup2" : "cgroup") || !is_below(path, mount.root)) continue;
    const std::vector<std::string> wanted = split(controllers, ',');
    if (!controllers.empty() && !std::all_of(wanted.begin(), wanted.end(), [&](const std::string& each) { return std::find(mount.super.begin(), mount.super.end(), each) != mount.super.end(); })) continue;
    return mount.target + (mount.root == "/" ? path : path.substr(mount.root.size()));
  }
  return "";
}

}  // namespace

std::string join_cgroups_of(int pid) {
  const std::map<std::string, std::string> own = cgroups_of("self"), theirs = cgroups_of(std::to_string(pid));
  std::vector<MountInfo> mounts;
  for (const auto& [controllers, path] : theirs) {
    const auto here = own.find(controllers);
    if (here != own.end() && here->second == path) continue;
    if (mounts.empty()) mounts = read_mountinfo();
    const std::string words = "the cgroup '" + escape(path) + "'" + (controllers.empty() ? "" : " of " + controllers) + ": ";
    const std::string folder = folder_of(mounts, controllers, path);
    if (folder.empty()) return words + "it is mounted nowhere here";
    const Fd file = Fd::adopt(open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return words + "open: " + error_words(errno);
    if (!sys::write_all(file.number(), "0", 1)) return words + "write: " + error_words(errno);  // 0: the writer
  }
  return "";
}

}  // namespace nsbox
