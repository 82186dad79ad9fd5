// SPDX-License-Identifier: MIT
// Another command in a running sandbox, confined as its first one. What it is to be comes from the
// supervisor, in whose memory the plan is; nothing is read that the payload could have written.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdio>

#include "base/text.hpp"
#include "box/exec_plan.hpp"
#include "cli/account.hpp"
#include "cli/log.hpp"
#include "cli/named.hpp"
#include "cli/saved_file.hpp"
#include "host/cgroups.hpp"
#include "host/probe.hpp"

namespace nsbox {
namespace {

/// The namespaces that are not the caller's own.
std::string foreign(const box::Answer& answer, std::vector<NsType>& out) {
  for (const NsInfo& each : ns_types) {
    struct stat there, here;
    const std::string own = std::string("/proc/self/ns/") + file_for_children(each.type);
    const Fd& shared = answer.shared[static_cast<size_t>(each.type)];
    if (!shared) return "its supervisor has not given its namespaces";
    if (fstat(shared.number(), &there) < 0) return "its namespaces: " + because("fstat");
    if (stat(own.c_str(), &here) < 0) return own + ": " + because("stat");
    if (there.st_ino != here.st_ino || there.st_dev != here.st_dev) out.push_back(each.type);
  }
  return "";
}

std::string read_recorded(const Fd& file, std::optional<Plan>& plan) {
  struct stat info;
  const int seals = fcntl(file.number(), F_GET_SEALS);
  if (seals < 0) return "its plan: " + because("fcntl");
  if (!(seals & F_SEAL_WRITE)) return "its plan is not sealed";
  if (fstat(file.number(), &info) < 0) return "its plan: " + because("fstat");
  const auto size = static_cast<size_t>(info.st_size);
  const void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);  // until the end: the plan points into it
  if (at == MAP_FAILED) return "its plan: " + because("mmap");
  SavedFor made_for;
  plan = read_plan({static_cast<const char*>(at), size}, this_build(), made_for);
  return plan ? "" : "it was started by another build of nsbox; end it and start it again, or use that build";
}

}  // namespace

int run_exec(const Arguments& arguments) {
  const Command& command = *find_command("exec");
  if (arguments.after.empty()) return usage_error(command, "no command; give one after '--'");
  const std::string name = arguments.operands[0];
  box::ExecRequest request;
  request.command = arguments.after;
  if (const auto env = arguments.options.find("env"); env != arguments.options.end()) request.env = env->second;
  if (arguments.has("workdir")) request.folder = arguments.value("workdir");
  if (request.folder && !request.folder->starts_with('/')) return usage_error(command, "-w takes an absolute path of the sandbox, not '" + escape(*request.folder) + "'");
  if (arguments.has("user")) request.user = arguments.value("user");
  request.terminal = arguments.has("tty");

  box::Answer answer;
  Fd supervisor;
  pid_t leader = -1;
  {
    box::States states;
    if (!open_states(states)) return failed_status;
    std::optional<box::Sandbox> sandbox = find_sandbox(states, name);
    if (!sandbox) return failed_status;
    if (!sandbox->holder.pid) return fail("the sandbox '" + name + "' is not running: it is " + sandbox->status);
    if (const std::string problem = box::ask(*sandbox, {}, answer); !problem.empty()) return fail("the sandbox '" + name + "': " + problem);
    supervisor = std::move(sandbox->holder.pidfd);
    leader = sandbox->holder.pid;
  }  // nothing of the host's that this process does not need is open when the sandbox is entered
  if (!answer.plan) return fail("the sandbox '" + name + "': its command has not been executed yet");
  std::optional<Plan> recorded;
  std::vector<NsType> joins;
  std::string problem = read_recorded(answer.plan, recorded);
  answer.plan.reset();
  if (problem.empty()) problem = foreign(answer, joins);
  if (!problem.empty()) return fail("the sandbox '" + name + "': " + problem);
  Plan plan;
  problem = box::make_exec_plan(*recorded, answer.known, joins, name.c_str(), request, plan);
  if (!problem.empty()) return fail(escape(problem));
  if (!seal_self(plan, arguments, nullptr)) return failed_status;

  // Nothing of the sandbox rests on them yet, and between two sessions of an ordinary user the kernel
  // allows no move: then the command stays in the caller's.
  if (const std::string refused = join_cgroups_of(leader); !refused.empty()) {
    if (geteuid() == 0) return fail("the sandbox '" + name + "': " + refused);
    if (logs(LogLevel::info)) log(LogLevel::info, "stays in the caller's cgroups: " + refused);
  }

  LaunchOptions options;
  const std::string title = process_title(plan.name, "exec");
  options.title = command_line(arguments);
  options.inner_title = title;
  options.open_shared = [&](Str, Shared what, std::string&) { return std::move(answer.shared[static_cast<size_t>(what)]); };
  if (!arguments.has("interactive")) options.detached = true;
  if (!arguments.has("interactive") && !request.terminal) {
    options.stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (options.stdio[0] < 0) return fail("/dev/null: " + because("open"));
  }
  // Where the kernel does not end it with its pid namespace, this does.
  bool ended = false;
  std::vector<Watch> watches{{supervisor.number(), [&](Reins& reins) {
                                ended = true;
                                watches[0].fd = -1;
                                reins.stop(0);
                              }}};
  options.watches = &watches;
  if (logs(LogLevel::info)) log(LogLevel::info, "executing in '" + name + "' in " + std::to_string(plan.steps()) + " steps");
  const LaunchResult result = launch(plan, options);
  struct pollfd gone = {supervisor.number(), POLLIN, 0};
  if (ended || (result.exit_status() == 137 && poll(&gone, 1, 0) > 0)) say("the sandbox '" + name + "' has ended, and its commands with it");
  else if (!result.executed) print_failure(sentence_of(plan, result, probe_host));
  return result.exit_status();
}

}  // namespace nsbox
