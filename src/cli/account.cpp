// SPDX-License-Identifier: MIT
#include "cli/account.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "cli/output.hpp"
#include "fields/scalars.hpp"
#include "plan/describe.hpp"
#include "run/sealed_self.hpp"

namespace nsbox {
namespace {

std::string_view reason_word(Reason reason) {
  switch (reason) {
    case Reason::exited: return "exited";
    case Reason::signal: return "signal";
    case Reason::timeout: return "timeout";
    case Reason::stopped: return "stopped";
    case Reason::setup: break;
  }
  return "setup";
}

Node seconds(int64_t ns) {
  char text[32];
  snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(ns / 1'000'000'000), static_cast<long long>(ns % 1'000'000'000 / 1000));
  return Node::scalar(text, true);
}
Node seconds(const struct timeval& time) { return seconds(time.tv_sec * 1'000'000'000 + time.tv_usec * 1000); }

}  // namespace

Node namespaces_node(const LaunchResult& result) {
  Node map = Node::map();
  for (const NamespaceId& each : result.namespaces) map.set(each.name, Node::scalar(std::to_string(each.inode), true));
  return map;
}

std::string likely_end(const Plan& plan, const LaunchResult& result) {
  if (!result.executed || !WIFSIGNALED(result.wait_status)) return "";
  const auto limit = [&](int resource) -> const SetLimit* {
    for (const auto& entry : plan.payload)
      if (const auto* step = std::get_if<SetLimit>(&entry.step); step && step->resource == resource) return step;
    return nullptr;
  };
  const SetLimit *cpu = limit(RLIMIT_CPU), *size = limit(RLIMIT_FSIZE);
  const struct rusage& usage = result.usage;  // of all that ran: one process alone may have taken less
  const int64_t used = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec + 100'000) / 1'000'000;
  switch (WTERMSIG(result.wait_status)) {
    case SIGSYS: return plan.payload_has<SetFilter>() ? "a system call that 'security.seccomp' ends a process for; the kernel's log has its number" : "";
    case SIGXCPU: return cpu && cpu->soft != UINT64_MAX ? "'rlimits.cpu' is used up" : "";
    case SIGXFSZ: return size && size->soft != UINT64_MAX ? "a file would have become larger than 'rlimits.fsize'" : "";
    case SIGKILL: return cpu && static_cast<uint64_t>(used) >= cpu->hard ? "the hard limit of 'rlimits.cpu' is used up" : "";
    default: return "";
  }
}

Node account(const Plan& plan, const LaunchResult& result, const LaunchSentence* sentence) {
  Node node = Node::map();
  node.set("format_version", Node::number(1));
  node.set("name", Node::scalar(plan.name));
  node.set("executed", Node::boolean(result.executed));
  node.set("reason", Node::scalar(std::string(reason_word(result.executed ? result.reason : Reason::setup))));
  const bool ended = result.executed;
  node.set("exit", ended && WIFEXITED(result.wait_status) ? Node::number(WEXITSTATUS(result.wait_status)) : Node{});
  node.set("signal", ended && WIFSIGNALED(result.wait_status) ? Node::scalar(signal_name(WTERMSIG(result.wait_status))) : Node{});
  node.set("status", Node::number(result.exit_status()));
  node.set("wall_seconds", seconds(result.wall_ns));
  node.set("user_seconds", seconds(result.usage.ru_utime));
  node.set("system_seconds", seconds(result.usage.ru_stime));
  node.set("peak_memory_bytes", Node::number(result.usage.ru_maxrss * 1024));
  node.set("namespaces", namespaces_node(result));
  if (!result.executed) {
    Node setup = Node::map();
    setup.set("step", Node::number(result.step));
    if (result.step && result.step <= plan.steps()) {
      const StepText step = describe_step(plan, result.step);
      setup.set("stage", Node::scalar(std::string(info(stage_of(plan, result.step)).name)));
      setup.set("name", Node::scalar(step.name));
      setup.set("object", Node::scalar(step.object));
    }
    setup.set("call", Node::scalar(result.call));
    setup.set("errno", result.error ? Node::scalar(error_name(result.error)) : Node{});
    if (sentence) {
      setup.set("place", Node::scalar(sentence->place));
      setup.set("path", Node::scalar(sentence->pointer));
      setup.set("message", Node::scalar(sentence->what));
      setup.set("hint", sentence->hint.empty() ? Node{} : Node::scalar(sentence->hint));
    }
    node.set("setup", std::move(setup));
  }
  if (!result.times.empty()) {
    Node steps = Node::list();
    int64_t first = 0;
    for (const StepLine& line : describe(plan)) {
      const int64_t begun = line.number < result.times.size() ? result.times[line.number] : 0;
      if (!begun) continue;
      if (!first) first = begun;
      Node step = Node::map();
      step.set("number", Node::number(line.number));
      step.set("stage", Node::scalar(std::string(info(line.stage).name)));
      step.set("name", Node::scalar(line.text.name));
      step.set("object", Node::scalar(line.text.object));
      step.set("begun_seconds", seconds(begun - first));
      steps.items.push_back(std::move(step));
    }
    node.set("steps", std::move(steps));
  }
  return node;
}

void print_timings(const Plan& plan, const LaunchResult& result) {
  const std::vector<StepLine> lines = describe(plan);
  std::vector<std::pair<int64_t, const StepLine*>> begun;
  for (const StepLine& line : lines)
    if (line.number < result.times.size() && result.times[line.number]) begun.emplace_back(result.times[line.number], &line);
  std::stable_sort(begun.begin(), begun.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  int64_t sums[std::size(stages)] = {};
  fprintf(stderr, "%5s  %10s  %10s  %s\n", "step", "at us", "took us", "what");
  for (size_t i = 0; i < begun.size(); i++) {
    const int64_t took = i + 1 < begun.size() ? begun[i + 1].first - begun[i].first : 0;
    const StepLine& line = *begun[i].second;
    sums[static_cast<size_t>(line.stage)] += took;
    fprintf(stderr, "%5u  %10.1f  %10.1f  %s %s\n", line.number, static_cast<double>(begun[i].first - begun[0].first) / 1e3, static_cast<double>(took) / 1e3, line.text.name.c_str(), escape(line.text.object).c_str());
  }
  for (const StageInfo& stage : stages)
    if (const int64_t sum = sums[static_cast<size_t>(stage.stage)]) fprintf(stderr, "stage %-14s %10.1f us\n", std::string(stage.name).c_str(), static_cast<double>(sum) / 1e3);
}

void print_failure(const LaunchSentence& sentence) {
  std::string out = paint(2, Paint::bold, sentence.place + ":") + " " + paint(2, Paint::red, "error:") + " ";
  if (!sentence.pointer.empty()) out += sentence.pointer + ": ";
  out += sentence.what + "\n";
  if (!sentence.hint.empty()) out += "    " + paint(2, Paint::green, "hint:") + " " + sentence.hint + "\n";
  fputs(out.c_str(), stderr);
}

bool seal_self(const Plan& plan, const Arguments& arguments, const std::string_view* input) {
  if (!plan.sealed_self) return true;
  const char* call = run_from_sealed_copy(arguments.words, input);
  if (!*call) return true;
  fprintf(stderr, "nsbox: no sealed copy of its own program: %s: %s\n", call, error_words(errno).c_str());
  return false;
}

void Outputs::event(const Node& node) const {
  if (status < 0) return;
  const std::string line = to_json(node, -1) + "\n";
  sys::write_all(status, line.data(), line.size());
}

void Outputs::executed(const LaunchResult& so_far, pid_t pid) const {
  Node node = Node::map();
  node.set("event", Node::scalar("executed"));
  node.set("pid", Node::number(pid));
  node.set("namespaces", namespaces_node(so_far));
  event(node);
}

void Outputs::ready() const {
  Node node = Node::map();
  node.set("event", Node::scalar("ready"));
  event(node);
}

void Outputs::end(Node node, bool executed) const {
  const std::string text = to_json(node) + "\n";
  if (report && !sys::write_all(report.number(), text.data(), text.size())) fprintf(stderr, "nsbox: --report: %s\n", error_words(errno).c_str());
  node.erase("steps");
  node.set("event", Node::scalar(executed ? "ended" : "failed"));
  event(node);
}

bool open_outputs(const Arguments& arguments, const Command& command, Outputs& outputs) {
  if (arguments.has("report")) {
    // A link that somebody else put there is not followed.
    const std::string path = arguments.value("report");
    outputs.report = Fd::adopt(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644));
    if (!outputs.report) {
      usage_error(command, "--report '" + escape(path) + "': " + (errno == ELOOP ? "it is a symbolic link, and links are not followed" : error_words(errno)));
      return false;
    }
  }
  if (arguments.has("status-fd")) {
    int64_t number = -1;
    const std::string text = arguments.value("status-fd");
    if (!parse_integer(text, number) || number < 0 || fcntl(static_cast<int>(number), F_GETFD) < 0) {
      usage_error(command, "--status-fd takes the number of an open descriptor, not '" + escape(text) + "'");
      return false;
    }
    outputs.status = static_cast<int>(number);
    if (outputs.status > 2) fcntl(outputs.status, F_SETFD, FD_CLOEXEC);
  }
  return true;
}

bool says_ready(std::string_view lines) { return lines.starts_with("READY=1\n") || lines.find("\nREADY=1\n") != lines.npos; }

void notify_caller(const std::string& words) {
  const char* path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {};
  if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  strcpy(address.sun_path, path);
  if (path[0] == '@') address.sun_path[0] = 0;
  const Fd fd = Fd::adopt(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + strlen(path));
  if (fd) sendto(fd.number(), words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const struct sockaddr*>(&address), length);
}

}  // namespace nsbox
