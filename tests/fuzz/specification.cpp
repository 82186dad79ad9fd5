// SPDX-License-Identifier: MIT
// A specification: loader, decoder, rules, planner. What is valid is so when `show` has printed it, and
// then the same; a plan that was saved is the same plan.
#include <algorithm>

#include "cli/explain.hpp"
#include "cli/plan_text.hpp"
#include "fuzz.hpp"
#include "plan/saved.hpp"

using namespace nsbox;

namespace {

std::string shown(const Spec& spec) {
  Node node = encode(spec);
  node.erase("extends");
  node.erase("vars");
  if (spec.process.cpu_affinity.empty() && node.find("process")) node.find("process")->erase("cpu_affinity");
  if (!spec.namespaces.fresh(NsType::mount)) node.erase("propagation");
  return to_yaml(node);
}

/// The order of a mount's keys is not a part of what it means.
std::vector<std::string> sorted(const std::string& text) {
  std::vector<std::string> lines = split(text, '\n');
  std::sort(lines.begin(), lines.end());
  return lines;
}

void plan(Spec& spec, bool root) {
  const HostFacts facts = fuzz::host(root);
  Findings findings;
  findings.files.push_back({});
  const Plan plan = make_plan(spec, facts, findings, true);
  findings_text(findings, 1);
  if (findings.failed()) return;
  SavedFor made_for{"build", "host", 1, 2, true, {}}, back;
  for (const std::string& name : plan.files) made_for.sources.push_back({name, "/work/" + name});
  const std::string text = plan_text(plan, true), saved = save_plan(plan, made_for);
  const std::optional<Plan> again = read_plan(saved, "build", back);
  fuzz::require(again && plan_text(*again, true) == text, "a plan is another when it is saved and read back", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Clock clock;
  fuzz::Files files{{"spec.yaml", {reinterpret_cast<const char*>(data), size}}};
  const HostFacts facts = fuzz::host(false);
  Findings findings;
  std::unique_ptr<Spec> spec = load_spec(findings, {"spec.yaml", {}, ""}, facts.caller, fuzz::reader(files));
  findings_text(findings, 1);
  if (!spec) return 0;
  const std::string once = shown(*spec);
  files["spec.yaml"] = once;
  Findings more;
  std::unique_ptr<Spec> second = load_spec(more, {"spec.yaml", {}, ""}, facts.caller, fuzz::reader(files));
  fuzz::require(second != nullptr, "what show prints is not valid", once + findings_text(more, 1));
  fuzz::require(sorted(shown(*second)) == sorted(once), "show is no fixed point", once + "---\n" + shown(*second));
  plan(*spec, false);
  plan(*second, true);
  return 0;
}
