// SPDX-License-Identifier: MIT
// The launcher's own state, and its steps (prepare_steps.cpp, place_steps.cpp).
#pragma once
#include <sys/resource.h>
#include <termios.h>

#include <string>
#include <vector>

#include "run/keeper.hpp"
#include "run/launcher.hpp"
#include "run/state.hpp"
#include "sys/fd.hpp"

namespace nsbox {

struct Session {
  Session(const Plan& plan, const LaunchOptions& options) : plan(plan), options(options), slots(plan.slots, -1) {
    child.plan = &plan;
    child.slots = slots.data();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Plan& plan;
  const LaunchOptions& options;
  ChildState child;
  std::vector<int> slots;
  size_t page_size = 0;
  Fd channel, child_channel, self, signals;
  Fd child_pidfd;
  Fd terminal;  // the launcher's side of a new one
  pid_t child_pid = -1;
  Kept* kept = nullptr;
  pid_t keeper = -1;
  std::vector<std::string> made;        // the paths of kept->made, for a message
  std::vector<std::string> words;       // what environment points to
  std::vector<char*> environment;

  /// Takes away what was made on the host.
  void clean_up();
};

Outcome run(const OpenProc&, Session&);
Outcome run(const MapReport&, Session&);
Outcome run(const OpenChannel&, Session&);
Outcome run(const OpenSelf&, Session&);
Outcome run(const StartKeeper&, Session&);
Outcome run(const TakeSignals&, Session&);
Outcome run(const CheckPassed&, Session&);
Outcome run(const RaiseFiles&, Session&);
Outcome run(const ParentDeath&, Session&);
Outcome run(const OpenStdio&, Session&);
Outcome run(const OpenNamespace&, Session&);
Outcome run(const OpenShared&, Session&);
Outcome run(const OpenTree&, Session&);
Outcome run(const OpenImage&, Session&);
Outcome run(const OpenFile&, Session&);
Outcome run(const MakeOnHost&, Session&);
Outcome run(const OpenTerminal&, Session&);

Outcome run(const DenySetgroups&, Session&);
Outcome run(const WriteIdMap&, Session&);
Outcome run(const RunIdMapper&, Session&);
Outcome run(const OpenUserNamespace&, Session&);
Outcome run(const MapTree&, Session&);
Outcome run(const PinNamespace&, Session&);
Outcome run(const ClearDumpable&, Session&);
Outcome run(const OpenGate&, Session&);

/// Makes a folder or an empty file (`mode` with its kind) in `folder` unless it is there, noted in `kept` before;
/// `path` is for a message.
Outcome make_on_host(Session& session, int folder, const std::string& path, const std::string& name, mode_t mode);
/// Waits for the end of what was launched; signals, terminal and time limits meanwhile.
void supervise(Session& session, const LaunchOptions& options, LaunchResult& result);

}  // namespace nsbox
