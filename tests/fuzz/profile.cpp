// SPDX-License-Identifier: MIT
// A seccomp profile of the OCI runtimes' form, and the program that is made of it.
#include "cli/explain.hpp"
#include "filter/policy.hpp"
#include "fuzz.hpp"

using namespace nsbox;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Clock clock;
  const fuzz::Files files{{"spec.yaml", "nsbox: 1\nsecurity: {seccomp: ./profile.json}\nprocess: {command: [/bin/x]}\n"}, {"profile.json", {reinterpret_cast<const char*>(data), size}}};
  const HostFacts facts = fuzz::host(false);
  Findings findings;
  std::unique_ptr<Spec> spec = load_spec(findings, {"spec.yaml", {}, ""}, facts.caller, fuzz::reader(files));
  if (spec) {
    const Plan plan = make_plan(*spec, facts, findings, false);
    if (!findings.failed())
      for (const Entry<PayloadStep>& entry : plan.payload)
        if (const auto* filter = std::get_if<SetFilter>(&entry.step))
          for (uint32_t number = 0; number < 512; number++) filter::answer(filter->program, filter::native_arch, number);
  }
  findings_text(findings, 1);
  return 0;
}
