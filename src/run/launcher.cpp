// SPDX-License-Identifier: MIT
#include "run/launcher.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string_view>

#include "base/launch_memory.hpp"
#include "base/text.hpp"
#include "run/session.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

// Variables that change what a program loads or how a shell reads: only by their exact name.
constexpr std::string_view dangerous[] = {"LD_*", "GLIBC_TUNABLES", "BASH_ENV", "ENV", "IFS", "NSBOX_*"};

bool inherits(const Environment& environment, std::string_view name) {
  bool danger = false;
  for (const std::string_view pattern : dangerous) danger |= glob_match(pattern, name);
  for (const Str pattern : environment.inherit)
    if (name == pattern || (!danger && glob_match(pattern, name))) return true;
  return environment.inherit_all && !danger;
}

/// The payload's environment, made before the clone; values of the caller are read only here.
void make_environment(Session& session) {
  const Environment& environment = session.plan.environment;
  const auto is_set = [&](std::string_view name) {
    for (const Variable& variable : environment.set)
      if (name == variable.name) return true;
    return false;
  };
  for (char** each = environ; *each; each++) {
    const std::string_view entry = *each, name = entry.substr(0, entry.find('='));
    if (inherits(environment, name) && !is_set(name)) session.words.emplace_back(entry);
  }
  for (size_t i = 0; i < environment.set.size(); i++) {
    const Variable& variable = environment.set[i];
    bool later = false;  // PATH may be here twice: the written one counts
    for (size_t j = i + 1; j < environment.set.size(); j++) later |= std::string_view(environment.set[j].name) == variable.name;
    if (variable.value && !later) session.words.push_back(std::string(variable.name) + "=" + variable.value);
  }
  for (std::string& word : session.words) {
    session.environment.push_back(word.data());
    if (word.starts_with("PATH=")) session.child.path = word.c_str() + 5;
  }
  session.environment.push_back(nullptr);
  session.child.environment = session.environment.data();
  if (!session.child.path) session.child.path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/// The caller's terminal among 0, 1, 2, for `terminal: inherit` and for what a new one replaces.
void find_terminal(Session& session) {
  ChildState& child = session.child;
  const TerminalKind kind = session.plan.supervision.terminal;
  for (int fd = 0; fd < 3 && kind != TerminalKind::none; fd++) {
    const bool tty = isatty(fd);
    if (kind == TerminalKind::inherit && child.terminal < 0 && tty) child.terminal = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    // A file that the caller put in stderr's place stays.
    if (kind == TerminalKind::fresh && fd == 2 && !tty) child.stdio_kept[fd] = true;
    if (child.stdio[fd] == -2) child.stdio_kept[fd] = false;
  }
}

/// Runs the launcher's steps of one list; false after the first that fails.
template <class Variant>
bool walk(Session& session, const std::vector<Entry<Variant>>& entries, uint32_t number, LaunchResult& result) {
  for (const Entry<Variant>& entry : entries) {
    const int64_t begun = session.child.timed ? sys::monotonic_ns() : 0;
    Outcome outcome;
    with_step(entry.step, [&](const auto& step) { outcome = run(step, session); });
    if (session.child.page) session.child.page->times[number] = begun;
    if (outcome.failed()) {
      result.step = number;
      result.why = outcome.why;
      result.error = outcome.error;
      result.call = outcome.call;
      if (session.child.page) result.detail = session.child.page->detail;
      return false;
    }
    number++;
  }
  return true;
}

void report_failure(Session& session, uint32_t number, const char* call) { tell_failure(*session.child.page, number, failed(call)); }

/// The helper that joins: it enters what there is to enter, makes the child in its own parent's
/// name (CLONE_PARENT), and ends. The launcher itself could never come back.
[[noreturn]] void run_joiner(Session& session) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0);
  uint32_t number = session.plan.first_of_join();
  for (const Entry<JoinStep>& entry : session.plan.join) {
    const SetNamespace& step = *std::get_if<SetNamespace>(&entry.step);
    if (session.child.timed) session.child.page->times[number] = sys::monotonic_ns();
    if (setns(session.child.slot(step.slot), step.type) < 0) {
      report_failure(session, number, "setns");
      _exit(125);
    }
    number++;
  }
  write_title(session.child.title, session.child.title_room, session.child.inner_title);  // others are in there already, and see the new process from its beginning
  int pidfd = -1;
  const pid_t pid = sys::clone3(session.plan.clone.step.flags | CLONE_PARENT, 0, &pidfd);
  if (pid == 0) {
    for (const Entry<JoinStep>& entry : session.plan.join) session.child.close_slot(std::get_if<SetNamespace>(&entry.step)->slot);
    run_child(session.child);
  }
  if (pid < 0) {
    report_failure(session, session.plan.clone_number(), "clone3");
    _exit(125);
  }
  // The number is the launcher's: entering a pid namespace moves only children.
  if (send_record(session.child_channel.number(), {Record::Kind::gate, pid}, pidfd)) _exit(0);
  report_failure(session, session.plan.clone_number(), "sendmsg");
  _exit(125);
}

bool receive_child(Session& session) {
  Record record;
  int fd = -1;
  if (receive_record(session.channel.number(), record, fd, 0) <= 0 || fd < 0) return false;
  session.child_pid = record.value;
  session.child_pidfd = Fd::adopt(fd);
  return true;
}

