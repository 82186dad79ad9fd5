// SPDX-License-Identifier: MIT
// Diagnostics and failed launches in words: the only place where they become sentences.
#pragma once
#include <functional>
#include <string>

#include "fields/diagnostic.hpp"
#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "run/launcher.hpp"

namespace nsbox {

std::string message_of(const Diagnostic& diagnostic);
std::string hint_of(const Diagnostic& diagnostic);  // "" when there is none
/// The words of a code with its placeholders, for the manual.
std::string template_of(Code code);

/// All of them, in the order of the files: `FILE:LINE:COL: error: PATH: what`, the line, a caret.
std::string findings_text(const Findings& findings, int stream);
Node findings_json(const Findings& findings);

/// Why a launch did not come to its command: one line and, where a probe proves one, a hint.
struct LaunchSentence {
  std::string place;    // FILE:LINE:COL
  std::string pointer;  // mounts[3]
  std::string what;
  std::string hint;
};
LaunchSentence sentence_of(const Plan& plan, const LaunchResult& result, const HostFacts& facts);
/// The same, without the hint where the facts can't be had.
LaunchSentence sentence_of(const Plan& plan, const LaunchResult& result, const std::function<HostFacts()>& facts);

}  // namespace nsbox
