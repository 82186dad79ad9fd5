// SPDX-License-Identifier: MIT
#include "sys/mount.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "run/state.hpp"

namespace nsbox {
namespace {

bool is_device(const struct stat& info, uint64_t rdev) { return (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) && info.st_rdev == rdev; }

Outcome check_identity(int fd, const Identity& planned) {
  if (!planned.inode && !planned.rdev) return done;
  struct stat now;
  if (fstat(fd, &now) < 0) return failed("fstat");
  if (planned.rdev && !is_device(now, planned.rdev)) return failed("fstat", Why::not_a_device);
  if (planned.inode && (now.st_ino != planned.inode || now.st_dev != planned.device)) return failed("fstat", Why::source_changed);
  return done;
}

/// What the file system says of the options that it did not like, beside errno.
Outcome failed_fs(const char* call, int fs, ChildState& state) {
  const int error = errno;
  const ssize_t n = read(fs, state.page->detail, sizeof state.page->detail - 1);
  if (n > 0) state.page->detail[n] = 0;
  close(fs);
  return {error, call, Why::call};
}

/// A place of which nsbox has made every folder: no link can be on the way, so one call by path does
/// the work of five by descriptor. `..` of the root is what is attached on it.
constexpr size_t own_path_size = 4200;
bool own_path(const At& at, char (&path)[own_path_size]) {
  if (strlen(at.path) > 4096) return false;
  put_text(put_text(path, "/../"), at.path);
  return true;
}

Outcome mount_fs(const NewFs& step, ChildState& state) {
  char path[own_path_size], data[256];
  char* end = data;
  *end = 0;
  for (const Option& option : step.options) {
    if (end - data > 128 || strlen(option.key) + (option.value ? strlen(option.value) : 0) > 120) return failed("mount", Why::too_long);
    if (end != data) end = put_text(end, ",");
    end = put_text(end, option.key);
    if (option.value) end = put_text(put_text(end, "="), option.value);
  }
  if (!own_path(step.at, path)) return failed("mount", Why::too_long);
  if (mount(step.source, path, step.type, step.attributes, data) < 0) return failed("mount");
  if (step.slot == Slot::none) return done;
  state.slot(step.slot) = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return state.slot(step.slot) < 0 ? failed("openat") : done;
}

}  // namespace

Outcome run(const BindDevice& step, ChildState& state) {
  char path[own_path_size];
  struct stat info;
  if (!own_path(step.at, path)) return failed("mount", Why::too_long);
  if (mount(step.source, path, nullptr, MS_BIND, nullptr) < 0) return failed("mount");
  if (fstatat(state.slot(step.at.base), step.at.path, &info, AT_SYMLINK_NOFOLLOW) < 0) return failed("newfstatat");
  return is_device(info, step.rdev) ? done : failed("newfstatat", Why::not_a_device);
}

Outcome run(const SetPropagation& step, ChildState&) {
  return mount(nullptr, "/", nullptr, step.type, nullptr) < 0 ? failed("mount") : done;
}

Outcome run(const UseRoot& step, ChildState& state) {
  if (step.slot != Slot::none) {
    state.close_slot(Slot::root);
    state.slot(Slot::root) = state.slot(step.slot);
    state.slot(step.slot) = -1;
    return done;
  }
  state.slot(Slot::root) = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return state.slot(Slot::root) < 0 ? failed("openat") : done;
}

Outcome run(const OpenTree& step, ChildState& state) {
  int fd;
  if (step.below) {
    const int place = open_source(step.path, step.below, O_PATH);
    if (place < 0) return failed("openat2");
    fd = sys::open_tree(place, "", step.copy, step.recursive);
    const int tree_error = errno;
    close(place);
    errno = tree_error;
  } else {
    fd = sys::open_tree(AT_FDCWD, step.path, step.copy, step.recursive);
  }
  if (fd < 0) return failed("open_tree");
  state.slot(step.slot) = fd;
  return check_identity(fd, step.identity);
}

Outcome run(const NewFs& step, ChildState& state) {
  if (step.at.path) return mount_fs(step, state);
  const int fs = sys::fsopen(step.type);
  if (fs < 0) return failed("fsopen");
  if (step.source && sys::fsconfig_set(fs, "source", step.source) < 0) return failed_fs("fsconfig", fs, state);
  for (const Option& option : step.options)
    if (sys::fsconfig_set(fs, option.key, option.value) < 0) return failed_fs("fsconfig", fs, state);
  if (sys::fsconfig_create(fs) < 0) return failed_fs("fsconfig", fs, state);
  const int fd = sys::fsmount(fs, step.attributes);
  if (fd < 0) return failed_fs("fsmount", fs, state);
  close(fs);
  state.slot(step.slot) = fd;
  return done;
}

/// Layers are named by descriptor: the folder of this process's descriptors in the trusted /proc is
/// the working directory for a moment, and `7` is a path in it. No path of a user is parsed again.
Outcome run(const NewOverlay& step, ChildState& state) {
  char lower[256], upper[4200], work[4200];
  char* end = lower;
  for (const Slot slot : step.lower) {
    if (end - lower > 240) return failed("fsconfig", Why::too_long);
    if (end != lower) end = put_text(end, ":");
    end = put_number(end, state.slot(slot));
  }
  const auto name = [&](char* out, const At& at) {
    out = put_number(out, state.slot(at.base));
    if (*at.path) put_text(put_text(out, "/"), at.path);
  };
  const int fs = sys::fsopen("overlay");
  if (fs < 0) return failed("fsopen");
  const int fds = open_proc(state, "self/fd", O_PATH | O_DIRECTORY);
  if (fds < 0) return failed("openat2");
  if (fchdir(fds) < 0) return failed("fchdir");
  close(fds);
  if (sys::fsconfig_set(fs, "lowerdir", lower) < 0) return failed_fs("fsconfig", fs, state);
  if (step.upper.path) {
    name(upper, step.upper);
    name(work, step.work);
    if (sys::fsconfig_set(fs, "upperdir", upper) < 0 || sys::fsconfig_set(fs, "workdir", work) < 0) return failed_fs("fsconfig", fs, state);
  }
  if (step.in_user_namespace && sys::fsconfig_set(fs, "userxattr", nullptr) < 0) return failed_fs("fsconfig", fs, state);
  if (sys::fsconfig_create(fs) < 0) return failed_fs("fsconfig", fs, state);
  const int fd = sys::fsmount(fs, step.attributes);
  if (fd < 0) return failed_fs("fsmount", fs, state);
  close(fs);
  state.slot(step.slot) = fd;
  return chdir("/") < 0 ? failed("chdir") : done;
}

Outcome run(const SetAttributes& step, ChildState& state) {
  return sys::mount_setattr(state.slot(step.slot), step.recursive, step.set, step.clear, step.propagation) < 0 ? failed("mount_setattr") : done;
}

Outcome run(const Remount& step, ChildState& state) {
  const int fd = open_at(step.at, state);
  if (fd < 0) return failed("openat2");
  const Outcome outcome = sys::mount_setattr(fd, step.recursive, step.set, step.clear, step.propagation) < 0 ? failed("mount_setattr") : done;
  close(fd);
  return outcome;
}

Outcome run(const Unmount& step, ChildState& state) {
  const int fd = open_at(step.at, state);
  if (fd < 0) return failed("openat2");
  const bool there = fchdir(fd) == 0;
  close(fd);
  if (!there) return failed("fchdir");
  if (umount2(".", MNT_DETACH) < 0) return failed("umount2");
  return chdir("/") < 0 ? failed("chdir") : done;
}

Outcome run(const AttachRoot& step, ChildState& state) {
  return sys::move_mount(state.slot(step.slot), AT_FDCWD, "/") < 0 ? failed("move_mount") : done;
}

Outcome run(const Attach& step, ChildState& state) {
  const int tree = state.slot(step.slot);
  int moved, error;
  const char* call = "move_mount";
  if (step.at.own) {
    moved = sys::move_mount(tree, state.slot(step.at.base), step.at.path);
    error = errno;
  } else {
    const int place = open_at(step.at, state);
    if (place < 0) call = "openat2";
    moved = place < 0 ? -1 : sys::move_mount(tree, place, "");
    error = errno;
    if (place >= 0) close(place);
  }
  errno = error;
  const bool missing = moved < 0 && errno == ENOENT && step.optional;
  if (moved < 0 && !missing) return failed(call);
  if (!step.keep) state.close_slot(step.slot);
  return done;
}

Outcome run(const OpenPlace& step, ChildState& state) {
  state.slot(step.slot) = open_at(step.at, state);
  return state.slot(step.slot) < 0 ? failed("openat2") : done;
}

Outcome run(const CopyTree& step, ChildState& state) {
  int fd;
  if (step.at.own) {
    fd = sys::open_tree(state.slot(step.at.base), step.at.path, true, step.recursive);
  } else {
    const int place = open_at(step.at, state);
    if (place < 0) return failed("openat2");
    fd = sys::open_tree(place, "", true, step.recursive);
    const int error = errno;
    close(place);
    errno = error;
  }
  state.slot(step.slot) = fd;
  return fd < 0 ? failed("open_tree") : done;
}

namespace {

/// One entry of a folder, shown again in another: links are made anew, all else is bound.
Outcome bind_entry(int from, const char* name, int to, uint64_t attributes) {
  struct stat info;
  if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0) return failed("newfstatat");
  if (S_ISLNK(info.st_mode)) {
    char text[4096];
    const ssize_t n = readlinkat(from, name, text, sizeof text - 1);
    if (n < 0) return failed("readlinkat");
    text[n] = 0;
    return symlinkat(text, to, name) < 0 ? failed("symlinkat") : done;
  }
  if ((S_ISDIR(info.st_mode) ? mkdirat(to, name, 0755) : mknodat(to, name, S_IFREG | 0644, 0)) < 0) return failed("mkdirat");
  const int tree = sys::open_tree(from, name, true, true);
  if (tree < 0) return failed("open_tree");
  Outcome outcome = done;
  if (sys::mount_setattr(tree, true, attributes, 0, MS_PRIVATE) < 0) outcome = failed("mount_setattr");
  else if (sys::move_mount(tree, to, name) < 0) outcome = failed("move_mount");
  close(tree);
  return outcome;
}

}  // namespace

