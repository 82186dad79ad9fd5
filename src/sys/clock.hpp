// SPDX-License-Identifier: MIT
#pragma once
#include <time.h>

#include <cstdint>

namespace nsbox::sys {

/// CLOCK_MONOTONIC in ns. It can't fail: the address is good, and every kernel has the clock (clock_gettime(2)).
inline int64_t monotonic_ns() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace nsbox::sys
