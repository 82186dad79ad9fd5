// SPDX-License-Identifier: MIT
#include <cstdio>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/load.hpp"
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

/// What the plan leaves open, said plainly.
std::vector<std::string> remarks(const Plan& plan) {
  std::vector<std::string> out{"no system call filter but the one against TIOCSTI and TIOCLINUX"};
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
  out.push_back(supervision.init ? "pid 1 is nsbox" : supervision.new_pid_namespace ? "pid 1 is the command" : "no pid namespace of its own");
  out.push_back("resource limits, nice value, scheduling, CPU affinity and OOM score are the caller's where no step sets them");
  return out;
}

void print_text(const Plan& plan, bool explain) {
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
    for (const auto& [key, value] : line.text.details) row += " " + key + "=" + escape(value);
    const std::string origin = origin_words(plan, line.origin);
    std::string calls = join(line.text.calls, " ");
    out += row + paint(1, Paint::dim, "  [" + calls + "]" + (origin.empty() ? "" : "  " + origin)) + "\n";
    if (explain && !line.text.why.empty()) out += wrapped(line.text.why, 9, 100);
  }
  out += "\n";
  for (const std::string& remark : remarks(plan)) out += "note: " + remark + "\n";
  fputs(out.c_str(), stdout);
}

Node plan_json(const Plan& plan, const Findings& findings, bool explain) {
  Node document = Node::map(), steps = Node::list();
  document.set("format_version", Node::number(1));
  document.set("name", Node::scalar(plan.name));
  for (const StepLine& line : describe(plan)) {
    Node step = Node::map(), details = Node::map(), calls = Node::list();
    step.set("number", Node::number(line.number));
    step.set("stage", Node::scalar(std::string(info(line.stage).name)));
    step.set("actor", Node::scalar(line.number >= plan.first_of_init() && line.number < plan.first_of_payload() ? "init" : std::string(line.number >= plan.first_of_payload() ? "payload" : line.number >= plan.first_of_child() ? "child" : line.number >= plan.first_of_join() && line.number < plan.clone_number() ? "joiner" : "launcher")));
    step.set("name", Node::scalar(line.text.name));
    step.set("object", Node::scalar(line.text.object));
    for (const auto& [key, value] : line.text.details) {
      Node* same = details.find(key);
      if (same) same->text += " " + value;
      else details.set(key, Node::scalar(value));
    }
    step.set("details", std::move(details));
    for (const std::string& call : line.text.calls) calls.items.push_back(Node::scalar(call));
    step.set("calls", std::move(calls));
    const Origin& origin = plan.origins[line.origin];
    if (origin.mark.line) {
      Node from = Node::map();
      from.set("file", Node::scalar(plan.files[origin.mark.file]));
      from.set("line", Node::number(origin.mark.line));
      from.set("column", Node::number(origin.mark.column));
      from.set("path", Node::scalar(pointer_words(origin.pointer)));
      step.set("origin", std::move(from));
    } else {
      step.set("origin", {});
    }
    if (explain) {
      step.set("why", Node::scalar(line.text.why));
      step.set("stage_why", Node::scalar(std::string(info(line.stage).reason)));
    }
    steps.items.push_back(std::move(step));
  }
  document.set("steps", std::move(steps));
  Node notes = Node::list();
  for (const std::string& remark : remarks(plan)) notes.items.push_back(Node::scalar(remark));
  document.set("notes", std::move(notes));
  document.set("diagnostics", findings_json(findings));
  return document;
}

}  // namespace

int run_plan(const Arguments& arguments) {
  const Command& command = *find_command("plan");
  Loaded loaded = load(arguments, command);
  if (!loaded.spec) return loaded.status;
  const std::optional<Plan> plan = plan_of(loaded, arguments, false);
  const bool json = arguments.value("format") == "json";
  if (!json || !plan) print_findings(loaded.findings, arguments);
  if (!plan) return 1;
  if (json) printf("%s\n", to_json(plan_json(*plan, loaded.findings, arguments.has("explain"))).c_str());
  else print_text(*plan, arguments.has("explain"));
  return 0;
}

}  // namespace nsbox
