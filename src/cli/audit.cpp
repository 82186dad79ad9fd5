// SPDX-License-Identifier: MIT
#include <cstdio>

#include "base/text.hpp"
#include "cli/audit_text.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "spec/make_plan.hpp"

namespace nsbox {
namespace {

/// "7" or "7.5", from 0 to 10, in tenths.
bool parse_score(std::string_view text, int& tenths) {
  const size_t dot = text.find('.');
  int64_t whole = 0, part = 0;
  if (!parse_integer(text.substr(0, dot), whole) || whole < 0) return false;
  if (dot != text.npos && (text.size() != dot + 2 || !parse_integer(text.substr(dot + 1), part) || part < 0)) return false;
  if (whole > 10 || (whole == 10 && part > 0)) return false;
  tenths = static_cast<int>(whole * 10 + part);
  return true;
}

}  // namespace

int run_audit(const Arguments& arguments) {
  const Command& command = *find_command("audit");
  int least = 0;
  if (arguments.has("fail-below") && !parse_score(arguments.value("fail-below"), least))
    return usage_error(command, "--fail-below takes a score from 0 to 10, with at most one decimal, not '" + escape(arguments.value("fail-below")) + "'");
  Loaded loaded = load(arguments, command);
  if (!loaded.spec) return loaded.status;
  const Spec& spec = *loaded.spec;
  make_plan(spec, loaded.facts, loaded.findings, true);
  if (loaded.findings.failed()) {
    drop_allowed(loaded.findings, spec);
    std::erase_if(loaded.findings.diagnostics, [](const Diagnostic& each) { return severity_of(each.code) == Severity::exposure; });
    print_findings(loaded.findings, arguments);
    return 1;
  }
  if (arguments.value("format") == "json") printf("%s\n", to_json(audit_json(loaded.findings, spec)).c_str());
  else fputs(audit_text(loaded.findings, spec).c_str(), stdout);
  const int score = score_of(loaded.findings);
  if (score >= least) return 0;
  fprintf(stderr, "nsbox: the score of '%s', %s, is below %s\n", escape(spec.name).c_str(), score_text(score).c_str(), score_text(least).c_str());
  return 1;
}

}  // namespace nsbox
