// SPDX-License-Identifier: MIT
// A saved plan that somebody wrote by hand: it is refused, or can be printed and saved again; what it holds
// lies inside it. Length and check sum are put right, or nothing else would ever be read.
#include "cli/plan_text.hpp"
#include "fuzz.hpp"
#include "plan/saved.hpp"

using namespace nsbox;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::Clock clock;
  const std::string bytes = seal_plan({reinterpret_cast<const char*>(data), size});
  SavedFor made_for;
  const std::optional<Plan> plan = read_plan(bytes, "build", made_for);
  if (!plan) return 0;
  save_plan(*plan, made_for);
  plan_text(*plan, true);
  return 0;
}
