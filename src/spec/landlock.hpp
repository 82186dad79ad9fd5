// SPDX-License-Identifier: MIT
// security.landlock: files and ports that the payload refuses itself, whatever their modes say; also
// without any namespace.
#pragma once
#include <optional>
#include <vector>

#include "fields/scalars.hpp"
#include "spec/check.hpp"

namespace nsbox {

class PlanBuilder;

struct Landlock {
  std::optional<std::vector<BoxPath>> read, write, execute;
  std::optional<std::vector<Int<0, 65535>>> connect_tcp, bind_tcp;
  bool best_effort = false;

  bool files() const { return read || write || execute; }
  bool ports() const { return connect_tcp || bind_tcp; }

  static constexpr auto fields() {
    return std::tuple{
        field("read", &Landlock::read, "Files and folders, with all below, that can be read. Naming one of read, write, execute refuses all three but for what is listed."),
        field("write", &Landlock::write, "Those that can be read and written."),
        field("execute", &Landlock::execute, "Those whose programs can be run, which takes reading them."),
        field("connect_tcp", &Landlock::connect_tcp, "Ports that can be connected to. Naming either list of ports refuses both but for what is listed."),
        field("bind_tcp", &Landlock::bind_tcp, "Ports that can be listened on."),
        field("best_effort", &Landlock::best_effort, "What this kernel can't refuse is left open, with a warning, instead of an error."),
    };
  }
};

void check_landlock(const Check& check);
/// The ruleset and its rules: while files of the sandbox can still be found.
void plan_landlock_rules(PlanBuilder& builder);
void plan_landlock(PlanBuilder& builder);

}  // namespace nsbox
