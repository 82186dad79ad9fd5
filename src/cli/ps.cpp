// SPDX-License-Identifier: MIT
// ps and inspect: which named sandboxes there are, and what is known of one.
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "box/log.hpp"
#include "cli/command.hpp"
#include "cli/named.hpp"
#include "cli/output.hpp"
#include "fields/scalars.hpp"

namespace nsbox {
namespace {

/// "exited 1", "signal TERM" for one that has ended; else its status.
std::string state_words(const box::Sandbox& sandbox) {
  if (sandbox.forged) return "not believed";
  const Node* report = sandbox.state.find("report");
  if (sandbox.status != "ended" || !report) return sandbox.status;
  const std::string reason = text_of(*report, "reason"), exit = text_of(*report, "exit"), signal = text_of(*report, "signal");
  const std::string how = signal.empty() ? "exited " + exit : "signal " + signal;
  return reason == "timeout" || reason == "stopped" ? reason + ", " + how : how;
}

std::string age_words(const box::Sandbox& sandbox) {
  int64_t begun = 0;
  if (!box::parse_time(text_of(sandbox.state, "created"), begun)) return "-";
  const int64_t seconds = (box::realtime_now() - begun) / 1'000'000'000;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 7200) return std::to_string(seconds / 60) + "m";
  if (seconds < 172'800) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

std::string namespace_list(const Node& state) {
  std::string out;
  if (const Node* list = state.find("new_namespaces"))
    for (const Node& each : list->items) out += (out.empty() ? "" : ",") + each.text;
  return out.empty() ? "-" : out;
}

Node summary(const box::Sandbox& sandbox) {
  Node node = Node::map();
  const auto copy = [&](const char* key) {
    const Node* value = sandbox.state.find(key);
    node.set(key, value ? *value : Node{});
  };
  node.set("name", Node::scalar(sandbox.name));
  node.set("status", Node::scalar(sandbox.forged ? "not believed" : sandbox.status));
  node.set("supervisor", sandbox.holder.pid > 0 ? Node::number(sandbox.holder.pid) : Node{});
  for (const char* key : {"pid", "created", "ended", "spec", "new_namespaces", "namespaces"}) copy(key);
  if (!sandbox.holder.pid) node.set("pid", {});
  const Node* report = sandbox.state.find("report");
  for (const char* key : {"reason", "exit", "signal", "status"}) {
    const Node* value = report ? report->find(key) : nullptr;
    node.set(key == std::string_view("status") ? "exit_status" : key, value ? *value : Node{});
  }
  return node;
}

}  // namespace

int run_ps(const Arguments& arguments) {
  box::States states;
  if (!open_states(states)) return 2;
  const bool all = arguments.has("all"), quiet = arguments.has("quiet");
  std::vector<std::vector<std::string>> rows{{"NAME", "STATE", "PID", "AGE", "SPEC", "NEW NAMESPACES"}};
  Node list = Node::list();
  for (const std::string& name : box::names_in(states)) {
    const std::optional<box::Sandbox> sandbox = box::find(states, name);
    if (!sandbox && errno != ENOENT) say(not_opened(name));
    if (!sandbox || (!all && !sandbox->holder.pid)) continue;
    if (quiet) puts(name.c_str());
    else if (arguments.value("format") == "json") list.items.push_back(summary(*sandbox));
    else rows.push_back({name, state_words(*sandbox), sandbox->holder.pid ? text_of(sandbox->state, "pid") : "-", age_words(*sandbox), escape(text_of(sandbox->state, "spec")), namespace_list(sandbox->state)});
  }
  if (quiet) return 0;
  if (arguments.value("format") != "json") return print_table(rows), 0;
  Node document = Node::map();
  document.set("format_version", Node::number(1));
  document.set("sandboxes", std::move(list));
  printf("%s\n", to_json(document).c_str());
  return 0;
}

int run_inspect(const Arguments& arguments) {
  box::States states;
  if (!open_states(states)) return 2;
  const std::optional<box::Sandbox> sandbox = find_sandbox(states, arguments.operands[0]);
  if (!sandbox) return 2;
  Node document = summary(*sandbox);
  document.members.insert(document.members.begin(), {"format_version", {}, Node::number(1)});
  const Node* hash = sandbox->state.find("plan_sha256");
  document.set("plan_sha256", hash ? *hash : Node{});
  const Node* report = sandbox->state.find("report");
  document.set("report", report ? *report : Node{});
  document.set("folder", Node::scalar(states.path + "/" + sandbox->name));
  const std::optional<std::string> text = box::read_file(sandbox->entry, "spec.json");
  std::optional<Node> spec = text ? from_json(*text) : std::nullopt;
  document.set("effective_spec", spec ? std::move(*spec) : Node{});
  printf("%s\n", to_json(document).c_str());
  return 0;
}

}  // namespace nsbox
