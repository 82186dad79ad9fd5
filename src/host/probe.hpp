// SPDX-License-Identifier: MIT
// HostFacts of the machine that this runs on.
#pragma once
#include <string>

#include "host/facts.hpp"

namespace nsbox {

/// The caller and the kernel now; everything else when it is asked for.
HostFacts probe_host();

/// The next piece of a file at the end of `text`: how long it is, 0 at the end, -1 with errno.
ssize_t read_piece(int fd, std::string& text);
/// Reads a whole file; false with errno.
bool read_file(const std::string& path, std::string& out, size_t most = 1 << 20);
/// "" for a file that is not there or not to be read; throws Failure for all else.
std::string content_of(const std::string& path, size_t most = 1 << 20);

}  // namespace nsbox
