// SPDX-License-Identifier: MIT
#include "fields/diagnostic.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace nsbox {
namespace {

constexpr size_t codes = static_cast<size_t>(Code::count);

constexpr Severity severities[] = {
#define NSBOX_CODE(name, severity, message, hint) Severity::severity,
#include "fields/codes.def"
#undef NSBOX_CODE
};

constexpr char names[] =
#define NSBOX_CODE(name, severity, message, hint) #name "\0"
#include "fields/codes.def"
#undef NSBOX_CODE
    ;

/// All slugs in one text, made by the compiler: no pointers to relocate, and nothing to make at a launch.
struct Slugs {
  char text[sizeof names] = {};
  uint16_t begin[codes + 1] = {};

  constexpr Slugs() {
    size_t code = 0;
    for (size_t i = 0; i + 1 < sizeof names; i++) {
      text[i] = names[i] == '_' ? '-' : names[i];
      if (!names[i]) begin[++code] = static_cast<uint16_t>(i + 1);
    }
  }
  constexpr std::string_view at(size_t code) const { return {text + begin[code], static_cast<size_t>(begin[code + 1] - begin[code] - 1)}; }
};
constexpr Slugs slugs;

}  // namespace

void Findings::add(Code code, Mark mark, std::string pointer, std::vector<std::string> args, Mark other) {
  // Errors by the ten thousand are no help, and to write them takes a time that grows with them.
  if (diagnostics.size() >= most && severity_of(code) == Severity::error) {
    more++;
    return;
  }
  if (diagnostics.size() >= most) return;
  diagnostics.push_back({code, mark, std::move(pointer), std::move(args), other});
}

size_t Findings::count(Severity severity) const {
  return static_cast<size_t>(std::count_if(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& d) {
    return severity_of(d.code) == severity;
  }));
}

bool Findings::failed() const { return count(Severity::error) > 0; }

Severity severity_of(Code code) { return severities[static_cast<size_t>(code)]; }
std::string_view slug_of(Code code) { return slugs.at(static_cast<size_t>(code)); }

const std::vector<std::string_view>& warning_slugs() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> out;
    for (size_t i = 0; i < codes; i++)
      if (severities[i] == Severity::warning) out.push_back(slugs.at(i));
    return out;
  }();
  return all;
}

bool is_warning(std::string_view slug) {
  for (size_t i = 0; i < codes; i++)
    if (severities[i] == Severity::warning && slugs.at(i) == slug) return true;
  return false;
}

namespace {

void append_key(std::string& pointer, std::string_view key) {
  pointer += '/';
  if (std::none_of(key.begin(), key.end(), [](char c) { return c == '~' || c == '/'; })) {
    pointer += key;
    return;
  }
  for (const char c : key) {
    if (c == '~') pointer += "~0";
    else if (c == '/') pointer += "~1";
    else pointer += c;
  }
}

}  // namespace

PointerStep::PointerStep(std::string& pointer, std::string_view key) : pointer_(pointer), length_(pointer.size()) { append_key(pointer, key); }

PointerStep::PointerStep(std::string& pointer, size_t index) : pointer_(pointer), length_(pointer.size()) {
  pointer += '/';
  pointer += std::to_string(index);
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  append_key(out, key);
  return out;
}

std::string pointer_to(std::string_view pointer, size_t index) {
  return std::string(pointer) + '/' + std::to_string(index);
}

std::string pointer_words(std::string_view pointer) {
  std::string out;
  if (pointer.empty()) return out;
  for (std::string part : split(pointer.substr(1), '/')) {
    for (size_t at; (at = part.find("~1")) != std::string::npos;) part.replace(at, 2, "/");
    for (size_t at; (at = part.find("~0")) != std::string::npos;) part.replace(at, 2, "~");
    const bool index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    const bool word = !part.empty() && part.find_first_of(".[]'\" ") == std::string::npos;
    if (index) out += '[' + part + ']';
    else if (!word) out += "['" + part + "']";
    else out += (out.empty() ? "" : ".") + part;
  }
  return out;
}

}  // namespace nsbox
