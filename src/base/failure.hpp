// SPDX-License-Identifier: MIT
// A system call that failed where nothing can go on without its answer, and no place in a file is to
// blame. Thrown only before the launch and after it; main.cpp makes the sentence.
#pragma once
#include <errno.h>

#include <string>
#include <utility>

namespace nsbox {

struct Failure {
  std::string call, object;
  int error;
  [[gnu::cold]] explicit Failure(std::string call, std::string object = "", int error = errno) : call(std::move(call)), object(std::move(object)), error(error) {}
};

}  // namespace nsbox
