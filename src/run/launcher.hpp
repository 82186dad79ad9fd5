// SPDX-License-Identifier: MIT
// Makes a plan true: prepares, clones, places, opens the gate, and supervises what runs.
#pragma once
#include <sys/resource.h>

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.hpp"
#include "run/page.hpp"
#include "sys/fd.hpp"

namespace nsbox {

enum class Reason : uint8_t { exited, signal, timeout, stopped, setup };

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
  std::string lost;         // what could not be watched any longer by that call, so that all was ended; else ""

  std::string stays;        // what `create: host` made and could not be taken away, for this reason
  int stays_for = 0;

  int64_t wall_ns = 0;
  struct rusage usage = {};
  std::vector<int64_t> times;           // by step number, when asked for
  std::vector<NamespaceId> namespaces;   // of the payload, when asked for
  std::array<Fd, shared_count> shared;   // of a detached sandbox
  Ids looked_up;

  /// The status that nsbox ends with (the table in nsbox(1)).
  int exit_status() const;
};

/// What can be asked of the supervisor while the payload runs.
class Reins {
 public:
  /// The stop signal; after `timeout_ns` SIGKILL to all.
  virtual void stop(int64_t timeout_ns) = 0;
  int64_t stop_timeout_ns = 0;  // the plan's

 protected:
  ~Reins() = default;
};

/// A descriptor that is looked at as well while the payload runs; -1: no more.
struct Watch {
  int fd = -1;
  std::function<void(Reins&)> ready;
};

struct LaunchOptions {
  bool times = false;
  bool namespaces = false;
  bool rehearsal = false;          // nothing is to stay
  bool detached = false;           // nobody is at the terminal
  int stdio[3] = {-1, -1, -1};     // instead of the caller's 0, 1 and 2; closed here after the clone
  std::vector<Watch>* watches = nullptr;
  std::function<void(const char*, size_t)> output;           // of a new terminal; else to descriptor 1
  std::function<Fd(Str sandbox, Shared what, std::string& problem)> open_shared;
  std::span<char> title;           // the words of the command line as `ps` shows them
  std::string_view inner_title;    // what the new process writes there, before anybody inside can see it
  std::function<void(const LaunchResult& so_far, pid_t pid, Reins&)> on_executed;
  std::function<void(std::string_view lines, Reins&)> on_notice;  // what the command says at its NOTIFY_SOCKET (notices.hpp), after on_executed
};

LaunchResult launch(const Plan& plan, const LaunchOptions& options);

}  // namespace nsbox
