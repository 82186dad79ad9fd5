// SPDX-License-Identifier: MIT
// The client stays until the command has been executed, and says what happened in the words of an
// attached `up`. The supervisor is forked from it, so that nothing has to be read or checked twice:
//
//   client                                 supervisor (a session of its own)
//     │ takes the name, under the guard
//     │ ── fork ───────────────────────────▶ │ holds the name's lock
//     │ ◀─ held ──────────────────────────── │ launches; its payload writes to a pipe, and it to the log
//     │ lets the guard go                    │ writes the state
//     │ ◀─ executed, or its exit status ──── │ closes what it has of the caller
//     ▼ exits                                ▼ supervises, answers at the control socket, writes the end
//
// When the client dies before the command is executed, the sandbox goes with it. When the
// supervisor is killed, all goes with it: init sees the channel close, the payload gets SIGKILL.
#include "cli/detach.hpp"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "base/text.hpp"
#include "box/exec_plan.hpp"
#include "box/states.hpp"
#include "cli/attendant.hpp"
#include "cli/log.hpp"
#include "cli/named.hpp"

namespace nsbox {
namespace {

/// Makes the entry of a name that is free, or made free; empty after a message.
Fd reserve(const box::States& states, const std::string& name, bool replace, std::optional<box::Guard>& guard) {
  for (int tries = 0; tries < 100; tries++) {
    guard.emplace(states);
    if (!*guard) return fail("the state folder's lock: " + because("flock")), Fd();
    const Fd old = box::open_entry(states, name);
    if (!old && errno != ENOENT) return fail(not_opened(name)), Fd();
    const box::Holder holder = old ? box::holder_of(old) : box::Holder();
    if (holder.error) return fail("'" + name + "': " + not_found_out(holder)), Fd();
    if (!holder.pid) {
      Fd entry = box::make_entry(states, name);
      if (!entry) fail("'" + escape(states.path) + "/" + name + "': " + because("mkdirat") + (errno == ENOTEMPTY ? "; what is in it was not made by nsbox: look, and remove it" : ""));
      return entry;
    }
    guard.reset();
    if (!replace) return fail("the name '" + name + "' is in use (supervisor " + std::to_string(holder.pid) + "); 'nsbox down " + name + "' ends that one, --replace does so and takes its place, --name gives this one another"), Fd();
    Ending ending = begin_ending(states, name, -1);
    if (!finish_ending(states, ending)) return {};
  }
  return fail("the name '" + name + "' is taken again and again"), Fd();
}

}  // namespace

int run_detached(Detached sandbox, const Arguments& arguments, const Outputs& outputs) {
  Plan& plan = sandbox.plan;
  if (!good_name(plan.name)) return fail("'" + escape(plan.name) + "' is no name for a sandbox: lower case letters, digits, '_', '.' and '-', at most 63, a letter or digit first");
  for (const auto& entry : plan.prepare)
    if (std::holds_alternative<ParentDeath>(entry.step)) return fail("process.die_with_parent and --detach contradict each other: what is detached outlives the process that started it");
  if (plan.supervision.terminal == TerminalKind::inherit) return fail("process.terminal: inherit and --detach contradict each other: a detached sandbox has no caller's terminal; 'new' makes one whose output goes to the log");
  box::share_with_supervisor(plan);

  box::States states;
  if (const std::string problem = box::open_states(true, states); !problem.empty()) return fail(problem);
  std::optional<box::Guard> guard;
  Fd entry = reserve(states, plan.name, arguments.has("replace"), guard);
  if (!entry) return failed_status;
  int pair[2];
  const auto given_back = [&](const std::string& what) {
    box::remove_entry(states, plan.name);
    return fail(what);
  };
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return given_back(because("socketpair"));
  Fd own = Fd::adopt(pair[0]), other = Fd::adopt(pair[1]);
  if (logs(LogLevel::info)) log(LogLevel::info, "detaching '" + plan.name + "' in " + std::to_string(plan.steps()) + " steps");
  fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) return given_back(because("fork"));
  if (pid == 0) attend(sandbox, states, std::move(entry), std::move(other), arguments, outputs);
  other.reset();
  for (;;) {
    Told told;
    ssize_t n;
    do n = recv(own.number(), &told, sizeof told, 0);
    while (n < 0 && errno == EINTR);
    if (n != sizeof told) {  // it is dead; if not, it ends unheard
      if (n >= 0) errno = ECONNRESET;
      const std::string unheard = because("recvfrom");
      kill(pid, SIGKILL);
      int status = 0;
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      if (!guard) guard.emplace(states);
      if (const Fd left = box::open_entry(states, plan.name); left && !box::holder_of(left).pid) box::remove_entry(states, plan.name);
      return fail("the supervisor of '" + plan.name + "': " + unheard + "; it died before the command was executed" + (WIFSIGNALED(status) ? " (signal " + std::to_string(WTERMSIG(status)) + ")" : ""));
    }
    if (told.kind == Told::Kind::held) {
      guard->end();
      guard.reset();
    } else if (told.kind == Told::Kind::failed) {
      if (guard) box::remove_entry(states, plan.name);
      return told.status;
    } else {
      if (logs(LogLevel::info)) log(LogLevel::info, "executed; supervisor " + std::to_string(pid));
      return 0;
    }
  }
}

}  // namespace nsbox
