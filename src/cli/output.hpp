// SPDX-License-Identifier: MIT
// Node as JSON and as YAML, and colour.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "fields/node.hpp"

namespace nsbox {

std::string to_json(const Node& node, int indent = 2);
std::string json_text(std::string_view text);  // one JSON string, with its quotes

/// As a specification that means the same: quoted where needed, `$` escaped. `comment` may say
/// something of a value by its JSON Pointer.
std::string to_yaml(const Node& node, const std::function<std::string(const std::string& pointer)>& comment = nullptr);

void set_color(std::string_view when);
enum class Paint { bold, red, yellow, green, blue, dim };
/// `text` in colour, when the stream (1 or 2) is to have it.
std::string paint(int stream, Paint paint, std::string_view text);

}  // namespace nsbox
