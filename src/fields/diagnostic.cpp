// SPDX-License-Identifier: MIT
#include "fields/diagnostic.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace nsbox {
namespace {

struct CodeRow {
  std::string_view slug;
  Severity severity;
};

constexpr CodeRow rows[] = {
#define NSBOX_CODE(name, severity, message, hint) {#name, Severity::severity},
#include "fields/codes.def"
#undef NSBOX_CODE
};

std::string slugged(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

const std::vector<std::string>& slugs() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out;
    for (const CodeRow& row : rows) out.push_back(slugged(row.slug));
    return out;
  }();
  return all;
}

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

Severity severity_of(Code code) { return rows[static_cast<size_t>(code)].severity; }
std::string_view slug_of(Code code) { return slugs()[static_cast<size_t>(code)]; }

const std::vector<std::string_view>& warning_slugs() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> out;
    for (size_t i = 0; i < std::size(rows); i++)
      if (rows[i].severity == Severity::warning) out.push_back(slugs()[i]);
    return out;
  }();
  return all;
}

bool is_warning(std::string_view slug) {
  const auto same = [](char a, char b) { return a == b || (a == '_' && b == '-'); };
  return std::any_of(std::begin(rows), std::end(rows), [&](const CodeRow& row) {
    return row.severity == Severity::warning && slug.find('_') == slug.npos && std::equal(row.slug.begin(), row.slug.end(), slug.begin(), slug.end(), same);
  });
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
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
