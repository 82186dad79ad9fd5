// SPDX-License-Identifier: MIT
// Completion scripts, from the command table.
#include <cstdio>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace nsbox {
namespace {

std::string long_of(std::string_view names) { return std::string(names.substr(names.find("--"))); }

std::string words_of(const Command& command) {
  std::string out;
  for (const OptionInfo& option : options_of(command)) out += (out.empty() ? "" : " ") + long_of(option.names);
  return out;
}

std::string verbs() {
  std::string out;
  for (const Command& command : commands()) out += (out.empty() ? "" : " ") + std::string(command.name);
  return out;
}

/// Choices by option, of all commands: they mean the same everywhere.
std::vector<std::pair<std::string, std::string>> choices() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const OptionInfo& option : global_options())
    if (!option.words.empty()) out.emplace_back(long_of(option.names), join(split(option.words, '|'), " "));
  return out;
}

std::string bash() {
  std::string out = "# bash completion of nsbox\n_nsbox() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n    [[ ${COMP_WORDS[i]} == -- ]] && { COMPREPLY=($(compgen -c -- \"$cur\")); return; }\n"
                    "    [[ -z $verb && ${COMP_WORDS[i]} != -* && ! ${COMP_WORDS[i-1]} =~ ^--(log-.*|color|format)$ ]] && verb=${COMP_WORDS[i]}\n  done\n  case $prev in\n";
  for (const auto& [option, words] : choices()) out += "    " + option + ") COMPREPLY=($(compgen -W '" + words + "' -- \"$cur\")); return ;;\n";
  out += "    --report|--log-file|--output|-o) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n  esac\n  case $verb in\n    '') COMPREPLY=($(compgen -W '" + verbs() + " --help --version' -- \"$cur\")) ;;\n";
  for (const Command& command : commands()) {
    std::string operands = command.reads_spec ? "$(compgen -f -X '!*.y*ml' -- \"$cur\") $(compgen -d -- \"$cur\")" : "";
    if (command.name == "completion") operands = "$(compgen -W 'bash zsh fish' -- \"$cur\")";
    out += "    " + std::string(command.name) + ") if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '" + words_of(command) + "' -- \"$cur\")); else COMPREPLY=(" + operands + "); fi ;;\n";
  }
  return out + "  esac\n}\ncomplete -o filenames -F _nsbox nsbox\n";
}

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : c == ':' ? std::string("\\:") : c == '[' || c == ']' ? std::string("\\") + c : std::string(1, c);
  return out;
}

std::string zsh() {
  std::string out = "#compdef nsbox\n_nsbox() {\n  local -a verbs\n  verbs=(\n";
  for (const Command& command : commands()) out += "    '" + std::string(command.name) + ":" + quoted(command.doc) + "'\n";
  out += "  )\n  local curcontext=$curcontext state\n  _arguments -C '1:command:->verb' '*::argument:->rest'\n  case $state in\n    verb) _describe command verbs ;;\n    rest) case $words[1] in\n";
  for (const Command& command : commands()) {
    out += "      " + std::string(command.name) + ") _arguments";
    for (const OptionInfo& option : options_of(command)) {
      std::string values;
      if (!option.value.empty()) values = ":" + std::string(option.value) + ":" + (option.words.empty() ? "_files" : "(" + join(split(option.words, '|'), " ") + ")");
      out += " '" + std::string(option.repeat ? "*" : "") + long_of(option.names) + "[" + quoted(option.doc) + "]" + values + "'";
    }
    if (command.reads_spec) out += " '*:specification:_files -g \"*.y(a|)ml\"'";
    if (command.name == "completion") out += " '1:shell:(bash zsh fish)'";
    out += " ;;\n";
  }
  return out + "    esac ;;\n  esac\n}\n_nsbox \"$@\"\n";
}

std::string fish() {
  std::string out = "# fish completion of nsbox\ncomplete -c nsbox -f\n";
  const std::string none = "not __fish_seen_subcommand_from " + verbs();
  const auto escaped = [](std::string_view text) {
    std::string line;
    for (const char c : text) line += c == '\'' ? std::string("\\'") : std::string(1, c);
    return line;
  };
  for (const Command& command : commands()) out += "complete -c nsbox -n '" + none + "' -a " + std::string(command.name) + " -d '" + escaped(command.doc) + "'\n";
  for (const Command& command : commands()) {
    const std::string seen = "complete -c nsbox -n '__fish_seen_subcommand_from " + std::string(command.name) + "'";
    for (const OptionInfo& option : options_of(command)) {
      out += seen + " -l " + long_of(option.names).substr(2) + " -d '" + escaped(option.doc) + "'";
      if (!option.words.empty()) out += " -x -a '" + join(split(option.words, '|'), " ") + "'";
      else if (!option.value.empty()) out += " -r -F";
      out += "\n";
    }
    if (command.reads_spec) out += seen + " -F\n";
    if (command.name == "completion") out += seen + " -a 'bash zsh fish'\n";
  }
  return out;
}

}  // namespace

int run_completion(const Arguments& arguments) {
  const std::string& shell = arguments.operands[0];
  if (shell == "bash") fputs(bash().c_str(), stdout);
  else if (shell == "zsh") fputs(zsh().c_str(), stdout);
  else if (shell == "fish") fputs(fish().c_str(), stdout);
  else return usage_error(*find_command("completion"), "no completion for '" + escape(shell) + "'; there is bash, zsh, fish");
  return 0;
}

}  // namespace nsbox
