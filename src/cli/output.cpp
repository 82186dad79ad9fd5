// SPDX-License-Identifier: MIT
#include "cli/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "fields/diagnostic.hpp"

namespace nsbox {
namespace {

bool plain_is_safe(std::string_view text) {
  if (text.empty() || looks_like_number(text)) return false;
  static constexpr std::string_view words[] = {"true", "false", "null", "~", "yes", "no", "on", "off", "y", "n", "True", "False", "Null", "Yes", "No", "On", "Off"};
  for (const std::string_view word : words)
    if (text == word) return false;
  static constexpr std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=@";
  return text.find_first_not_of(safe) == text.npos && text[0] != '-' && text[0] != '=' && text[0] != '@' && text[0] != '.' && !(text[0] >= '0' && text[0] <= '9' && text.find_first_not_of("0123456789abcdefxobBKMGTmsh.:_+-") == text.npos);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char code[8];
      snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(c));
      out += code;
    } else out += c;
  }
  return escape_json(out + '"');
}

std::string scalar_text(const Node& node, bool substituted = true) {
  std::string text;
  for (size_t i = 0; i < node.text.size(); i++) {
    text += node.text[i];
    if (substituted && node.text[i] == '$' && i + 1 < node.text.size() && (node.text[i + 1] == '$' || node.text[i + 1] == '{')) text += '$';
  }
  if (node.plain && !text.empty()) return text;
  return plain_is_safe(text) ? text : in_quotes(text);
}

using Comment = std::function<std::string(const std::string&)>;

size_t width_of(std::string_view text) {  // in characters
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool is_flat(const Node& node) {
  if (node.is_map()) return node.members.empty();
  if (!node.is_list()) return true;
  size_t width = 0;
  for (const Node& item : node.items) {
    if (!item.is_scalar()) return false;
    width += item.text.size() + 2;
  }
  return width < 90;
}

std::string flat(const Node& node) {
  if (node.is_map()) return "{}";
  if (node.is_null()) return "null";
  if (node.is_scalar()) return scalar_text(node);
  std::string out;
  for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + (plain_is_safe(item.text) || item.plain ? scalar_text(item) : in_quotes(item.text));
  return "[" + out + "]";
}

void write(std::string& out, const Node& node, const std::string& indent, const std::string& pointer, const Comment& comment) {
  const auto line = [&](const std::string& head, const Node& value, const std::string& at, const std::string& deeper) {
    const std::string said = comment ? comment(at) : "";
    const std::string tail = said.empty() ? "\n" : "  # " + said + "\n";
    if (is_flat(value)) {
      out += head + " " + (at == "/description" ? scalar_text(value, false) : flat(value)) + tail;
    } else {
      out += head + tail;
      write(out, value, deeper, at, comment);
    }
  };
  if (node.is_map()) {
    for (const Member& member : node.members) line(indent + (plain_is_safe(member.key) ? member.key : in_quotes(member.key)) + ":", member.value, pointer_to(pointer, member.key), indent + "  ");
    return;
  }
  for (size_t i = 0; i < node.items.size(); i++) {
    const Node& item = node.items[i];
    const std::string at = pointer_to(pointer, i);
    if (!item.is_map() || item.members.empty()) {
      line(indent + "-", item, at, indent + "  ");
      continue;
    }
    // The first key stands behind the dash.
    std::string block;
    write(block, item, indent + "  ", at, comment);
    block[indent.size()] = '-';
    out += block;
  }
}

}  // namespace

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); i++) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); i++) {
      std::string cell = row[i];
      if (i + 1 < row.size()) cell.append(widths[i] + 2 - width_of(cell), ' ');
      line += cell;
    }
    puts(line.substr(0, line.find_last_not_of(' ') + 1).c_str());
  }
}

namespace {

enum class ColorWhen { automatic, always, never } color_when = ColorWhen::automatic;

}  // namespace

std::string to_yaml(const Node& node, const Comment& comment) {
  std::string out;
  write(out, node, "", "", comment);
  return out;
}

void set_color(std::string_view when) {
  color_when = when == "always" ? ColorWhen::always : when == "never" ? ColorWhen::never : ColorWhen::automatic;
}

std::string paint(int stream, Paint paint, std::string_view text) {
  if (color_when == ColorWhen::automatic) {
    const char* no_color = getenv("NO_COLOR");
    const char* term = getenv("TERM");
    if ((no_color && *no_color) || !term || std::string_view(term) == "dumb" || !isatty(stream)) return std::string(text);
  }
  if (color_when == ColorWhen::never) return std::string(text);
  static constexpr const char* codes[] = {"1", "1;31", "1;33", "32", "34", "2"};
  return std::string("\x1b[") + codes[static_cast<int>(paint)] + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace nsbox
