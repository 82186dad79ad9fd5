// SPDX-License-Identifier: MIT
#include "cli/command.hpp"

#include <cstdio>

namespace nsbox {
namespace {

constexpr OptionInfo global[] = {
    {"-h,--help", "", "Print what the command does and its options."},
    {"--version", "", "Print the version."},
    {"--log-level", "LEVEL", "Log at least this: trace, debug, info, warn, error, off. Default: warn.", false, "trace|debug|info|warn|error|off"},
    {"--log-format", "FORMAT", "Log lines as text or json.", false, "text|json"},
    {"--log-file", "FILE", "Append the log to FILE instead of standard error."},
    {"--color", "WHEN", "Colour: auto (a terminal, and no NO_COLOR), always, never.", false, "auto|always|never"},
    {"--format", "FORMAT", "Output as text or json.", false, "text|json"},
};
constexpr OptionInfo spec_input[] = {
    {"--set", "NAME=VALUE", "Set a variable for ${NAME}; may be repeated.", true},
};
constexpr OptionInfo up_options[] = {
    {"-d,--detach", "", "Leave it running under its name; return when its command has been executed."},
    {"--replace", "", "With --detach: end the sandbox that has the name, and take its place."},
    {"--name", "NAME", "Use this name instead of the specification's."},
    {"--timings", "", "Print when each step began, to standard error."},
    {"--report", "FILE", "Write how the run ended to FILE as JSON, also when the set-up fails."},
    {"--status-fd", "N", "Write events to descriptor N as JSON lines."},
    {"--stale-ok", "", "Run a saved plan although the specification's files have changed since."},
};
constexpr OptionInfo validate_options[] = {
    {"--strict", "", "Warnings fail, too."},
    {"--no-host", "", "Do not look at this host: errors and warnings of the files alone."},
};
constexpr OptionInfo plan_options[] = {
    {"-d,--detach", "", "The steps of `up --detach`."},
    {"--explain", "", "Say of each stage and step why it is there."},
    {"--out", "FILE", "Save the plan to FILE, for `nsbox up FILE`, instead of printing it."},
    {"--name", "NAME", "Use this name instead of the specification's."},
};
constexpr OptionInfo audit_options[] = {{"--fail-below", "SCORE", "Exit with status 1 when the score is below this, 0 to 10."}};
constexpr OptionInfo show_options[] = {{"--origin", "", "Say of each value which file and line it came from."}};
constexpr OptionInfo init_options[] = {
    {"-o,--output", "FILE", "Write to FILE instead of ./nsbox.yaml; `-` is standard output."},
    {"-f,--force", "", "Replace a file that exists."},
    {"--list", "", "List the templates."},
};

constexpr OptionInfo ps_options[] = {
    {"-a,--all", "", "Also those that have ended."},
    {"-q,--quiet", "", "Names alone."},
};
constexpr OptionInfo exec_options[] = {
    {"-i,--interactive", "", "Keep standard input; without it there is none."},
    {"-t,--tty", "", "A new terminal for the command."},
    {"-e,--env", "NAME=VALUE", "Set a variable; may be repeated.", true},
    {"-w,--workdir", "DIR", "Working directory in the sandbox."},
    {"-u,--user", "USER[:GROUP]", "Another user of the sandbox, by number or name."},
};
constexpr OptionInfo logs_options[] = {
    {"-f,--follow", "", "Go on until the sandbox has ended."},
    {"--tail", "N", "Only the last N lines."},
    {"--since", "TIME", "Only what is younger: a duration (10m) or a time (2026-01-02T03:04:05Z)."},
    {"--timestamps", "", "Say of each line when it was written."},
};
constexpr OptionInfo down_options[] = {
    {"--all", "", "All of the caller's."},
    {"--timeout", "DURATION", "How long they have, instead of their own stop_timeout; 0 kills at once."},
};

constexpr OptionInfo ns_options[] = {{"--explain", "", "Say what the same and different namespaces mean for the processes."}};

constexpr Command table[] = {
    {"up", "[SPEC|PLAN] [-- CMD…]", "Run the sandbox and wait for it.", up_options, 0, 1, true, true, 125, run_up},
    {"validate", "[SPEC…]", "Check specifications.", validate_options, 0, 4096, false, true, 2, run_validate},
    {"plan", "[SPEC] [-- CMD…]", "Print the ordered steps that `up` would take.", plan_options, 0, 1, true, true, 2, run_plan},
    {"show", "[SPEC|PLAN]", "Print the specification after composition, substitution and defaults, or a saved plan.", show_options, 0, 1, false, true, 2, run_show},
    {"audit", "[SPEC]", "Say what the sandbox still exposes, worst first, with a score.", audit_options, 0, 1, false, true, 2, run_audit},
    {"doctor", "[SPEC]", "Try what the specification needs on this host, and name what refuses it.", {}, 0, 1, false, true, 2, run_doctor},
    {"ps", "", "List the named sandboxes.", ps_options, 0, 0, false, false, 2, run_ps},
    {"exec", "NAME -- CMD…", "Run a command in a running sandbox, confined as its first one.", exec_options, 1, 1, true, false, 125, run_exec},
    {"logs", "NAME", "Print what a detached sandbox has written.", logs_options, 1, 1, false, false, 2, run_logs},
    {"inspect", "NAME", "Print all that is known of a named sandbox, as JSON.", {}, 1, 1, false, false, 2, run_inspect},
    {"wait", "NAME", "Wait for the end of a sandbox, and end with its status.", {}, 1, 1, false, false, 2, run_wait},
    {"down", "NAME…", "End named sandboxes, and give their names back.", down_options, 0, 4096, false, false, 2, run_down},
    {"ns", "[PID|NAME…]", "Show the namespaces of processes and sandboxes side by side, or all.", ns_options, 0, 64, false, false, 2, run_ns},
    {"unpin", "PATH…", "Take pinned namespaces away.", {}, 1, 4096, false, false, 2, run_unpin},
    {"init", "[TEMPLATE]", "Write a starter specification.", init_options, 0, 1, false, false, 2, run_init},
    {"schema", "", "Print the JSON Schema of the language.", {}, 0, 0, false, false, 2, run_schema},
    {"reference", "", "Print the reference of the language as it stands in nsbox.yaml(5).", {}, 0, 0, false, false, 2, run_reference},
    {"completion", "bash|zsh|fish", "Print a shell's completion script.", {}, 1, 1, false, false, 2, run_completion},
    {"version", "", "Print the versions of nsbox, the language and the kernel.", {}, 0, 0, false, false, 2, run_version},
};

std::string padded(std::string_view text, size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size() + 1), ' ');
  return out;
}

