// SPDX-License-Identifier: MIT
// down and wait: the end of named sandboxes.
#include <poll.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/named.hpp"
#include "fields/scalars.hpp"

namespace nsbox {

int run_down(const Arguments& arguments) {
  const Command& command = *find_command("down");
  const bool all = arguments.has("all");
  if (all != arguments.operands.empty()) return usage_error(command, all ? "--all and names contradict each other" : "name sandboxes, or say --all");
  int64_t timeout_ns = -1;
  if (arguments.has("timeout") && (!parse_duration(arguments.value("timeout"), timeout_ns) || timeout_ns < 0))
    return usage_error(command, "--timeout takes a duration like 30s or 1m30s, not '" + escape(arguments.value("timeout")) + "'");
  box::States states;
  if (!open_states(states)) return 2;
  const std::vector<std::string> names = all ? box::names_in(states) : arguments.operands;
  bool good = true;
  constexpr size_t at_once = 100;  // each takes two descriptors
  for (size_t begin = 0; begin < names.size(); begin += at_once) {
    std::vector<Ending> endings;
    for (size_t i = begin; i < std::min(names.size(), begin + at_once); i++) endings.push_back(begin_ending(states, names[i], timeout_ns));
    for (Ending& each : endings) {
      good &= finish_ending(states, each);
      if (!each.sandbox && each.problem.empty() && !all) say("there is no sandbox '" + escape(each.name) + "'");
    }
  }
  return good ? 0 : 1;
}

int run_wait(const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  box::States states;
  if (!open_states(states)) return 2;
  std::optional<box::Sandbox> sandbox = find_sandbox(states, name);
  if (!sandbox) return 2;
  if (sandbox->holder.pid) {
    box::Answer answer;
    const std::string problem = box::ask(*sandbox, {1, box::Request::Kind::wait, -1}, answer);
    if (problem.empty() && answer.known.status >= 0) return answer.known.status;
    // Not heard: because it is at its end, or because it can't have more who wait.
    struct pollfd gone = {sandbox->holder.pidfd.number(), POLLIN, 0};
    constexpr int patience_ms = 500;
    if (poll(&gone, 1, patience_ms) == 0) return say("the sandbox '" + name + "' can't be waited for: " + (problem.empty() ? "its supervisor gave no status" : problem)), 2;
  }
  const std::optional<Node> state = box::read_state(sandbox->entry);
  const Node* report = state ? state->find("report") : nullptr;
  const std::string status = report ? text_of(*report, "status") : "";
  if (!status.empty()) return atoi(status.c_str());
  say("the supervisor of '" + name + "' was killed: how its command ended is not known");
  return 137;
}

}  // namespace nsbox
