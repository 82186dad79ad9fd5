// SPDX-License-Identifier: MIT
#include "cli/plan_text.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "cli/output.hpp"
#include "plan/describe.hpp"

namespace nsbox {
namespace {

std::string wrapped(std::string_view text, size_t indent, size_t width) {
  std::string out, line(indent, ' ');
  for (const std::string& word : split(text, ' ')) {
    if (line.size() > indent && line.size() + word.size() + 1 > width) {
      out += line + "\n";
      line.assign(indent, ' ');
    }
    if (line.size() > indent) line += ' ';
    line += word;
  }
  return out + line + "\n";
}

std::string origin_words(const Plan& plan, uint32_t index) {
  const Origin& origin = plan.origins[index];
  if (!origin.mark.line) return "";
  return escape(plan.files[origin.mark.file]) + ":" + std::to_string(origin.mark.line);
}

}  // namespace

std::vector<std::string> plan_remarks(const Plan& plan) {
  std::vector<std::string> out;
  const bool filtered = plan.payload_has<SetFilter>();
  if (!filtered) out.push_back("no system call filter but the one against TIOCSTI and TIOCLINUX");
  const Environment& environment = plan.environment;
  std::string names;
  for (const Str name : environment.inherit) names += (names.empty() ? "" : " ") + std::string(name);
  if (environment.inherit_all) names = "all but loader variables" + (names.empty() ? "" : " and " + names);
  out.push_back("environment of the caller: " + (names.empty() ? "none" : escape(names)));
  std::string set;
  for (const Variable& variable : environment.set) set += (set.empty() ? "" : " ") + (variable.value ? std::string(variable.name) + "=" + variable.value : "-" + std::string(variable.name));
  out.push_back("environment set here: " + (set.empty() ? "none" : escape(set)));
  const Supervision& supervision = plan.supervision;
  static constexpr const char* terminals[] = {"none: a session without a terminal", "inherit: the caller's", "new: a pty of its own"};
  out.push_back(std::string("terminal ") + terminals[static_cast<int>(supervision.terminal)]);
  if (plan.sealed_self) out.push_back("nsbox runs from a sealed copy of its program: with CAP_SYS_PTRACE on the host the payload could write to the file");
  if (supervision.notify) out.push_back("ready when the command says so");
  out.push_back(supervision.init ? "pid 1 is nsbox" : supervision.new_pid_namespace ? "pid 1 is the command" : "no pid namespace of its own");
  out.push_back("resource limits, nice value, scheduling, CPU affinity and OOM score are the caller's where no step sets them");
  return out;
}

std::string plan_text(const Plan& plan, bool explain) {
  std::string out = paint(1, Paint::bold, plan.name) + ": " + std::to_string(plan.steps()) + " steps\n";
  const StageInfo* stage = nullptr;
  std::string_view actor;
  for (const StepLine& line : describe(plan)) {
    std::string_view by = info(line.stage).actor;
    if (line.number >= plan.first_of_init() && line.number < plan.first_of_payload()) by = "init";
    else if (line.number >= plan.first_of_child() && line.number < plan.first_of_init()) by = "child";
    else if (line.number >= plan.first_of_place() && line.number < plan.first_of_child()) by = "launcher";
    if (stage != &info(line.stage) || by != actor) {
      stage = &info(line.stage);
      actor = by;
      out += "\n" + paint(1, Paint::blue, stage->name) + " (" + std::string(by) + ")\n";
      if (explain) out += wrapped(std::string(stage->reason) + ".", 4, 100);
    }
    char number[16];
    snprintf(number, sizeof number, "%4u ", line.number);
    std::string row = number + line.text.name;
    if (!line.text.object.empty()) row += " " + escape(line.text.object);
    for (const auto& [key, value] : line.text.details) row += " " + escape(key) + "=" + escape(value);
    const std::string origin = origin_words(plan, line.origin);
    std::string calls = join(line.text.calls, " ");
    out += row + paint(1, Paint::dim, "  [" + calls + "]" + (origin.empty() ? "" : "  " + origin)) + "\n";
    if (explain && !line.text.why.empty()) out += wrapped(line.text.why, 9, 100);
    if (explain)
      for (const auto& [key, value] : line.text.lists) out += wrapped(escape(key + ": " + value), 9, 100);
  }
  out += "\n";
  for (const std::string& remark : plan_remarks(plan)) out += "note: " + remark + "\n";
  return out;
}

}  // namespace nsbox
