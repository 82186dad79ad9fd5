// SPDX-License-Identifier: MIT
// HostFacts of the machine that this runs on.
#pragma once
#include <sys/stat.h>

#include <string>

#include "host/facts.hpp"
#include "sys/fd.hpp"

namespace nsbox {

/// The caller and the kernel now; everything else when it is asked for.
HostFacts probe_host();

/// The next piece of a file at the end of `text`: how long it is, 0 at the end, -1 with errno.
ssize_t read_piece(int fd, std::string& text);

/// While it lives, a folder in which many paths are looked up one after the other is walked to once, and
/// held open. There is one at a time, and none at a launch, which would inherit it.
class NearLookups {
 public:
  NearLookups();
  ~NearLookups();
  NearLookups(const NearLookups&) = delete;
  NearLookups& operator=(const NearLookups&) = delete;

  /// lstat(2).
  int look(const std::string& path, struct stat& info);

 private:
  std::string folder_;  // of the last path
  unsigned asked_ = 0;
  Fd open_;
};

/// getcwd(2), where 4095 bytes are enough; "" with errno.
std::string working_folder();
/// Reads a whole file; false with errno.
bool read_file(const std::string& path, std::string& out, size_t most = 1 << 20);
/// "" for a file that is not there or not to be read; throws Failure for all else.
std::string content_of(const std::string& path, size_t most = 1 << 20);

}  // namespace nsbox
