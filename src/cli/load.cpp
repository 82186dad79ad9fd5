// SPDX-License-Identifier: MIT
#include "cli/load.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/log.hpp"
#include "cli/output.hpp"
#include "fields/yaml.hpp"
#include "host/probe.hpp"
#include "plan/saved.hpp"
#include "spec/make_plan.hpp"

namespace nsbox {
namespace {

/// Reads on until there is more than `most`; "" or the reason why that can't be done.
std::string read_more(int fd, size_t most, std::string& text) {
  while (text.size() < most) {
    const ssize_t n = read_piece(fd, text);
    if (n < 0) return error_words(errno);
    if (n == 0) break;
  }
  return "";
}

std::string read_source(const std::string& path, OpenSource& source, SourceFile& out) {
  out.name = path;
  out.device = source.info.st_dev;
  out.inode = path == "-" ? 0 : source.info.st_ino;
  out.changed_ns = source.info.st_mtim.tv_sec * 1'000'000'000 + source.info.st_mtim.tv_nsec;
  out.text = std::move(source.begin);
  if (is_saved_plan(out.text)) return "it is a saved plan: 'nsbox up' runs it, and 'nsbox show' prints it";
  const bool whole = S_ISREG(source.info.st_mode) && out.text.size() == static_cast<size_t>(source.info.st_size);
  std::string problem = whole ? "" : read_more(source.fd ? source.fd.number() : 0, InputLimits::bytes + 1, out.text);  // one more tells that it is too long
  const size_t slash = path.rfind('/');
  std::string here = path.starts_with('/') ? "/" : working_folder();
  if (here.empty()) here = "/";
  out.folder = path == "-" || slash == std::string::npos ? here : normal_path(join_path(here, slash == 0 ? "/" : path.substr(0, slash)));
  return problem;
}

}  // namespace

bool open_source(const std::string& path, OpenSource& out) {
  const auto fail = [&](std::string problem) {
    out.problem = std::move(problem);
    return false;
  };
  if (path != "-") {
    out.fd = Fd::adopt(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!out.fd) return fail(error_words(errno));
  }
  const int fd = out.fd ? out.fd.number() : 0;
  if (fstat(fd, &out.info) < 0) return fail(error_words(errno));
  if (S_ISDIR(out.info.st_mode)) return fail("it is a folder");
  // A pipe is waited for, now that its opening could not wait for a writer that never comes.
  if (out.fd && S_ISFIFO(out.info.st_mode) && fcntl(fd, F_SETFL, 0) < 0) return fail(error_words(errno));
  out.problem = read_more(fd, saved_magic.size(), out.begin);
  return out.problem.empty();
}

FileReader real_files(OpenSource* first) {
  return {[first](const std::string& path, SourceFile& out) mutable -> std::string {
    OpenSource own;
    OpenSource* source = std::exchange(first, nullptr);
    if (!source) {
      source = &own;
      open_source(path, own);
    }
    out.name = path;
    if (!source->problem.empty()) return source->problem;
    return read_source(path, *source, out);
  }};
}

std::string operand_of(const Arguments& arguments, size_t operand) { return operand < arguments.operands.size() ? arguments.operands[operand] : "nsbox.yaml"; }

bool input_of(const Arguments& arguments, const Command& command, size_t operand, Input& input) {
  input.path = operand_of(arguments, operand);
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

Loaded load(const Arguments& arguments, const Command& command, OpenSource* first) {
  Loaded out;
  Input input;
  if (!input_of(arguments, command, 0, input)) {
    out.status = command.usage_status;
    return out;
  }
  return load_from(arguments, input, real_files(first));
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
  if (!arguments.after.empty()) {
    spec.process.command = ProcessCommand{arguments.after, false};
    spec.places.forget("/process/command");  // no line is to blame for it
  }
  if (!spec.process.command && need_command) loaded.findings.add(Code::no_command, spec.mark_of("/process"), "/process/command");
  Plan plan = [&] {
    const NearLookups near;
    return make_plan(spec, loaded.facts, loaded.findings);
  }();
  drop_allowed(loaded.findings, spec);
  if (loaded.findings.failed()) return std::nullopt;
  if (logs(LogLevel::debug)) log(LogLevel::debug, "the plan of '" + spec.name + "' has " + std::to_string(plan.steps()) + " steps");
  return plan;
}

}  // namespace nsbox
