// SPDX-License-Identifier: MIT
// What `audit` says, from the findings of a plan made with exposures.
#pragma once
#include <string>

#include "fields/diagnostic.hpp"
#include "spec/spec.hpp"

namespace nsbox {

/// In tenths of a point, 0…100: 10 points less the weight of each finding.
int score_of(const Findings& findings);
/// "7.5"
std::string score_text(int tenths);
std::string_view score_words(int tenths);

/// Worst first: weight, what is exposed, the key that closes it.
std::string audit_text(const Findings& findings, const Spec& spec);
Node audit_json(const Findings& findings, const Spec& spec);

}  // namespace nsbox
