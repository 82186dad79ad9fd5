// SPDX-License-Identifier: MIT
#include "plan/plan.hpp"

#include <algorithm>
#include <cstring>

namespace nsbox {

void* Arena::take(size_t size, size_t alignment) {
  used_ = (used_ + alignment - 1) / alignment * alignment;
  if (chunks_.empty() || used_ + size > size_) {
    size_ = std::max<size_t>(size, 16384);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(size_));
    used_ = 0;
  }
  void* at = chunks_.back().get() + used_;
  used_ += size;
  return at;
}

Str Arena::text(std::string_view text) {
  char* at = static_cast<char*>(take(text.size() + 1, 1));
  memcpy(at, text.data(), text.size());
  at[text.size()] = 0;
  return at;
}

}  // namespace nsbox
