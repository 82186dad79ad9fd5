// SPDX-License-Identifier: MIT
// The one strict YAML loader. What yaml-cpp lets pass (a key twice, tags, merge keys, a second
// document, NUL) is an error here, and the work is bounded before it is begun.
#pragma once
#include <optional>
#include <string_view>

#include "fields/diagnostic.hpp"

namespace nsbox {

struct InputLimits {
  static constexpr size_t bytes = 1 << 20;   // of one file
  static constexpr size_t depth = 64;        // of nesting
  static constexpr size_t nodes = 100'000;   // after aliases are expanded
};

/// Reads the text of `findings.files[file]`. Problems are added to `findings`; nothing is returned
/// when the document can't be read at all (or only in part).
/// `by_library`: by yaml-cpp even where the plain reader would do.
std::optional<Node> load_yaml(Findings& findings, uint16_t file, bool by_library = false);

}  // namespace nsbox
