// SPDX-License-Identifier: MIT
// ${NAME}, ${NAME:-default}, ${NAME:?message}, $$. Works on values after parsing, so that no value
// can inject structure; what was substituted is not substituted again.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fields/diagnostic.hpp"

namespace nsbox {

struct Lookup {
  std::function<std::optional<std::string>(std::string_view name)> find;
  std::set<std::string, std::less<>>* mentioned = nullptr;  // every name that any file asks for
};

/// Substitutes in one scalar. False after a diagnostic. A node that held `${` becomes plain.
bool substitute(Findings& findings, const Lookup& lookup, Node& node, const std::string& pointer);

/// `text` cut at `separator`, at most `most` pieces, with each `${…}` kept whole.
std::vector<std::string_view> split_outside(std::string_view text, char separator, size_t most = SIZE_MAX);

/// Length of the variable's name at the start of `text`.
size_t variable_length(std::string_view text);

/// Length of the `${…}` at the start of `text` with its braces; npos when it has no end.
size_t reference_length(std::string_view text);

}  // namespace nsbox
