// SPDX-License-Identifier: MIT
// The only user of nlohmann-json.
#include "fields/json.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace nsbox {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return nullptr;
    case Node::Kind::list: {
      Json list = Json::array();
      for (const Node& item : node.items) list.push_back(json_of(item));
      return list;
    }
    case Node::Kind::map: {
      Json map = Json::object();
      for (const Member& member : node.members) map[member.key] = json_of(member.value);
      return map;
    }
    case Node::Kind::scalar: break;
  }
  if (!node.plain) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  if (!looks_like_number(node.text) || node.text.size() > 19) return node.text;
  if (node.text.find('.') != std::string::npos) return strtod(node.text.c_str(), nullptr);
  return strtoll(node.text.c_str(), nullptr, 10);
}

Node node_of(const Json& json) {
  if (json.is_object()) {
    Node map = Node::map();
    for (const auto& [key, value] : json.items()) map.set(key, node_of(value));
    return map;
  }
  if (json.is_array()) {
    Node list = Node::list();
    for (const Json& item : json) list.items.push_back(node_of(item));
    return list;
  }
  if (json.is_null()) return {};
  if (json.is_string()) return Node::scalar(json.get<std::string>());
  return Node::scalar(json.dump(), true);
}

}  // namespace

std::string to_json(const Node& node, int indent) { return escape_json(json_of(node).dump(indent, ' ', false, Json::error_handler_t::replace)); }
std::string json_text(std::string_view text) { return escape_json(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)); }

std::optional<Node> from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return node_of(json);
}

}  // namespace nsbox
