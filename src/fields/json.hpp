// SPDX-License-Identifier: MIT
// Node as JSON, both ways.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "fields/node.hpp"

namespace nsbox {

std::string to_json(const Node& node, int indent = 2);
std::string json_text(std::string_view text);  // one JSON string, with its quotes

/// What nsbox itself has written; nothing when it is no JSON.
std::optional<Node> from_json(std::string_view text);

}  // namespace nsbox
