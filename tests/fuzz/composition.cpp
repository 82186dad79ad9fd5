// SPDX-License-Identifier: MIT
// Composition and substitution: the input is up to three files, split at lines of `%%`, of which the
// first is the specification and the others a.yaml and b.yaml, and a line `NAME=VALUE` at its top for --set.
#include "cli/explain.hpp"
#include "fuzz.hpp"

using namespace nsbox;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Clock clock;
  std::string rest(reinterpret_cast<const char*>(data), size);
  Input input{"spec.yaml", {}, ""};
  const size_t end = rest.find('\n'), equal = rest.find('=');
  if (end != rest.npos && equal < end) {
    input.set[rest.substr(0, equal)] = rest.substr(equal + 1, end - equal - 1);
    rest.erase(0, end + 1);
  }
  fuzz::Files files;
  for (const char* name : {"spec.yaml", "a.yaml", "b.yaml"}) {
    const size_t at = rest.find("\n%%\n");
    files[name] = rest.substr(0, at);
    if (at == rest.npos) break;
    rest.erase(0, at + 4);
  }
  const HostFacts facts = fuzz::host(false);
  Findings findings;
  load_spec(findings, input, facts.caller, fuzz::reader(files));
  const std::string text = findings_text(findings, 1);
  for (const char c : text) fuzz::require(static_cast<uint8_t>(c) >= 0x20 || c == '\n', "a control character in a message", text);
  return 0;
}
