// SPDX-License-Identifier: MIT
// Makes a plan true: prepares, clones, places, opens the gate, and supervises what runs.
#pragma once
#include <sys/resource.h>

#include <functional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "run/page.hpp"

namespace nsbox {

enum class Reason : uint8_t { exited, signal, timeout, setup };

struct NamespaceId {
  const char* name;  // as in /proc/PID/ns
  uint64_t inode;
};

/// How a launch ended. Below the command line this is all that is known of an error: the sentence
/// is made from it and the plan.
struct LaunchResult {
  Reason reason = Reason::setup;
  bool executed = false;
  int wait_status = 0;      // of the command; meaningful when it was executed
  // Set-up that failed:
  uint32_t step = 0;        // its number in the plan; 0: none of them
  Why why = Why::call;
  int error = 0;
  std::string call, detail, head, command;
  int died_of = 0;          // a signal that ended the child before exec

  uint64_t wall_ns = 0;
  struct rusage usage = {};
  std::vector<uint64_t> times;           // by step number, when asked for
  std::vector<NamespaceId> namespaces;   // of the payload, when asked for

  /// The status that nsbox ends with (the table in nsbox(1)).
  int exit_status() const;
};

struct LaunchOptions {
  bool times = false;
  bool namespaces = false;
  std::function<void(const LaunchResult& so_far, pid_t pid)> on_executed;
};

LaunchResult launch(const Plan& plan, const LaunchOptions& options);

}  // namespace nsbox