std::string option_lines(std::span<const OptionInfo> options) {
  std::string out;
  for (const OptionInfo& option : options) {
    std::string names(option.names);
    if (const size_t comma = names.find(','); comma != std::string::npos) names.replace(comma, 1, ", ");
    else names = "    " + names;
    if (!option.value.empty()) names += " " + std::string(option.value);
    out += "  " + padded(names, 24) + std::string(option.doc) + "\n";
  }
  return out;
}

}  // namespace

std::span<const Command> commands() { return table; }
std::span<const OptionInfo> global_options() { return global; }
std::span<const OptionInfo> spec_options() { return spec_input; }

const Command* find_command(std::string_view name) {
  for (const Command& command : table)
    if (command.name == name) return &command;
  return nullptr;
}

std::vector<OptionInfo> options_of(const Command& command) {
  std::vector<OptionInfo> all(command.options.begin(), command.options.end());
  if (command.reads_spec) all.insert(all.end(), std::begin(spec_input), std::end(spec_input));
  all.insert(all.end(), std::begin(global), std::end(global));
  return all;
}

std::string help_of(const Command& command) {
  std::string out = "usage: nsbox " + std::string(command.name) + " [OPTION…]" + (command.operands.empty() ? "" : " ") + std::string(command.operands) + "\n\n" + std::string(command.doc) + "\n";
  if (command.reads_spec) out += "SPEC is a file, or `-` for standard input; left out, it is ./nsbox.yaml.\n";
  std::vector<OptionInfo> own(command.options.begin(), command.options.end());
  if (command.reads_spec) own.insert(own.end(), std::begin(spec_input), std::end(spec_input));
  if (!own.empty()) out += "\nOptions:\n" + option_lines(own);
  out += "\nEverywhere:\n" + option_lines(global);
  return out + "\nmanual: nsbox-" + std::string(command.name) + "(1), nsbox.yaml(5)\n";
}

std::string help_of_all() {
  std::string out = "usage: nsbox COMMAND [OPTION…] [ARGUMENT…]\n\nRuns commands in sandboxes that a YAML file describes.\n\nCommands:\n";
  for (const Command& command : table) out += "  " + padded(command.name, 12) + std::string(command.doc) + "\n";
  out += "\nOptions:\n" + option_lines(global);
  return out + "\n`nsbox COMMAND --help` tells more; the manual is nsbox(1), the language nsbox.yaml(5).\n";
}

int usage_error(const Command& command, const std::string& message) {
  fprintf(stderr, "nsbox: %s\nnsbox: try 'nsbox %s --help'\n", message.c_str(), std::string(command.name).c_str());
  return command.usage_status;
}

}  // namespace nsbox
