// SPDX-License-Identifier: MIT
// The walk: from the clone to exec. The list is finished, so this only says where it is, and where
// and why it stopped; the launcher, which still has the plan, makes the sentence.
//
// This file and its steps are a library of their own without exceptions and RTTI; a test compares
// what it needs from outside with a short list.
#include <sys/stat.h>
#include <sys/wait.h>

#include "run/state.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

[[noreturn]] void give_up(ChildState& state, uint32_t number, const Outcome& outcome) {
  tell_failure(*state.page, number, outcome);
  _exit(125);
}

Outcome run(const ForkPayload&, ChildState&) { return done; }  // the walk forks (below)

template <class Variant>
void walk(ChildState& state, const std::vector<Entry<Variant>>& entries, uint32_t number) {
  for (const Entry<Variant>& entry : entries) {
    state.page->step.store(number, std::memory_order_relaxed);
    if (state.timed) state.page->times[number] = sys::monotonic_ns();
    Outcome outcome;
    with_step(entry.step, [&](const auto& step) { outcome = run(step, state); });
    if (outcome.failed()) give_up(state, number, outcome);
    number++;
  }
}

void note_namespaces(ChildState& state) {
  for (const NsInfo& each : ns_types) {
    char path[64];
    put_text(put_text(path, "self/ns/"), file_for_children(each.type));
    struct stat info;
    if (fstatat(state.slot(Slot::proc), path, &info, 0) == 0) state.page->namespaces[static_cast<size_t>(each.type)] = info.st_ino;
  }
}

}  // namespace

void run_child(ChildState& state) {
  const Plan& plan = *state.plan;
  write_title(state.title, state.title_room, state.inner_title);
  close(state.launcher_channel);
  const uint32_t first = plan.first_of_child();
  walk(state, plan.child, first);
  if (state.note_namespaces) note_namespaces(state);
  // Others are in the sandbox already: as little of the host as can be is open from here on.
  if (plan.clone.step.joiner) state.close_slot(Slot::proc);
  if (plan.supervision.init) {
    const uint32_t fork_number = plan.first_of_init() - 1;  // ForkPayload is the child's last step
    // CLONE_VFORK without CLONE_VM: this process goes on when the payload has been executed, or is
    // dead, and shares no memory with it.
    const pid_t payload = sys::clone3(CLONE_VFORK, SIGCHLD, nullptr);
    if (payload < 0) give_up(state, fork_number, failed("clone3"));
    if (payload > 0) {
      if (state.page->executing.load()) {
        walk(state, plan.init, plan.first_of_init());
        run_init(state, payload);
      }
      int status = 0;
      if (waitpid(payload, &status, 0) == payload && WIFSIGNALED(status)) state.page->died_of.store(WTERMSIG(status));
      _exit(125);
    }
  }
  walk(state, plan.payload, plan.first_of_payload());
  _exit(125);
}

}  // namespace nsbox
