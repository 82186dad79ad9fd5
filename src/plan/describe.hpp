// SPDX-License-Identifier: MIT
// One step in words: read by `plan` (text, --explain, JSON), by run-time errors, and by the test
// that compares a traced launch with the plan.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.hpp"

namespace nsbox {

struct StepText {
  std::string name;    // the step's, e.g. open_tree
  std::string object;  // what it is done to: a path, a name, …
  std::vector<std::pair<std::string, std::string>> details;
  std::vector<std::string> calls;  // system calls, in order; `x*`: any number of them
  std::string why;     // for --explain
  std::vector<std::pair<std::string, std::string>> lists = {};  // long details: in JSON, and for --explain
};

/// The step numbered `number` (from 1).
StepText describe_step(const Plan& plan, uint32_t number);
Stage stage_of(const Plan& plan, uint32_t number);
const Origin& origin_of(const Plan& plan, uint32_t number);

struct StepLine {
  uint32_t number;
  Stage stage;
  uint32_t origin;
  StepText text;
};
std::vector<StepLine> describe(const Plan& plan);

std::string attribute_words(uint64_t attributes);    // "read-only, nosuid"
std::string propagation_words(uint64_t propagation);  // "private", "recursive slave"
std::string namespace_words(uint64_t flags);          // "user mount pid"
std::string shared_words(Shared what);                // "mount"
std::string capability_words(uint64_t mask);          // "NET_ADMIN, SYS_TIME"; "none"
std::string limit_words(int resource);

}  // namespace nsbox
