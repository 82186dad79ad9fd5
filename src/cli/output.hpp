// SPDX-License-Identifier: MIT
// Node as YAML, and colour.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "fields/json.hpp"

namespace nsbox {

/// As a specification that means the same: quoted where needed, `$` escaped. `comment` may say
/// something of a value by its JSON Pointer.
std::string to_yaml(const Node& node, const std::function<std::string(const std::string& pointer)>& comment = nullptr);

/// Rows of cells in columns, the first row their titles, to standard output.
void print_table(const std::vector<std::vector<std::string>>& rows);

void set_color(std::string_view when);
enum class Paint { bold, red, yellow, green, blue, dim };
/// `text` in colour, when the stream (1 or 2) is to have it.
std::string paint(int stream, Paint paint, std::string_view text);

}  // namespace nsbox
