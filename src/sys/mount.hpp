// SPDX-License-Identifier: MIT
// Mounts by descriptor: the calls of Linux 5.2 (fsopen, open_tree, move_mount) and 5.12
// (mount_setattr).
#pragma once
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace nsbox::sys {

/// Attributes as mount_setattr(2) takes them; `user_namespace` goes with MOUNT_ATTR_IDMAP.
inline int mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace = -1) {
  struct mount_attr attr = {};
  attr.attr_set = set;
  attr.attr_clr = clear;
  attr.propagation = propagation;
  if (user_namespace >= 0) attr.userns_fd = static_cast<uint64_t>(user_namespace);
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return static_cast<int>(syscall(SYS_mount_setattr, fd, "", flags, &attr, sizeof attr));
}

/// A copy of the tree at `path` (OPEN_TREE_CLONE), or the place itself.
inline int open_tree(int dir, const char* path, bool copy, bool recursive) {
  unsigned flags = OPEN_TREE_CLOEXEC;
  if (copy) flags |= OPEN_TREE_CLONE;
  if (copy && recursive) flags |= AT_RECURSIVE;
  if (!*path) flags |= AT_EMPTY_PATH;
  return static_cast<int>(syscall(SYS_open_tree, dir, path, flags));
}

/// Attaches what `from` holds to `to_path` below `to` ("": to `to` itself).
inline int move_mount(int from, int to, const char* to_path) {
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*to_path ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
  return static_cast<int>(syscall(SYS_move_mount, from, "", to, to_path, flags));
}

inline int fsopen(const char* type) { return static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)); }
inline int fsconfig_set(int fs, const char* key, const char* value) {
  return static_cast<int>(syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0));
}
inline int fsconfig_create(int fs) { return static_cast<int>(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0)); }
inline int fsmount(int fs, uint64_t attributes) { return static_cast<int>(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes)); }

inline int pivot_root(const char* new_root, const char* put_old) { return static_cast<int>(syscall(SYS_pivot_root, new_root, put_old)); }

}  // namespace nsbox::sys
