// SPDX-License-Identifier: MIT
// `up --detach`: the sandbox goes on under its name, with a supervisor of its own.
#pragma once
#include <functional>

#include "cli/account.hpp"
#include "host/facts.hpp"
#include "plan/saved.hpp"

namespace nsbox {

struct Detached {
  Plan& plan;
  const SavedFor& made_for;
  std::string spec;   // the file, as an absolute path
  Node effective;     // the specification as `show` prints it; null for a saved plan
  std::function<HostFacts()> facts;
};

/// Returns when the command has been executed, or has not: the status of `up`.
int run_detached(Detached sandbox, const Arguments& arguments, const Outputs& outputs);

}  // namespace nsbox
