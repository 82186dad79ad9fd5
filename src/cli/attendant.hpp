// SPDX-License-Identifier: MIT
// The supervisor of a named sandbox: what is forked by `up --detach` and stays (detach.cpp has the picture).
#pragma once
#include "box/states.hpp"
#include "cli/detach.hpp"

namespace nsbox {

struct Told {  // by the supervisor to the client
  enum class Kind : uint32_t { held, executed, failed } kind;
  int32_t status;
};

/// The supervisor's life, from the fork on.
[[noreturn]] void attend(Detached& sandbox, const box::States& states, Fd entry, Fd client, const Arguments& arguments, const Outputs& outputs);

}  // namespace nsbox
