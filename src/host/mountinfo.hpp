// SPDX-License-Identifier: MIT
// /proc/self/mountinfo (proc(5)), line by line.
#pragma once
#include <string>
#include <vector>

namespace nsbox {

struct MountInfo {
  std::string root;                  // what of the file system is mounted
  std::string target;
  std::vector<std::string> options;  // of the mount
  std::vector<std::string> tags;     // shared:N and the like
  std::string type;
  std::vector<std::string> super;    // options of the file system
};

/// The mounts of this process, in the order of the file. Throws Failure when it can't be read; where
/// there is no such file, or it is not to be read, there are none.
std::vector<MountInfo> read_mountinfo();

}  // namespace nsbox
