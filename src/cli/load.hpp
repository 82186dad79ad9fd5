// SPDX-License-Identifier: MIT
// From the command line to a specification and a plan, with the diagnostics printed.
#pragma once
#include <sys/stat.h>

#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "spec/compose.hpp"
#include "sys/fd.hpp"

namespace nsbox {

/// A file that is open, with what was first read of it: enough to tell a saved plan.
struct OpenSource {
  Fd fd;
  struct stat info = {};
  std::string begin;
  std::string problem;  // why it can't be read
};
/// "-" is standard input. False with the problem.
bool open_source(const std::string& path, OpenSource& out);

/// Reads files and standard input; `first`, if there is one, was opened already.
FileReader real_files(OpenSource* first = nullptr);

/// The first operand, or what stands for it.
std::string operand_of(const Arguments& arguments, size_t operand = 0);

/// The SPEC that the arguments name, with --set and --name. False after a usage error's message.
bool input_of(const Arguments& arguments, const Command& command, size_t operand, Input& input);

/// Prints findings: text to standard error; with --format json one document to standard output.
void print_findings(const Findings& findings, const Arguments& arguments);

/// A specification, or nothing and the exit status: 1 invalid, 2 unreadable (usage_status for `up`).
struct Loaded {
  Findings findings;
  HostFacts facts;
  std::unique_ptr<Spec> spec;
  int status = 0;
};
Loaded load(const Arguments& arguments, const Command& command, OpenSource* first = nullptr);

/// The same from a given input and reader.
Loaded load_from(const Arguments& arguments, const Input& input, const FileReader& reader);

/// The plan, with the command of `-- CMD…` in place; nothing after printed errors.
std::optional<Plan> plan_of(Loaded& loaded, const Arguments& arguments, bool need_command);

/// The specification after composition, substitution and defaults, as `show` prints it; the defaults
/// that hang on the caller are filled into `spec`.
Node effective_spec(Spec& spec, const Caller& caller);

}  // namespace nsbox
