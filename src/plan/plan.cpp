// SPDX-License-Identifier: MIT
#include "plan/plan.hpp"

#include <algorithm>
#include <cstring>

namespace nsbox {

void* Arena::take(size_t size, size_t alignment) {
  used_ = (used_ + alignment - 1) / alignment * alignment;
  if (chunks_.empty() || used_ + size > size_) {
    size_ = std::max<size_t>(size, 4096);
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

void Plan::set_command(const std::vector<std::string>& words) {
  Str before = "";
  for (auto& entry : payload) {
    if (auto* find = std::get_if<FindCommand>(&entry.step)) {
      before = find->program;
      find->program = arena.text(words[0]);
      entry.origin = 0;  // no line of a file says so
    } else if (auto* exec = std::get_if<Exec>(&entry.step)) {
      std::vector<Str> arguments;
      for (const std::string& word : words) arguments.push_back(arena.text(word));
      if (exec->arguments.size() > 1 && strcmp(exec->arguments[0], before) != 0) arguments[0] = exec->arguments[0];
      arguments.push_back(nullptr);
      exec->arguments = arena.list(arguments);
      entry.origin = 0;
    }
  }
}

bool Plan::has_command() const {
  for (const auto& entry : payload)
    if (const auto* exec = std::get_if<Exec>(&entry.step)) return exec->arguments.size() > 1;
  return false;
}

}  // namespace nsbox
