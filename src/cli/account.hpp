// SPDX-License-Identifier: MIT
// The account of a run: for --report, --status-fd and the state of a named sandbox; and how a launch
// that failed is said.
#pragma once
#include "cli/command.hpp"
#include "cli/explain.hpp"
#include "plan/plan.hpp"
#include "run/launcher.hpp"
#include "sys/fd.hpp"

namespace nsbox {

/// How a run ended. `sentence`: why it did not begin.
Node account(const Plan& plan, const LaunchResult& result, const LaunchSentence* sentence);
Node namespaces_node(const LaunchResult& result);

/// Which part of the specification is likely to have ended the command by a signal, in words; or "".
std::string likely_end(const Plan& plan, const LaunchResult& result);

void print_failure(const LaunchSentence& sentence);

/// Goes on as a sealed copy of nsbox' own program where the plan wants one; false after a message.
/// `input`: what was read from standard input, if anything was.
bool seal_self(const Plan& plan, const Arguments& arguments, const std::string_view* input);

/// When each step began, what it took until the next one did, and the sum of each stage.
void print_timings(const Plan& plan, const LaunchResult& result);

/// Where the account goes; opened before anything is launched, so that nothing is lost later.
struct Outputs {
  Fd report;
  int status = -1;

  void event(const Node& node) const;
  void executed(const LaunchResult& so_far, pid_t pid) const;
  void ready() const;  // the command has said so
  /// The last words: the report, and the event `ended` or `failed`.
  void end(Node node, bool executed) const;
};
bool open_outputs(const Arguments& arguments, const Command& command, Outputs& outputs);

/// Tells whoever started nsbox, by its NOTIFY_SOCKET (sd_notify(3)), if there is one. Nobody is
/// waited for, and a socket that is not there any more is nobody's loss.
void notify_caller(const std::string& words);
/// Whether the command says that it is ready (lines as in run/notices.hpp).
bool says_ready(std::string_view lines);

}  // namespace nsbox
