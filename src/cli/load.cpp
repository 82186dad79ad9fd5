// SPDX-License-Identifier: MIT
#include "cli/load.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/log.hpp"
#include "cli/output.hpp"
#include "fields/yaml.hpp"
#include "host/probe.hpp"
#include "spec/make_plan.hpp"

namespace nsbox {
namespace {

std::string read_source(const std::string& path, SourceFile& out) {
  out.name = path;
  int fd = 0;
  if (path != "-") {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return strerror(errno);
  }
  struct stat info;
  if (fstat(fd, &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      if (fd) close(fd);
      return "it is a folder";
    }
    out.device = info.st_dev;
    out.inode = path == "-" ? 0 : info.st_ino;
    out.changed_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  }
  char buffer[16384];
  std::string problem;
  while (out.text.size() <= InputLimits::bytes) {  // one more tells that it is too long
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) problem = strerror(errno);
    if (n <= 0) break;
    out.text.append(buffer, static_cast<size_t>(n));
  }
  if (fd) close(fd);
  char cwd[4096];
  const std::string here = getcwd(cwd, sizeof cwd) ? cwd : "/";
  const size_t slash = path.rfind('/');
  out.folder = path == "-" || slash == std::string::npos ? here : normal_path(join_path(here, slash == 0 ? "/" : path.substr(0, slash)));
  return problem;
}

}  // namespace

FileReader real_files() { return {read_source}; }

bool input_of(const Arguments& arguments, const Command& command, size_t operand, Input& input) {
  input.path = operand < arguments.operands.size() ? arguments.operands[operand] : "nsbox.yaml";
  input.name = arguments.value("name");
  const auto set = arguments.options.find("set");
  if (set == arguments.options.end()) return true;
  for (const std::string& each : set->second) {
    const size_t equal = each.find('=');
    if (equal == std::string::npos || equal == 0) {
      usage_error(command, "--set takes NAME=VALUE, not '" + escape(each) + "'");
      return false;
    }
    input.set[each.substr(0, equal)] = each.substr(equal + 1);
  }
  return true;
}

void print_findings(const Findings& findings, const Arguments& arguments) {
  if (arguments.value("format") != "json") {
    fputs(findings_text(findings, 2).c_str(), stderr);
    return;
  }
  Node document = Node::map();
  document.set("format_version", Node::number(1));
  document.set("diagnostics", findings_json(findings));
  document.set("more_errors", Node::number(static_cast<int64_t>(findings.more)));
  printf("%s\n", to_json(document).c_str());
}

Loaded load(const Arguments& arguments, const Command& command) {
  Loaded out;
  Input input;
  if (!input_of(arguments, command, 0, input)) {
    out.status = command.usage_status;
    return out;
  }
  return load_from(arguments, input, real_files());
}

Loaded load_from(const Arguments& arguments, const Input& input, const FileReader& reader) {
  Loaded out;
  out.facts = probe_host();
  bool unreadable = false;
  out.spec = load_spec(out.findings, input, out.facts.caller, reader, &unreadable);
  if (logs(LogLevel::debug)) log(LogLevel::debug, "read " + std::to_string(out.findings.files.size()) + " file(s), first " + input.path);
  if (out.spec) return out;
  print_findings(out.findings, arguments);
  out.status = unreadable ? 2 : 1;
  return out;
}

std::optional<Plan> plan_of(Loaded& loaded, const Arguments& arguments, bool need_command) {
  Spec& spec = *loaded.spec;
  if (arguments.has_after && !arguments.after.empty()) spec.process.command = ProcessCommand{arguments.after, false};
  if (!spec.process.command && need_command) loaded.findings.add(Code::no_command, spec.mark_of("/process"), "/process/command");
  Plan plan = make_plan(spec, loaded.facts, loaded.findings);
  drop_allowed(loaded.findings, spec);
  if (loaded.findings.failed()) return std::nullopt;
  if (logs(LogLevel::debug)) log(LogLevel::debug, "the plan of '" + spec.name + "' has " + std::to_string(plan.steps()) + " steps");
  return plan;
}

}  // namespace nsbox
