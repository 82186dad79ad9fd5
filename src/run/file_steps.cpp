// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include "run/state.hpp"

namespace nsbox {
namespace {

constexpr uint64_t inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/// The folder of a place and the name in it. Where nsbox made the way itself a plain path will do,
/// and the folder is the base; else the folder is walked to and must be closed.
struct Named {
  int folder = -1;
  const char* name = nullptr;
  bool opened = false;

  Named(const At& at, const ChildState& state) : folder(state.slot(at.base)), name(*at.path ? at.path : ".") {
    const char* slash = strrchr(at.path, '/');
    if (at.own) return;
    if (!slash) {
      return;  // directly in the base
    }
    char path[4096];
    const size_t length = static_cast<size_t>(slash - at.path);
    if (length >= sizeof path) {
      errno = ENAMETOOLONG;
      folder = -1;
      return;
    }
    memcpy(path, at.path, length);
    path[length] = 0;
    folder = sys::openat2(state.slot(at.base), path, O_PATH | O_DIRECTORY, inside);
    name = slash + 1;
    opened = true;
  }
  ~Named() {
    const int error = errno;
    if (opened && folder >= 0) close(folder);
    errno = error;
  }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
};

}  // namespace

int open_at(const At& at, const ChildState& state) {
  return sys::openat2(state.slot(at.base), *at.path ? at.path : ".", O_PATH, inside);
}

int open_source(Str path, Str below, int flags) {
  if (!below) return open(path, flags | O_CLOEXEC, 0644);
  const int base = sys::openat2(AT_FDCWD, path, O_PATH, RESOLVE_NO_MAGICLINKS);
  if (base < 0) return -1;
  const int fd = sys::openat2(base, below, static_cast<uint64_t>(flags), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, (flags & O_CREAT) ? 0644 : 0);
  const int error = errno;
  close(base);
  errno = error;
  return fd;
}

Outcome run(const MakeFolder& step, ChildState& state) {
  const Named place(step.at, state);
  if (place.folder < 0) return failed("openat2");
  return mkdirat(place.folder, place.name, step.mode) < 0 ? failed("mkdirat") : done;
}

Outcome run(const MakeFile& step, ChildState& state) {
  const Named place(step.at, state);
  if (place.folder < 0) return failed("openat2");
  return mknodat(place.folder, place.name, S_IFREG | step.mode, 0) < 0 ? failed("mknodat") : done;
}

Outcome run(const MakeLink& step, ChildState& state) {
  const Named place(step.at, state);
  if (place.folder < 0) return failed("openat2");
  return symlinkat(step.to, place.folder, place.name) < 0 ? failed("symlinkat") : done;
}

Outcome run(const WriteFile& step, ChildState& state) {
  const Named place(step.at, state);
  if (place.folder < 0) return failed("openat2");
  const int fd = openat(place.folder, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, step.mode);
  if (fd < 0) return failed("openat");
  Outcome outcome = done;
  if (step.from == Slot::none) {
    if (!sys::write_all(fd, step.content, step.length)) outcome = failed("write");
  } else {
    char buffer[16384];
    off_t offset = 0;
    for (;;) {
      const ssize_t n = pread(state.slot(step.from), buffer, sizeof buffer, offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) outcome = failed("pread64");
      if (n <= 0) break;
      if (!sys::write_all(fd, buffer, static_cast<size_t>(n))) {
        outcome = failed("write");
        break;
      }
      offset += n;
    }
    state.close_slot(step.from);
  }
  close(fd);
  return outcome;
}

Outcome run(const ChangeOwner& step, ChildState& state) {
  const int fd = open_at(step.at, state);
  if (fd < 0) return failed("openat2");
  const Outcome outcome = fchownat(fd, "", static_cast<uid_t>(step.uid), static_cast<gid_t>(step.gid), AT_EMPTY_PATH) < 0 ? failed("fchownat") : done;
  close(fd);
  return outcome;
}

Outcome run(const CopyMode& step, ChildState& state) {
  struct stat like;
  if (fstat(state.slot(step.from), &like) < 0) return failed("fstat");
  const Named place(step.at, state);
  if (place.folder < 0) return failed("openat2");
  // An owner that is not mapped can't be given (EINVAL): the folder stays this process's own.
  if (fchownat(place.folder, place.name, like.st_uid, like.st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL && errno != EPERM) return failed("fchownat");
  return fchmodat(place.folder, place.name, like.st_mode & 07777, 0) < 0 ? failed("fchmodat") : done;
}

}  // namespace nsbox
