// SPDX-License-Identifier: MIT
// What every section's check() gets.
#pragma once
#include "fields/diagnostic.hpp"
#include "host/facts.hpp"

namespace nsbox {

struct Spec;

/// A check of one section against the rest of the specification and the caller: pure, and
/// independent of the host beyond `caller.root` and the caller's ids.
struct Check {
  Findings& findings;
  const Spec& spec;
  const Caller& caller;

  [[gnu::cold]] void add(Code code, Mark mark, std::string pointer, std::vector<std::string> args = {}) const {
    findings.add(code, mark, std::move(pointer), std::move(args));
  }
};

}  // namespace nsbox
