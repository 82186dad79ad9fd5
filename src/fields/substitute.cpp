// SPDX-License-Identifier: MIT
#include "fields/substitute.hpp"

#include <algorithm>

namespace nsbox {
namespace {

struct Substitution {
  Findings& findings;
  const Lookup& lookup;
  const Node& node;
  const std::string& pointer;
  bool ok = true;

  void fail(Code code, std::vector<std::string> args) {
    findings.add(code, node.mark, pointer, std::move(args));
    ok = false;
  }

  std::string expand(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      const size_t dollar = text.find('$');
      out += text.substr(0, dollar);
      if (dollar == text.npos) break;
      text.remove_prefix(dollar);
      if (text.starts_with("$$")) {
        out += '$';
        text.remove_prefix(2);
      } else if (!text.starts_with("${")) {
        out += '$';
        text.remove_prefix(1);
      } else {
        const size_t length = reference_length(text);
        if (length == text.npos) {
          fail(Code::bad_reference, {std::string(text)});
          return out;
        }
        out += reference(text.substr(2, length - 3), text.substr(0, length));
        text.remove_prefix(length);
      }
    }
    return out;
  }

  /// What stands between the braces: NAME, NAME:-default or NAME:?message.
  std::string reference(std::string_view inner, std::string_view whole) {
    const size_t end = variable_length(inner);
    const std::string_view name = inner.substr(0, end), rest = inner.substr(end);
    const bool fallback = rest.starts_with(":-"), message = rest.starts_with(":?");
    if (name.empty() || !(rest.empty() || fallback || message)) {
      fail(Code::bad_reference, {std::string(whole)});
      return "";
    }
    if (lookup.mentioned) lookup.mentioned->emplace(name);
    std::optional<std::string> value = lookup.find(name);
    if (value && !value->empty()) return *value;
    if (fallback) return expand(rest.substr(2));
    if (message && rest.size() > 2) fail(Code::variable_message, {std::string(name), expand(rest.substr(2))});
    else fail(value ? Code::empty_variable : Code::undefined_variable, {std::string(name)});
    return "";
  }
};

}  // namespace

size_t variable_length(std::string_view text) {
  size_t i = 0;
  for (; i < text.size(); i++) {
    const char c = text[i];
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) break;
  }
  return i;
}

size_t reference_length(std::string_view text) {
  size_t depth = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (text.substr(i).starts_with("$$")) {
      i++;
    } else if (text.substr(i).starts_with("${")) {
      depth++, i++;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return text.npos;
}

std::vector<std::string_view> split_outside(std::string_view text, char separator, size_t most) {
  std::vector<std::string_view> pieces;
  pieces.reserve(3);  // of a mount
  size_t begin = 0;  // of the piece
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == '$') {
      at += rest.starts_with("$$") ? 2 : rest.starts_with("${") ? std::min(reference_length(rest), rest.size()) : 1;
      continue;
    }
    if (rest[0] == separator && pieces.size() + 1 < most) {
      pieces.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
    at++;
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

bool substitute(Findings& findings, const Lookup& lookup, Node& node, const std::string& pointer) {
  if (node.text.find('$') == std::string::npos) return true;
  Substitution work{findings, lookup, node, pointer};
  const bool refers = node.text.find("${") != std::string::npos;
  std::string text = work.expand(node.text);
  if (!work.ok) {
    node.broken = true;
    return false;
  }
  node.text = std::move(text);
  if (refers) node.plain = true;
  return true;
}

}  // namespace nsbox