Outcome run(const BindEntries& step, ChildState& state) {
  const int folder = openat(state.slot(step.from), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failed("openat");
  alignas(8) char buffer[8192];
  Outcome outcome = done;
  for (;;) {
    const long n = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (n < 0) outcome = failed("getdents64");
    if (n <= 0) break;
    for (long at = 0; at < n && !outcome.failed();) {
      // struct linux_dirent64: the length of the entry at 16, the name at 19.
      uint16_t length;
      memcpy(&length, buffer + at + 16, sizeof length);
      const char* name = buffer + at + 19;
      at += length;
      const bool dots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
      if (!dots) outcome = bind_entry(state.slot(step.from), name, state.slot(step.at.base), step.attributes);
    }
    if (outcome.failed()) break;
  }
  close(folder);
  return outcome;
}

Outcome run(const PivotRoot& step, ChildState& state) {
  if (fchdir(state.slot(Slot::root)) < 0) return failed("fchdir");
  if (sys::pivot_root(".", ".") < 0) return failed("pivot_root");
  // umount2 follows `.` to the topmost mount on it: the staging tmpfs, when there is one on the old
  // root, and then the old root itself with all that is below it.
  for (uint32_t i = 0; i < step.covered; i++)
    if (umount2(".", MNT_DETACH) < 0) return failed("umount2");
  // The new root is the working directory still (pivot_root(2), "NOTES"). Had anything stayed on the root, `..` would lead to it.
  struct statx top, root;
  // Not the library's statx, which makes something up without the kernel's.
  if (syscall(SYS_statx, AT_FDCWD, "/..", AT_NO_AUTOMOUNT, STATX_MNT_ID, &top) < 0) return failed("statx");
  if (syscall(SYS_statx, state.slot(Slot::root), "", AT_EMPTY_PATH, STATX_MNT_ID, &root) < 0) return failed("statx");
  return top.stx_mnt_id == root.stx_mnt_id ? done : failed("statx", Why::readback);
}

}  // namespace nsbox
