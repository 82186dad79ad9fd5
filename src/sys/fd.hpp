// SPDX-License-Identifier: MIT
// Descriptors. Fd owns and closes; FdRef borrows. Everything is opened O_CLOEXEC.
//
// This folder wraps each system call once, thinly and without policy. A wrapper returns what the
// kernel returns: 0 or more, or -1 with errno set. Nothing here allocates, throws or locks, so all
// of it may run between clone and exec.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace nsbox {

struct FdRef {
  int number = -1;
  explicit operator bool() const { return number >= 0; }
};

class Fd {
 public:
  Fd() = default;
  /// Takes over a descriptor that nobody else closes.
  static Fd adopt(int number) { return Fd(number); }
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.number_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  explicit operator bool() const { return number_ >= 0; }
  FdRef ref() const { return {number_}; }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  void reset(int number = -1) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }

 private:
  explicit Fd(int number) : number_(number) {}
  int number_ = -1;
};

namespace sys {

/// openat2(2), since Linux 5.6. `resolve`: RESOLVE_…. EAGAIN (a rename while `..` was looked up) is
/// tried again, at most ten times.
inline int openat2(int dir, const char* path, uint64_t flags, uint64_t resolve, uint64_t mode = 0) {
  struct open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  for (int i = 0;; i++) {
    const long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN || i == 10) return static_cast<int>(fd);
  }
}

/// close_range(2), since Linux 5.9; `flags`: CLOSE_RANGE_CLOEXEC (5.11).
inline int close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, last, flags));
}

/// Writes all of it, whatever the number of write(2) it takes.
inline bool write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

}  // namespace sys
}  // namespace nsbox
