// SPDX-License-Identifier: MIT
#include <cstdio>

#include "base/text.hpp"
#include "box/exec_plan.hpp"
#include "cli/explain.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "cli/plan_text.hpp"
#include "cli/saved_file.hpp"
#include "plan/describe.hpp"

namespace nsbox {

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
    if (!line.text.lists.empty()) {
      Node lists = Node::map();
      for (const auto& [key, value] : line.text.lists) {
        Node names = Node::list();
        for (const std::string& name : split(value, ' ')) names.items.push_back(Node::scalar(name));
        lists.set(key, std::move(names));
      }
      step.set("lists", std::move(lists));
    }
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
  for (const std::string& remark : plan_remarks(plan)) notes.items.push_back(Node::scalar(remark));
  document.set("notes", std::move(notes));
  document.set("diagnostics", findings_json(findings));
  return document;
}

int run_plan(const Arguments& arguments) {
  const Command& command = *find_command("plan");
  Loaded loaded = load(arguments, command);
  if (!loaded.spec) return loaded.status;
  // A saved plan is run later and elsewhere: it has a terminal only where the specification says so.
  const bool detach = arguments.has("detach");
  if (detach && arguments.has("out")) return usage_error(command, "--detach and --out contradict each other: a saved plan is one of both, and 'nsbox up --detach' runs it");
  if (arguments.value("out") == "-") return usage_error(command, "--out needs the name of a file: a saved plan is no text");
  if (detach || arguments.has("out")) loaded.facts.caller.on_terminal = [] { return false; };
  std::optional<Plan> plan = plan_of(loaded, arguments, false);
  if (detach && plan) box::share_with_supervisor(*plan);
  const bool json = arguments.value("format") == "json";
  if (!json || !plan) print_findings(loaded.findings, arguments);
  if (!plan) return 1;
  if (arguments.has("out")) {
    const std::string out = arguments.value("out");
    if (const std::string problem = write_saved_plan(out, *plan, loaded); !problem.empty()) {
      fprintf(stderr, "nsbox: --out '%s': %s\n", escape(out).c_str(), problem.c_str());
      return 2;
    }
    if (!json) return printf("%s: %u steps\n", escape(out).c_str(), plan->steps()), 0;
    Node document = Node::map();
    document.set("format_version", Node::number(1));
    document.set("out", Node::scalar(out));
    document.set("steps", Node::number(plan->steps()));
    document.set("diagnostics", findings_json(loaded.findings));
    return printf("%s\n", to_json(document).c_str()), 0;
  }
  if (json) printf("%s\n", to_json(plan_json(*plan, loaded.findings, arguments.has("explain"))).c_str());
  else fputs(plan_text(*plan, arguments.has("explain")).c_str(), stdout);
  return 0;
}

}  // namespace nsbox
