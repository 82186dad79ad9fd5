// SPDX-License-Identifier: MIT
// The command table. Parsing, --help, completion and the synopses of the manual pages read it.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nsbox {

struct OptionInfo {
  std::string_view names;  // "-d,--detach"
  std::string_view value;  // "" for a flag; else what it takes, as in --help
  std::string_view doc;
  bool repeat = false;
  std::string_view words = "";  // the values it takes, with `|` between: for completion and checks
};

struct Arguments {
  std::vector<std::string> operands;
  std::vector<std::string> after;  // what follows `--`
  bool has_after = false;
  char** words = nullptr;          // the whole command line, where the kernel put it
  std::map<std::string, std::vector<std::string>, std::less<>> options;  // by long name without dashes

  bool has(std::string_view option) const { return options.find(option) != options.end(); }
  std::string value(std::string_view option, std::string_view otherwise = "") const {
    const auto found = options.find(option);
    return found == options.end() || found->second.empty() ? std::string(otherwise) : found->second.back();
  }
};

/// The words of the command line one behind the other, as /proc/PID/cmdline shows them.
std::span<char> command_line(const Arguments& arguments);
/// What is written over them, for `ps`.
std::string process_title(std::string_view sandbox, std::string_view part);

struct Command {
  std::string_view name;
  std::string_view operands;  // as in a synopsis: "[SPEC] [-- CMD…]"
  std::string_view doc;       // one line
  std::span<const OptionInfo> options;
  size_t least = 0, most = 1;  // operands
  bool takes_command = false;  // `-- CMD…`
  bool reads_spec = false;     // takes --set; SPEC defaults to ./nsbox.yaml
  int usage_status = 2;        // of a wrong command line
  int (*run)(const Arguments& arguments) = nullptr;
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);
std::span<const OptionInfo> global_options();
std::span<const OptionInfo> spec_options();

/// Every option that a command takes, its own first.
std::vector<OptionInfo> options_of(const Command& command);
std::string help_of(const Command& command);
std::string help_of_all();

int run_up(const Arguments&);
int run_validate(const Arguments&);
int run_plan(const Arguments&);
int run_show(const Arguments&);
int run_schema(const Arguments&);
int run_audit(const Arguments&);
int run_doctor(const Arguments&);
int run_init(const Arguments&);
int run_completion(const Arguments&);
int run_version(const Arguments&);
int run_reference(const Arguments&);
int run_ps(const Arguments&);
int run_exec(const Arguments&);
int run_logs(const Arguments&);
int run_inspect(const Arguments&);
int run_wait(const Arguments&);
int run_down(const Arguments&);
int run_ns(const Arguments&);
int run_unpin(const Arguments&);

/// Prints "nsbox: …" and the way to --help; returns the command's usage status.
int usage_error(const Command& command, const std::string& message);

int run_program(int argc, char** argv);

/// Without destroying anything: after a clone to give memory back costs a copy of every page of it.
[[noreturn]] void end_program(int status);

}  // namespace nsbox
