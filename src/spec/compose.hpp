// SPDX-License-Identifier: MIT
// From files to one specification: `extends`, `vars`, substitution, and only then the decoder.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/facts.hpp"
#include "spec/spec.hpp"

namespace nsbox {

struct Input {
  std::string path;  // of the file; "-": standard input
  std::map<std::string, std::string, std::less<>> set;  // --set NAME=VALUE
  std::string name;  // --name; "" for the file's own
};

/// How files are read; tests give their own.
struct FileReader {
  /// Fills name, text, folder and identity. Returns "" or the reason why it can't be read.
  std::function<std::string(const std::string& path, SourceFile& out)> read;
};

/// Reads, composes, substitutes, decodes and checks. Nothing when there is an error; `unreadable`
/// tells a file that can't be read from one that is wrong.
std::unique_ptr<Spec> load_spec(Findings& findings, const Input& input, const Caller& caller, const FileReader& reader, bool* unreadable = nullptr);

}  // namespace nsbox
