// SPDX-License-Identifier: MIT
#include <cstdio>

#include "cli/explain.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "host/probe.hpp"
#include "spec/make_plan.hpp"

namespace nsbox {

int run_validate(const Arguments& arguments) {
  const Command& command = *find_command("validate");
  Arguments one = arguments;
  if (one.operands.empty()) one.operands.push_back("nsbox.yaml");
  const HostFacts facts = probe_host();
  int status = 0;
  Node all = Node::list();
  for (size_t i = 0; i < one.operands.size(); i++) {
    Input input;
    if (!input_of(one, command, i, input)) return command.usage_status;
    Findings findings;
    bool unreadable = false;
    const std::unique_ptr<Spec> spec = load_spec(findings, input, facts.caller, real_files(), &unreadable);
    if (spec) {
      // What the host says is at most a warning here; `doctor` and `plan` have the errors.
      if (!arguments.has("no-host")) {
        Findings on_host = findings;
        make_plan(*spec, facts, on_host);
        for (const Diagnostic& each : on_host.diagnostics)
          if (severity_of(each.code) == Severity::warning && std::find_if(findings.diagnostics.begin(), findings.diagnostics.end(), [&](const Diagnostic& old) { return old.code == each.code && old.pointer == each.pointer; }) == findings.diagnostics.end()) findings.diagnostics.push_back(each);
      }
      drop_allowed(findings, *spec);
    }
    const bool bad = findings.failed() || (arguments.has("strict") && !findings.diagnostics.empty());
    if (unreadable) status = 2;
    else if (bad && status == 0) status = 1;
    if (arguments.value("format") == "json") {
      Node file = Node::map();
      file.set("file", Node::scalar(input.path));
      file.set("valid", Node::boolean(!bad && !unreadable));
      file.set("diagnostics", findings_json(findings));
      file.set("more_errors", Node::number(static_cast<int64_t>(findings.more)));
      all.items.push_back(std::move(file));
      continue;
    }
    fputs(findings_text(findings, 2).c_str(), stderr);
    if (unreadable) continue;
    if (bad) fprintf(stderr, "%s: %zu error(s), %zu warning(s)\n", escape(input.path).c_str(), findings.count(Severity::error), findings.count(Severity::warning));
    else printf("%s: valid%s\n", escape(input.path).c_str(), findings.diagnostics.empty() ? "" : ", with warnings");
  }
  if (arguments.value("format") == "json") {
    Node document = Node::map();
    document.set("format_version", Node::number(1));
    document.set("files", std::move(all));
    printf("%s\n", to_json(document).c_str());
  }
  return status;
}

}  // namespace nsbox
