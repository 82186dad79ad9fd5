// SPDX-License-Identifier: MIT
// Saved plans as files: written for `plan --out`, mapped and checked for `up`.
#pragma once
#include <string>

#include "cli/load.hpp"
#include "plan/saved.hpp"

namespace nsbox {

/// What has to be as it is now.
SavedFor made_for(const Loaded& loaded);
/// What tells this build of nsbox from every other one.
std::string this_build();

/// Writes the plan beside `path` and puts it there at once. Returns "" or what is wrong.
std::string write_saved_plan(const std::string& path, const Plan& plan, const Loaded& loaded);

struct SavedPlan {
  Plan plan;
  SavedFor made_for;
};
/// The plan in an open file that is_saved_plan; "" or the reason why it can't be run. `stale_ok`:
/// specification files that have changed since do not matter.
std::string map_saved_plan(const OpenSource& file, bool stale_ok, SavedPlan& out);

}  // namespace nsbox
