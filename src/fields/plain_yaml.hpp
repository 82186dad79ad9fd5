// SPDX-License-Identifier: MIT
// The plain part of YAML that specifications are mostly written in, read in one pass: block mappings
// and lists, flow collections and scalars on one line, `|` texts, comments. yaml-cpp, which reads
// everything else, needs some thirty times as many instructions for the same text.
//
// It never has an opinion of its own: what it returns is what yaml-cpp would give, which the tests
// hold it to with every file of theirs and many thousand damaged ones; and at the first thing that is
// not plain, or wrong, it returns nothing, and yaml-cpp is asked.
#pragma once
#include <optional>
#include <string_view>

#include "fields/node.hpp"

namespace nsbox {

std::optional<Node> read_plain_yaml(std::string_view text, uint16_t file);

}  // namespace nsbox
