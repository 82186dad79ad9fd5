// SPDX-License-Identifier: MIT
// What is wrong with a specification, as data. cli/explain.cpp alone turns it into words.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fields/node.hpp"

namespace nsbox {

enum class Severity : uint8_t {
  error,
  warning,   // legal, and likely wrong
  exposure,  // legal, and meant; `audit` counts it
};

enum class Code : uint16_t {
#define NSBOX_CODE(name, severity, message, hint) name,
#include "fields/codes.def"
#undef NSBOX_CODE
  count,  // not a code
};

struct Diagnostic {
  Code code;
  Mark mark;
  std::string pointer;            // JSON Pointer of the value in the document ("" for the whole)
  std::vector<std::string> args;  // for the words; a hint whose argument is missing is left out
  Mark other{};                   // a second place that belongs to it (the first of two equal keys, …)
};

struct SourceFile {
  std::string name;    // as the user wrote it; "-" for standard input
  std::string text;
  std::string folder;  // relative host paths in it start here
  uint64_t device = 0, inode = 0;
  int64_t changed_ns = 0;  // its modification time, for saved plans
};

/// Every diagnostic of one run, and the files that they point into.
struct Findings {
  std::vector<SourceFile> files;
  std::vector<Diagnostic> diagnostics;
  static constexpr size_t most = 1000;
  size_t more = 0;  // errors beyond these, only counted

  /// Cold, as all that leads here: the compiler puts it out of the way of what a valid file runs through.
  [[gnu::cold]] void add(Code code, Mark mark, std::string pointer, std::vector<std::string> args = {}, Mark other = {});
  bool failed() const;  // at least one error
  size_t count(Severity severity) const;
};

Severity severity_of(Code code);
std::string_view slug_of(Code code);  // stable, as in `allow_warnings` and `--format json`
const std::vector<std::string_view>& warning_slugs();
/// The same without making the list.
bool is_warning(std::string_view slug);

/// One more step of a JSON Pointer (RFC 6901), for the life of this object: a walk through a document
/// has one pointer, and makes a new text only where there is something to say.
class PointerStep {
 public:
  PointerStep(std::string& pointer, std::string_view key);
  PointerStep(std::string& pointer, size_t index);
  ~PointerStep() { pointer_.resize(length_); }
  PointerStep(const PointerStep&) = delete;
  PointerStep& operator=(const PointerStep&) = delete;

 private:
  std::string& pointer_;
  const size_t length_;
};
std::string pointer_to(std::string_view pointer, std::string_view key);
std::string pointer_to(std::string_view pointer, size_t index);

/// `/mounts/3/source` as people read it: `mounts[3].source`.
std::string pointer_words(std::string_view pointer);

}  // namespace nsbox
