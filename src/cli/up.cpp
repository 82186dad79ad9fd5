// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/load.hpp"
#include "cli/log.hpp"
#include "cli/output.hpp"
#include "cli/saved_file.hpp"
#include "fields/scalars.hpp"
#include "host/probe.hpp"
#include "plan/describe.hpp"
#include "run/launcher.hpp"
#include "run/sealed_self.hpp"
#include "sys/fd.hpp"

namespace nsbox {
namespace {

constexpr int failed_status = 125;

std::string_view reason_word(Reason reason) {
  switch (reason) {
    case Reason::exited: return "exited";
    case Reason::signal: return "signal";
    case Reason::timeout: return "timeout";
    case Reason::setup: break;
  }
  return "setup";
}

Node seconds(uint64_t ns) {
  char text[32];
  snprintf(text, sizeof text, "%llu.%06llu", static_cast<unsigned long long>(ns / 1'000'000'000), static_cast<unsigned long long>(ns % 1'000'000'000 / 1000));
  return Node::scalar(text, true);
}
Node seconds(const struct timeval& time) { return seconds(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_usec) * 1000); }

Node namespaces_node(const LaunchResult& result) {
  Node map = Node::map();
  for (const NamespaceId& each : result.namespaces) map.set(each.name, Node::scalar(std::to_string(each.inode), true));
  return map;
}

/// The account of a run, for --report and the last line of --status-fd.
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
    uint64_t first = 0;
    for (const StepLine& line : describe(plan)) {
      const uint64_t begun = line.number < result.times.size() ? result.times[line.number] : 0;
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

/// When each step began, what it took until the next one did, and the sum of each stage.
void print_timings(const Plan& plan, const LaunchResult& result) {
  const std::vector<StepLine> lines = describe(plan);
  std::vector<std::pair<uint64_t, const StepLine*>> begun;
  for (const StepLine& line : lines)
    if (line.number < result.times.size() && result.times[line.number]) begun.emplace_back(result.times[line.number], &line);
  std::stable_sort(begun.begin(), begun.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  uint64_t sums[std::size(stages)] = {};
  fprintf(stderr, "%5s  %10s  %10s  %s\n", "step", "at us", "took us", "what");
  for (size_t i = 0; i < begun.size(); i++) {
    const uint64_t took = i + 1 < begun.size() ? begun[i + 1].first - begun[i].first : 0;
    const StepLine& line = *begun[i].second;
    sums[static_cast<size_t>(line.stage)] += took;
    fprintf(stderr, "%5u  %10.1f  %10.1f  %s %s\n", line.number, static_cast<double>(begun[i].first - begun[0].first) / 1e3, static_cast<double>(took) / 1e3, line.text.name.c_str(), escape(line.text.object).c_str());
  }
  for (const StageInfo& stage : stages)
    if (const uint64_t sum = sums[static_cast<size_t>(stage.stage)]) fprintf(stderr, "stage %-14s %10.1f us\n", std::string(stage.name).c_str(), static_cast<double>(sum) / 1e3);
}

void print_failure(const LaunchSentence& sentence) {
  std::string out = paint(2, Paint::bold, sentence.place + ":") + " " + paint(2, Paint::red, "error:") + " ";
  if (!sentence.pointer.empty()) out += sentence.pointer + ": ";
  out += sentence.what + "\n";
  if (!sentence.hint.empty()) out += "    " + paint(2, Paint::green, "hint:") + " " + sentence.hint + "\n";
  fputs(out.c_str(), stderr);
}

/// Where the account goes; opened before anything is launched, so that nothing is lost later.
struct Outputs {
  Fd report;
  int status = -1;

  void event(Node node) const {
    if (status < 0) return;
    const std::string line = to_json(node, -1) + "\n";
    sys::write_all(status, line.data(), line.size());
  }
};

bool open_outputs(const Arguments& arguments, const Command& command, Outputs& outputs) {
  if (arguments.has("report")) {
    // A link that somebody else put there is not followed.
    const std::string path = arguments.value("report");
    outputs.report = Fd::adopt(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644));
    if (!outputs.report) {
      usage_error(command, "--report '" + escape(path) + "': " + (errno == ELOOP ? "it is a symbolic link, and links are not followed" : strerror(errno)));
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

/// Launches, and gives the account of it. `facts` are asked for only when something has failed.
int run_plan(const Plan& plan, const std::function<HostFacts()>& facts, const Arguments& arguments, const Outputs& outputs) {
  LaunchOptions options;
  options.times = arguments.has("timings") || arguments.has("report");
  options.namespaces = arguments.has("report") || arguments.has("status-fd");
  const bool told = outputs.status >= 0 || logs(LogLevel::info);
  if (told) options.on_executed = [&](const LaunchResult& so_far, pid_t pid) {
    if (logs(LogLevel::info)) log(LogLevel::info, "executed, pid " + std::to_string(pid));
    Node node = Node::map();
    node.set("event", Node::scalar("executed"));
    node.set("pid", Node::number(pid));
    node.set("namespaces", namespaces_node(so_far));
    outputs.event(std::move(node));
  };
  if (logs(LogLevel::info)) log(LogLevel::info, "launching '" + plan.name + "' in " + std::to_string(plan.steps()) + " steps");
  const LaunchResult result = launch(plan, options);
  const int status = result.exit_status();
  LaunchSentence sentence;
  if (!result.executed) {
    sentence = sentence_of(plan, result, facts());
    print_failure(sentence);
  } else if (result.reason == Reason::timeout) {
    fprintf(stderr, "nsbox: '%s' was ended at its timeout of %s\n", plan.name.c_str(), print_duration(plan.supervision.timeout_ns).c_str());
  }
  if (logs(LogLevel::info)) log(LogLevel::info, "ended with status " + std::to_string(status));
  if (arguments.has("timings")) print_timings(plan, result);
  if (outputs.report || outputs.status >= 0) {
    Node node = account(plan, result, result.executed ? nullptr : &sentence);
    const std::string text = to_json(node) + "\n";
    if (outputs.report && !sys::write_all(outputs.report.number(), text.data(), text.size())) fprintf(stderr, "nsbox: --report: %s\n", strerror(errno));
    node.erase("steps");
    node.set("event", Node::scalar(result.executed ? "ended" : "failed"));
    outputs.event(std::move(node));
  }
  return status;
}

/// For --report and --status-fd, when nothing could be launched.
int not_planned(const Outputs& outputs, Node problems) {
  Node node = Node::map();
  node.set("format_version", Node::number(1));
  node.set("executed", Node::boolean(false));
  node.set("reason", Node::scalar("setup"));
  node.set("status", Node::number(failed_status));
  node.set("diagnostics", std::move(problems));
  const std::string text = to_json(node) + "\n";
  if (outputs.report) sys::write_all(outputs.report.number(), text.data(), text.size());
  node.set("event", Node::scalar("failed"));
  outputs.event(std::move(node));
  return failed_status;
}

/// `input`: what was read from standard input, if anything was.
bool seal_self(const Plan& plan, const Arguments& arguments, const std::string_view* input) {
  if (!plan.sealed_self) return true;
  const char* call = run_from_sealed_copy(arguments.words, input);
  if (!*call) return true;
  fprintf(stderr, "nsbox: no sealed copy of its own program: %s: %s (%s)\n", call, strerror(errno), error_name(errno).c_str());
  return false;
}

int run_saved(const std::string& path, const OpenSource& file, const Command& command, const Arguments& arguments, const Outputs& outputs) {
  if (arguments.has("set")) return usage_error(command, "--set is for a specification; the values of a saved plan stand in it");
  SavedPlan saved;
  std::string problem = map_saved_plan(file, arguments.has("stale-ok"), saved);
  Plan& plan = saved.plan;
  if (problem.empty() && !arguments.after.empty()) plan.set_command(arguments.after);
  if (problem.empty() && !plan.has_command()) problem = "has no command; give one after '--'";
  if (!problem.empty()) {
    fprintf(stderr, "nsbox: %s: the saved plan %s\n", escape(path).c_str(), problem.c_str());
    Node list = Node::list(), one = Node::map();
    one.set("severity", Node::scalar("error"));
    one.set("code", Node::scalar("saved-plan"));
    one.set("file", Node::scalar(path));
    one.set("message", Node::scalar("the saved plan " + problem));
    list.items.push_back(std::move(one));
    return not_planned(outputs, std::move(list));
  }
  if (arguments.has("name")) plan.name = arguments.value("name");
  if (!seal_self(plan, arguments, nullptr)) return failed_status;
  return run_plan(plan, probe_host, arguments, outputs);
}

}  // namespace

int run_up(const Arguments& arguments) {
  const Command& command = *find_command("up");
  Outputs outputs;
  if (!open_outputs(arguments, command, outputs)) return failed_status;
  const std::string path = operand_of(arguments);
  OpenSource file;
  const bool open = open_source(path, file).empty();
  if (open && is_saved_plan(file.begin)) return run_saved(path, file, command, arguments, outputs);
  if (arguments.has("stale-ok")) return usage_error(command, "--stale-ok is for a saved plan, and '" + escape(path) + "' is none");
  Loaded loaded = load(arguments, command, open ? &file : nullptr);
  std::optional<Plan> plan;
  if (loaded.spec) {
    plan = plan_of(loaded, arguments, true);
    if (!loaded.findings.diagnostics.empty()) fputs(findings_text(loaded.findings, 2).c_str(), stderr);
  }
  if (!plan) return not_planned(outputs, findings_json(loaded.findings));
  const SourceFile& first = loaded.findings.files[0];
  const std::string_view text = first.text;
  if (!seal_self(*plan, arguments, first.name == "-" ? &text : nullptr)) return failed_status;
  return run_plan(*plan, [&] { return loaded.facts; }, arguments, outputs);
}

}  // namespace nsbox
