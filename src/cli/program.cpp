// SPDX-License-Identifier: MIT
// The command line: the verb is found in the table, and CLI11 reads the options of that one verb.
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/failure.hpp"
#include "base/launch_memory.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/log.hpp"
#include "cli/output.hpp"

namespace nsbox {
namespace {

std::string long_name(std::string_view names) {
  const size_t at = names.find("--");
  return std::string(names.substr(at + 2));
}

const OptionInfo* find_option(std::span<const OptionInfo> options, std::string_view word) {
  for (const OptionInfo& option : options)
    for (const std::string& name : split(option.names, ','))
      if (word == name) return &option;
  return nullptr;
}

/// Where the verb is: the first word that is no option and no option's value.
size_t verb_position(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); i++) {
    if (!words[i].starts_with('-') || words[i] == "-") return i;
    const OptionInfo* option = find_option(global_options(), words[i]);
    if (option && !option->value.empty()) i++;
  }
  return words.size();
}

int fail(int status, const std::string& message) {
  fprintf(stderr, "nsbox: %s\n", escape(message).c_str());
  return status;
}

int no_command(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--version") return run_version({});
    if (word == "-h" || word == "--help") {
      fputs(help_of_all().c_str(), stdout);
      return 0;
    }
  }
  fputs(help_of_all().c_str(), stderr);
  return 2;
}

/// CLI11's message, shortened to a line of our own kind.
std::string plain(std::string message) {
  for (char& c : message)
    if (c == '\n') c = ' ';
  if (message.ends_with('.')) message.pop_back();
  if (!message.empty() && message[0] >= 'A' && message[0] <= 'Z' && message.size() > 1 && message[1] >= 'a') message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return message;
}

std::string unknown_option(const Command& command, const std::string& word) {
  std::vector<std::string_view> names;
  const std::vector<OptionInfo> options = options_of(command);
  for (const OptionInfo& option : options) names.push_back(option.names.substr(option.names.find("--")));
  const std::string_view near = nearest(word.substr(0, word.find('=')), names);
  return "unknown option '" + word + "'" + (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?");
}

/// 0, or the status of a wrong command line.
int parse_options(const Command& command, const std::vector<OptionInfo>& options, const std::vector<std::string>& words, Arguments& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_windows_style_options(false);
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> flags;
  for (const OptionInfo& option : options) {
    const std::string name = long_name(option.names);
    if (option.value.empty()) app.add_flag(std::string(option.names), flags[name]);
    else app.add_option(std::string(option.names), values[name])->take_all()->expected(1)->allow_extra_args(false);
  }
  app.allow_extras();
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
    for (const std::string& word : app.remaining()) {
      if (word.size() > 1 && word.starts_with('-')) return usage_error(command, escape(unknown_option(command, word)));
      arguments.operands.push_back(word);
    }
  } catch (const CLI::ParseError& error) {
    return usage_error(command, escape(plain(error.what())));
  }
  for (auto& [name, set] : flags)
    if (set) arguments.options[name] = {};
  for (auto& [name, list] : values)
    if (!list.empty()) arguments.options[name] = std::move(list);
  return 0;
}

/// The same; and of options that take one of some words, the word is one of them.
int read_options(const Command& command, const std::vector<std::string>& words, Arguments& arguments) {
  const std::vector<OptionInfo> options = options_of(command);
  if (const int status = parse_options(command, options, words, arguments)) return status;
  for (const OptionInfo& option : options) {
    const std::string name = long_name(option.names);
    if (option.words.empty() || !arguments.has(name)) continue;
    const std::vector<std::string> allowed = split(option.words, '|');
    if (std::find(allowed.begin(), allowed.end(), arguments.value(name)) == allowed.end())
      return usage_error(command, "--" + name + " takes " + join(allowed, ", ") + ", not '" + escape(arguments.value(name)) + "'");
  }
  return 0;
}

}  // namespace

void end_program(int status) {
  if (__fpending(stdout) && fflush(stdout) != 0) throw Failure("write", "standard output");
  _exit(status);
}

int run_program(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  Arguments arguments;
  arguments.words = argv;
  if (const auto dashes = std::find(words.begin(), words.end(), "--"); dashes != words.end()) {
    arguments.has_after = true;
    arguments.after.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
  }
  if (!words.empty()) {
    const OptionInfo* last = find_option(global_options(), words.back());
    if (last && !last->value.empty()) return fail(2, words.back() + " needs a value: " + std::string(last->value));
  }
  const size_t verb = verb_position(words);
  if (verb == words.size()) return no_command(words);
  const Command* command = find_command(words[verb]);
  if (!command) {
    if (words[verb] == "help") return no_command({"--help"});
    std::vector<std::string_view> names;
    for (const Command& each : commands()) names.push_back(each.name);
    const std::string_view near = meant(words[verb], names);
    return fail(2, "unknown command '" + words[verb] + "'" + (near.empty() ? "; 'nsbox --help' lists them" : "; did you mean '" + std::string(near) + "'?"));
  }
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(verb));

  const bool no_options = std::none_of(words.begin(), words.end(), [](const std::string& word) { return word.starts_with('-') && word != "-"; });
  if (no_options) arguments.operands = words;
  else if (const int status = read_options(*command, words, arguments)) return status;
  if (arguments.has("help")) {
    fputs(help_of(*command).c_str(), stdout);
    return 0;
  }
  if (arguments.has("version")) return run_version(arguments);
  if (arguments.operands.size() > command->most) return usage_error(*command, "too many arguments: '" + escape(arguments.operands[command->most]) + "'" + (command->takes_command ? "; a command goes after '--'" : ""));
  if (arguments.operands.size() < command->least) return usage_error(*command, "an argument is missing: " + std::string(command->operands));
  if (arguments.has_after && !command->takes_command) return usage_error(*command, "'--' is not for this command");
  set_color(arguments.value("color", "auto"));
  if (const std::string problem = set_log(arguments); !problem.empty()) return usage_error(*command, problem);
  if (command->run != run_up) end_launch_memory();  // some commands go on for days
  return command->run(arguments);
}

std::span<char> command_line(const Arguments& arguments) {
  char* end = arguments.words[0];
  for (char** each = arguments.words; *each == end; each++) end += strlen(*each) + 1;
  return {arguments.words[0], end};
}

std::string process_title(std::string_view sandbox, std::string_view part) {
  return "nsbox: " + std::string(sandbox) + " [" + std::string(part) + "]";
}

}  // namespace nsbox
