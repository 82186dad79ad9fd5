// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "fields/diagnostic.hpp"
#include "plan/plan.hpp"

namespace nsbox {

/// The plan for people: each step with its system calls and the line it comes from.
Node plan_json(const Plan& plan, const Findings& findings, bool explain);
std::string plan_text(const Plan& plan, bool explain);

/// What the plan leaves open, said plainly.
std::vector<std::string> plan_remarks(const Plan& plan);

}  // namespace nsbox
