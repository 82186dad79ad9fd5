// SPDX-License-Identifier: MIT
#include "fields/node.hpp"

#include <algorithm>
#include <utility>

namespace nsbox {

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

void Node::set(std::string_view key, Node value) {
  if (Node* old = find(key)) {
    *old = std::move(value);
  } else {
    const Mark place = value.mark;
    members.push_back({std::string(key), place, std::move(value)});
  }
}

void Node::erase(std::string_view key) {
  std::erase_if(members, [&](const Member& member) { return member.key == key; });
}

Node Node::scalar(std::string text, bool plain) {
  Node node;
  node.kind = Kind::scalar;
  node.plain = plain;
  node.text = std::move(text);
  return node;
}

Node Node::number(int64_t value) { return scalar(std::to_string(value), true); }
Node Node::boolean(bool value) { return scalar(value ? "true" : "false", true); }

Node Node::list() {
  Node node;
  node.kind = Kind::list;
  return node;
}

Node Node::map() {
  Node node;
  node.kind = Kind::map;
  return node;
}

std::string_view kind_words(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a mapping";
    case Node::Kind::scalar: break;
  }
  if (!node.plain) return node.text.empty() ? "an empty text" : "quoted text";
  if (node.text == "true" || node.text == "false") return "a boolean";
  return looks_like_number(node.text) ? "a number" : "text";
}

bool looks_like_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text[0] == '0' && text[1] != '.')) return false;
  size_t dots = 0;
  for (const char c : text) {
    if (c == '.') dots++;
    else if (c < '0' || c > '9') return false;
  }
  return dots == 0 || (dots == 1 && text.front() != '.' && text.back() != '.');
}

}  // namespace nsbox