bool clone_child(Session& session, LaunchResult& result) {
  const Clone& step = session.plan.clone.step;
  const uint32_t number = session.plan.clone_number();
  if (session.child.timed) session.child.page->times[number] = sys::monotonic_ns();
  const auto give_up = [&](const char* call) {
    result.step = number;
    result.error = errno;
    result.call = call;
    return false;
  };
  if (!step.joiner) {
    int pidfd = -1;
    session.child_pid = sys::clone3(step.flags, SIGCHLD, &pidfd);
    if (session.child_pid == 0) run_child(session.child);
    if (session.child_pid < 0) return give_up("clone3");
    session.child_pidfd = Fd::adopt(pidfd);
    return true;
  }
  const pid_t joiner = sys::clone3(0, SIGCHLD, nullptr);
  if (joiner == 0) run_joiner(session);
  if (joiner < 0) return give_up("clone3");
  int status = 0;
  while (waitpid(joiner, &status, 0) < 0 && errno == EINTR) {
  }
  errno = EPIPE;  // of a joiner that ended without a word
  if (status == 0 && receive_child(session)) return true;
  const Page& page = *session.child.page;
  const int error = errno;
  const bool gated = !session.plan.place.empty() && std::holds_alternative<OpenGate>(session.plan.place.back().step);
  if (gated && session.keeper <= 0) {  // a child that the joiner made and could not name ends at the closed gate
    session.channel.reset();
    session.child_channel.reset();
    while (waitpid(-1, nullptr, static_cast<int>(__WCLONE)) > 0 || errno == EINTR) {
    }
  }
  errno = error;
  if (!page.failed.load()) return give_up("recvmsg");
  result.step = page.failed.load();
  result.why = page.why;
  result.error = page.error;
  result.call = page.call ? page.call : "clone3";
  return false;
}

/// What is known when nothing was executed.
void take_failure(Session& session, LaunchResult& result) {
  const Page& page = *session.child.page;
  if (!result.lost.empty()) return;
  if (page.failed.load()) {
    result.step = page.failed.load();
    result.why = page.why;
    result.error = page.error;
    result.call = page.call ? page.call : "";
    result.detail = page.detail;
    result.head.assign(page.head, page.head_length);
    if (result.why == Why::command_missing || result.why == Why::command_refused || result.why == Why::interpreter_missing) result.command = page.detail;
  } else {
    result.step = page.step.load() ? page.step.load() : session.plan.clone_number();
    if (page.died_of.load()) result.died_of = page.died_of.load();
  }
}

void run_session(Session& session, const LaunchOptions& options, LaunchResult& result) {
  const Plan& plan = session.plan;
  session.child.title = options.title.data();
  session.child.title_room = options.title.size();
  session.child.inner_title = options.inner_title.data();
  std::copy(std::begin(options.stdio), std::end(options.stdio), session.child.stdio);
  session.child.timed = options.times;
  session.child.note_namespaces = options.namespaces;
  const bool told = options.times || options.namespaces;  // an account is asked for
  const int64_t begun = told ? sys::monotonic_ns() : 0;
  if (!walk(session, plan.prepare, 1, result)) return;
  make_environment(session);
  find_terminal(session);
  if (!clone_child(session, result)) return;
  session.child_channel.reset();
  for (const int fd : {0, 1})  // 2 is the same as 1
    if (options.stdio[fd] >= 0) close(options.stdio[fd]);
  if (!walk(session, plan.place, plan.first_of_place(), result)) {
    sys::pidfd_send_signal(session.child_pidfd.number(), SIGKILL);
    int status;
    while (waitpid(session.child_pid, &status, __WALL) < 0 && errno == EINTR) {
    }
    // Of a child that has given up there are no namespaces to open, nor an answer: its own word is the reason.
    if (session.child.page->failed.load()) take_failure(session, result);
    return;
  }
  supervise(session, options, result);
  if (told) result.wall_ns = sys::monotonic_ns() - begun;
  if (session.kept) session.kept->pins_stay.store(result.executed && !options.rehearsal);
  if (!result.executed) take_failure(session, result);
  if (options.times) result.times.assign(session.child.page->times, session.child.page->times + plan.steps() + 1);
}

}  // namespace

int LaunchResult::exit_status() const {
  if (executed) {
    if (reason == Reason::timeout) return 124;
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  }
  switch (why) {
    case Why::command_missing:
    case Why::interpreter_missing: return 127;
    case Why::command_refused:
    case Why::other_abi: return 126;
    default: return 125;
  }
}

LaunchResult launch(const Plan& plan, const LaunchOptions& options) {
  // What comes is written after the clone, too, where a large page would have to be copied; and then nsbox waits.
  end_launch_memory();
  LaunchResult result;
  Session& session = *new Session(plan, options);  // what it holds goes with the process, which ends soon after
  run_session(session, options, result);
  const int stays = session.kept ? take_away(*session.kept) : -1;
  if (stays >= 0) {
    result.stays_for = errno;
    result.stays = stays < Kept::most ? session.made[static_cast<size_t>(stays)] : session.kept->pins[stays - Kept::most].path;
  }
  session.clean_up();
  return result;
}

}  // namespace nsbox
