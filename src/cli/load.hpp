// SPDX-License-Identifier: MIT
// From the command line to a specification and a plan, with the diagnostics printed.
#pragma once
#include <optional>

#include "cli/command.hpp"
#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "spec/compose.hpp"

namespace nsbox {

/// Reads files and standard input.
FileReader real_files();

/// The SPEC that the arguments name, with --set and --name. False after a usage error's message.
bool input_of(const Arguments& arguments, const Command& command, size_t operand, Input& input);

/// Prints findings: text to standard error; with --format json one document to standard output.
void print_findings(const Findings& findings, const Arguments& arguments);

/// A specification, or nothing and the exit status: 1 invalid, 2 unreadable (usage_status for `up`).
struct Loaded {
  Findings findings;
  HostFacts facts;
  std::optional<Spec> spec;
  int status = 0;
};
Loaded load(const Arguments& arguments, const Command& command);

/// The same from a given input and reader.
Loaded load_from(const Arguments& arguments, const Input& input, const FileReader& reader);

/// The plan, with the command of `-- CMD…` in place; nothing after printed errors.
std::optional<Plan> plan_of(Loaded& loaded, const Arguments& arguments, bool need_command);

}  // namespace nsbox
