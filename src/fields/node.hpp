// SPDX-License-Identifier: MIT
// The project's own small tree of a YAML document: what the loader makes, what composition and
// substitution change, what the decoder reads, and what `show` and the schema are written from.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsbox {

/// A place in one of the loaded files. Lines and columns count from 1; line 0 means "no place".
struct Mark {
  uint16_t file = 0;
  uint32_t line = 0;
  uint32_t column = 0;  // in characters, as editors count
  bool operator==(const Mark&) const = default;
};

struct Member;

struct Node {
  enum class Kind : uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool plain = false;    // a scalar without quotes: may be a number or a boolean
  bool missing = false;  // a null that nobody wrote: `key:` and nothing after it
  bool broken = false;   // it has its diagnostic: nothing more is said of it
  Mark mark;
  std::string text;
  std::string_view form;  // the prefix that was cut off a short form (`pid`, `append`), or its kind (`bind`)
  std::vector<Node> items;
  std::vector<Member> members;

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const { return kind == Kind::null; }

  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  void set(std::string_view key, Node value);  // replaces or appends
  void erase(std::string_view key);

  static Node scalar(std::string text, bool plain = false);
  static Node number(int64_t value);
  static Node boolean(bool value);
  static Node list();
  static Node map();
};

struct Member {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

/// What a node is, for messages: "a mapping", "a list", "text", ….
std::string_view kind_words(const Node& node);

/// True when a plain scalar reads as a JSON number (so that writers leave it unquoted).
bool looks_like_number(std::string_view text);

}  // namespace nsbox
