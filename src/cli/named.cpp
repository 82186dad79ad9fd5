// SPDX-License-Identifier: MIT
#include "cli/named.hpp"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "sys/clock.hpp"
#include "sys/process.hpp"

namespace nsbox {

void say(const std::string& what) { fprintf(stderr, "nsbox: %s\n", what.c_str()); }
int fail(const std::string& what) {
  say(what);
  return failed_status;
}
std::string because(const char* call) { return std::string(call) + ": " + error_words(errno); }

std::string not_found_out(const box::Holder& holder) { return std::string("its supervisor can't be found out: ") + holder.call + ": " + error_words(holder.error); }

std::string not_opened(const std::string& name) { return "the sandbox '" + escape(name) + "' in the state folder: " + because("openat"); }

std::string text_of(const Node& node, std::string_view key) {
  const Node* value = node.is_map() ? node.find(key) : nullptr;
  return value && value->is_scalar() ? value->text : std::string();
}

namespace {

/// Why a sandbox that is `forged` is not believed.
std::string disbelief(const box::States& states, const box::Sandbox& sandbox) {
  if (sandbox.holder.error) return not_found_out(sandbox.holder);
  if (sandbox.unknown) return "whether its supervisor (" + std::to_string(sandbox.holder.pid) + ") is the one that wrote its state can't be found out in /proc: read: " + error_words(sandbox.unknown);
  return "its state was not written by the process that holds it (" + std::to_string(sandbox.holder.pid) + "), so nothing in it is believed: look who that is, and remove '" + escape(states.path) + "/" + sandbox.name + "'";
}

}  // namespace

bool open_states(box::States& states) {
  const std::string problem = box::open_states(false, states);
  if (!problem.empty()) say(problem);
  return problem.empty();
}

std::optional<box::Sandbox> find_sandbox(const box::States& states, const std::string& name) {
  std::optional<box::Sandbox> sandbox = box::find(states, name);
  if (!sandbox && errno != ENOENT) {
    say(not_opened(name));
  } else if (!sandbox) {
    std::vector<std::string> names = box::names_in(states);
    const std::string_view near = nearest(name, {names.begin(), names.end()});
    say("there is no sandbox '" + escape(name) + "'" + (near.empty() ? "; 'nsbox ps -a' lists them" : "; did you mean '" + std::string(near) + "'?"));
  } else if (sandbox->forged) {
    say("'" + sandbox->name + "': " + disbelief(states, *sandbox));
    sandbox.reset();
  }
  return sandbox;
}

Fd open_shared_of(Str name, Shared what, std::string& problem) {
  box::States states;
  problem = box::open_states(false, states);
  if (!problem.empty()) return {};
  const std::optional<box::Sandbox> sandbox = box::find(states, name);
  if (!sandbox || !sandbox->holder.pid) {
    problem = sandbox ? "it has ended" : errno == ENOENT ? "there is none of that name" : "in the state folder: " + because("openat");
    return {};
  }
  box::Answer answer;
  problem = sandbox->forged ? disbelief(states, *sandbox) : box::ask(*sandbox, {}, answer);
  if (!problem.empty()) return {};
  Fd fd = std::move(answer.shared[static_cast<size_t>(what)]);
  if (!fd) problem = "its command has not been executed yet";
  return fd;
}

namespace {

bool has_ended(int pidfd, int64_t wait_ns) {
  struct pollfd ended = {pidfd, POLLIN, 0};
  const int64_t until = sys::monotonic_ns() + wait_ns;
  for (;;) {
    const int64_t left_ms = std::clamp<int64_t>((until - sys::monotonic_ns()) / 1'000'000, 0, INT32_MAX);
    const int ready = poll(&ended, 1, static_cast<int>(left_ms));
    if (ready > 0) return true;
    if (ready == 0 && left_ms < INT32_MAX) return false;
  }
}

}  // namespace

Ending begin_ending(const box::States& states, const std::string& name, int64_t timeout_ns) {
  Ending ending{name, box::find(states, name)};
  if (!ending.sandbox && errno != ENOENT) ending.problem = not_opened(name);
  if (!ending.sandbox || !ending.sandbox->holder.pid) return ending;
  ending.believed = !ending.sandbox->forged;
  if (!ending.believed) return ending;
  sys::pidfd_send_signal(ending.sandbox->holder.pidfd.number(), SIGCONT);  // one that was stopped
  // One that is only beginning may not listen yet.
  std::string problem;
  for (int tries = 0; tries < 100; tries++) {
    box::Answer answer;
    problem = box::ask(*ending.sandbox, {1, box::Request::Kind::stop, timeout_ns}, answer);
    if (problem.empty() || ending.sandbox->status != "starting" || has_ended(ending.sandbox->holder.pidfd.number(), 10'000'000)) break;
  }
  if (timeout_ns < 0) {
    const std::string written = text_of(ending.sandbox->state, "stop_timeout_ns");
    timeout_ns = written.empty() ? 10'000'000'000 : strtoll(written.c_str(), nullptr, 10);
  }
  // The supervisor kills what has not ended in time; it has some seconds more to say so.
  constexpr int64_t grace_ns = 5'000'000'000;
  if (problem.empty()) ending.until_ns = sys::monotonic_ns() + timeout_ns + grace_ns;
  return ending;
}

bool finish_ending(const box::States& states, const Ending& ending) {
  const std::string& name = ending.name;
  if (!ending.problem.empty()) return say(ending.problem), false;
  if (!ending.sandbox) return true;
  const box::Holder& holder = ending.sandbox->holder;
  if (!ending.believed) {
    say(disbelief(states, *ending.sandbox) + "; nothing is done to that process");
    return false;
  }
  if (holder.pid && !has_ended(holder.pidfd.number(), ending.until_ns - sys::monotonic_ns())) {
    sys::pidfd_send_signal(holder.pidfd.number(), SIGKILL);  // and all goes with it
    if (!has_ended(holder.pidfd.number(), 5'000'000'000)) return say("'" + name + "': its supervisor (pid " + std::to_string(holder.pid) + ") does not end, even by SIGKILL"), false;
  }
  const box::Guard guard(states);
  if (!guard) return say("the state folder's lock: " + because("flock")), false;
  // It may have been taken again since.
  const Fd entry = box::open_entry(states, name);
  if (!entry && errno != ENOENT) return say(not_opened(name)), false;
  const box::Holder again = entry ? box::holder_of(entry) : box::Holder();
  if (again.error) return say("'" + name + "': " + not_found_out(again)), false;
  if (!entry || again.pid) return true;
  if (!box::remove_entry(states, name)) return say("'" + escape(states.path) + "/" + name + "': " + because("unlinkat") + (errno == ENOTEMPTY ? "; what is in it was not made by nsbox: look, and remove it" : "")), false;
  return true;
}

}  // namespace nsbox
