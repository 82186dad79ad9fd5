// SPDX-License-Identifier: MIT
// What of the host a sandbox can still reach once all its mounts are in place: warnings where that is
// likely a mistake, and for `audit` everything that was asked for beyond the hardest sandbox.
#pragma once
#include <span>

#include "fields/diagnostic.hpp"

namespace nsbox {

class PlanBuilder;

/// Sockets of the host, the caller's home, hooks of a repository.
void warn_of_reach(PlanBuilder& builder);

/// What `audit` counts beside the warnings.
void add_exposures(PlanBuilder& builder);

/// What a finding takes off the score, in tenths of a point; each of them is subtracted from 10.
struct Weight {
  Code code;
  int tenths;
  int most = 0;  // not 0: so many tenths for each of what the finding counts, and no more than this
};
std::span<const Weight> weights();
/// 0: `audit` does not count it.
int weight_of(const Diagnostic& finding);

}  // namespace nsbox
