// SPDX-License-Identifier: MIT
#pragma once
#include "host/facts.hpp"
#include "plan/plan.hpp"
#include "spec/spec.hpp"

namespace nsbox {

/// From what is wanted and what the host has to what will be done. Pure: the same specification
/// and facts give the same plan. Problems go to `findings`; with an error the plan is not to be run.
/// `exposures`: with everything that `audit` counts, too.
Plan make_plan(const Spec& spec, const HostFacts& facts, Findings& findings, bool exposures = false);

}  // namespace nsbox
