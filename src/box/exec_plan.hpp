// SPDX-License-Identifier: MIT
// The plan of `exec`: the recorded plan of a running sandbox, without the steps that made it, with
// joins instead; everything that confines the payload is taken over as it stands.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "box/control.hpp"
#include "plan/plan.hpp"

namespace nsbox::box {

/// Makes a plan share what `exec` needs, and what those who join it: descriptors of its namespaces.
void share_with_supervisor(Plan& plan);

struct ExecRequest {
  std::vector<std::string> command;
  std::vector<std::string> env;      // NAME=VALUE
  std::optional<std::string> folder;  // -w
  std::optional<std::string> user;    // -u: USER[:GROUP], numbers or names of the sandbox
  bool terminal = false;              // -t
};

/// "" or what can't be done. `joins`: the namespaces that are not the caller's own. `sandbox` must
/// live as long as the plan.
std::string make_exec_plan(const Plan& recorded, const Known& known, const std::vector<NsType>& joins, const char* sandbox, const ExecRequest& request, Plan& out);

}  // namespace nsbox::box
