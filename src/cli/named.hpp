// SPDX-License-Identifier: MIT
// What the commands about named sandboxes have in common.
#pragma once
#include <optional>
#include <string>

#include "box/control.hpp"
#include "box/states.hpp"

namespace nsbox {

void say(const std::string& what);     // "nsbox: …" to standard error
std::string because(const char* call);  // with the words and the name of errno

/// What `up` and `exec` end with when no command was executed.
inline constexpr int failed_status = 125;
int fail(const std::string& what);  // says it, and is failed_status

/// For a message, where box::holder_of could not say who holds a sandbox.
std::string not_found_out(const box::Holder& holder);

/// For a message, where box::find or box::open_entry could not open what is there.
std::string not_opened(const std::string& name);

/// The state folder, after a message where it can't be used. A folder that is not there holds nothing.
bool open_states(box::States& states);
/// A sandbox, after a message where there is none of that name, or where it can't be believed.
std::optional<box::Sandbox> find_sandbox(const box::States& states, const std::string& name);

/// The end of a sandbox, in two parts, so that several can end at once.
struct Ending {
  std::string name;
  std::optional<box::Sandbox> sandbox;  // empty: there is none of that name
  int64_t until_ns = 0;                 // by CLOCK_MONOTONIC: then it is killed
  bool believed = true;
  std::string problem;                  // why it could not be looked at
};
/// Asks it to end. `timeout_ns` -1: its own stop_timeout.
Ending begin_ending(const box::States& states, const std::string& name, int64_t timeout_ns);
/// Waits for that; what does not end is killed. Then its name is free. False after a message.
bool finish_ending(const box::States& states, const Ending& ending);

/// A descriptor that a running sandbox's supervisor keeps; empty with the reason in `problem`.
Fd open_shared_of(Str name, Shared what, std::string& problem);

/// The text of a member of a state; "" where there is none.
std::string text_of(const Node& node, std::string_view key);

}  // namespace nsbox
