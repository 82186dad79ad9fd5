// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "cli/account.hpp"
#include "cli/detach.hpp"
#include "cli/load.hpp"
#include "cli/log.hpp"
#include "cli/named.hpp"
#include "cli/output.hpp"
#include "cli/saved_file.hpp"
#include "fields/scalars.hpp"
#include "host/probe.hpp"

namespace nsbox {
namespace {

/// Launches, gives the account of it, and ends. `facts` are asked for only when something has failed.
[[noreturn]] void run_plan(const Plan& plan, const std::function<HostFacts()>& facts, const Arguments& arguments, const Outputs& outputs) {
  LaunchOptions options;
  options.times = arguments.has("timings") || arguments.has("report");
  options.namespaces = arguments.has("report") || arguments.has("status-fd");
  options.open_shared = open_shared_of;
  const std::string init_title = process_title(plan.name, "init");
  options.title = command_line(arguments);  // of the new process, not of this one
  options.inner_title = init_title;
  const bool told = outputs.status >= 0 || logs(LogLevel::info) || getenv("NOTIFY_SOCKET");
  if (told) options.on_executed = [&](const LaunchResult& so_far, pid_t pid, Reins&) {
    if (logs(LogLevel::info)) log(LogLevel::info, "executed, pid " + std::to_string(pid));
    outputs.executed(so_far, pid);
    if (!plan.supervision.notify) notify_caller("READY=1\n");
  };
  bool ready = false;
  options.on_notice = [&](std::string_view lines, Reins&) {
    notify_caller(std::string(lines));
    if (ready || !says_ready(lines)) return;
    ready = true;
    if (logs(LogLevel::info)) log(LogLevel::info, "ready");
    outputs.ready();
  };
  if (logs(LogLevel::info)) log(LogLevel::info, "launching '" + plan.name + "' in " + std::to_string(plan.steps()) + " steps");
  const LaunchResult result = launch(plan, options);
  const int status = result.exit_status();
  LaunchSentence sentence;
  if (!result.executed) {
    sentence = sentence_of(plan, result, facts);
    print_failure(sentence);
  } else if (result.reason == Reason::timeout) {
    fprintf(stderr, "nsbox: '%s' was ended at its timeout of %s\n", plan.name.c_str(), print_duration(plan.supervision.timeout_ns).c_str());
  } else if (const std::string likely = likely_end(plan, result); !likely.empty()) {
    fprintf(stderr, "nsbox: '%s' was ended by SIG%s: %s\n", plan.name.c_str(), signal_name(WTERMSIG(result.wait_status)).c_str(), likely.c_str());
  }
  if (!result.stays.empty()) fprintf(stderr, "nsbox: take away '%s': %s\n", escape(result.stays).c_str(), error_words(result.stays_for).c_str());
  if (logs(LogLevel::info)) log(LogLevel::info, "ended with status " + std::to_string(status));
  if (arguments.has("timings")) print_timings(plan, result);
  if (outputs.report || outputs.status >= 0) outputs.end(account(plan, result, result.executed ? nullptr : &sentence), result.executed);
  end_program(status);
}

/// For --report and --status-fd, when nothing could be launched.
int not_planned(const Outputs& outputs, Node problems) {
  Node node = Node::map();
  node.set("format_version", Node::number(1));
  node.set("executed", Node::boolean(false));
  node.set("reason", Node::scalar("setup"));
  node.set("status", Node::number(failed_status));
  node.set("diagnostics", std::move(problems));
  outputs.end(std::move(node), false);
  return failed_status;
}

std::string absolute(const std::string& path) {
  const std::string folder = path.starts_with('/') ? "" : working_folder();
  return folder.empty() ? path : normal_path(join_path(folder, path));
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
  if (arguments.has("detach")) return run_detached({plan, saved.made_for, absolute(path), {}, probe_host}, arguments, outputs);
  run_plan(plan, probe_host, arguments, outputs);
}

}  // namespace

int run_up(const Arguments& arguments) {
  const Command& command = *find_command("up");
  Outputs outputs;
  if (!open_outputs(arguments, command, outputs)) return failed_status;
  const std::string path = operand_of(arguments);
  OpenSource file;
  const bool open = open_source(path, file);
  if (open && is_saved_plan(file.begin)) return run_saved(path, file, command, arguments, outputs);
  if (arguments.has("stale-ok")) return usage_error(command, "--stale-ok is for a saved plan, and '" + escape(path) + "' is none");
  const bool detach = arguments.has("detach");
  if (!detach && arguments.has("replace")) return usage_error(command, "--replace is for --detach: an attached sandbox has no name that could be in use");
  Loaded loaded = load(arguments, command, &file);
  if (detach) loaded.facts.caller.on_terminal = [] { return false; };  // it has a terminal only where the specification says so
  std::optional<Plan> plan;
  if (loaded.spec) {
    plan = plan_of(loaded, arguments, true);
    const SourceFile& first = loaded.findings.files[0];
    const std::string_view text = first.text;
    if (plan && !seal_self(*plan, arguments, first.name == "-" ? &text : nullptr)) return failed_status;  // it begins again, and warns then
    if (!loaded.findings.diagnostics.empty()) print_findings(loaded.findings, plan ? Arguments{} : arguments);  // with one, standard output is the command's
  }
  if (!plan) return not_planned(outputs, findings_json(loaded.findings));
  const auto facts = [&] { return loaded.facts; };
  if (detach) return run_detached({*plan, made_for(loaded), path == "-" ? "-" : absolute(path), effective_spec(*loaded.spec, loaded.facts.caller), facts}, arguments, outputs);
  run_plan(*plan, facts, arguments, outputs);
}

}  // namespace nsbox
