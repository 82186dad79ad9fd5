// SPDX-License-Identifier: MIT
// Codec<T>: how a value of type T is read from a Node, written to one, and described. Sections with
// a field table get theirs for nothing; scalar types are in scalars.hpp; a type that the language
// writes in several forms (a mount, an id map) specialises it beside its section.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "fields/diagnostic.hpp"
#include "fields/field.hpp"

namespace nsbox {

/// Where the values of the finished specification came from; kept for `show --origin` and messages.
class Places {
 public:
  Places() {  // of most files
    places_.reserve(64);
    pointers_.reserve(1536);
  }
  void add(std::string_view pointer, Mark mark) {
    places_.push_back({static_cast<uint32_t>(pointers_.size()), static_cast<uint32_t>(pointer.size()), mark});
    pointers_ += pointer;
  }
  /// Of exactly this value; line 0 when it was not written.
  Mark find(std::string_view pointer) const {
    for (const Place& place : places_)  // a list of a thousand mounts is passed by at the length
      if (place.length == pointer.size() && pointer_of(place) == pointer) return place.mark;
    return {};
  }
  /// As if it had not been written.
  void forget(std::string_view pointer) {
    for (Place& place : places_)
      if (pointer_of(place) == pointer) place.mark = {};
  }
  template <class F>
  void for_each(F&& f) const {
    for (const Place& place : places_) f(pointer_of(place), place.mark);
  }

 private:
  struct Place {
    uint32_t at, length;  // in `pointers_`: a text of its own for each would cost more than the rest
    Mark mark;
  };
  std::string_view pointer_of(const Place& place) const { return std::string_view(pointers_).substr(place.at, place.length); }

  std::vector<Place> places_;
  std::string pointers_;
};

/// For read_fields: all that the table has.
template <Described S>
struct EveryKey {
  static bool takes(std::string_view) { return true; }
  static bool passes(std::string_view) { return false; }
  static std::vector<std::string_view> names() { return keys_of<S>(); }
};

class Decoder {
 public:
  Decoder(Findings& findings, std::string_view home) : findings(findings), home(home) {}

  Findings& findings;
  std::string home;                      // of the caller, for `~/`; "" when it has none
  Places* places = nullptr;  // filled when somebody wants them

  const std::string& pointer() const { return pointer_; }
  [[gnu::cold]] void error(Code code, const Node& node, std::vector<std::string> args = {}) {
    if (!node.broken) findings.add(code, node.mark, pointer_, std::move(args));
  }
  [[gnu::cold]] void error_at(Code code, Mark mark, std::vector<std::string> args = {}) {
    findings.add(code, mark, pointer_, std::move(args));
  }
  /// The standard answer to a node of the wrong kind.
  [[gnu::cold]] bool wrong_type(const Node& node, std::string_view expected) {
    error(Code::wrong_type, node, {std::string(expected), std::string(kind_words(node)), node.is_scalar() ? node.text : ""});
    return false;
  }

  template <class T>
  bool read(const Node& node, T& out);
  template <class T, class Key>
  bool read_at(const Key& key, const Node& node, T& out) {
    const PointerStep step(pointer_, key);
    return read(node, out);
  }

  /// Reads the members of `node` into the struct; unknown keys are errors with the nearest name.
  /// `keys` says of each whether the struct takes it here, or it is somebody else's.
  template <Described S, class Keys>
  bool read_fields(const Node& node, S& out, const Keys& keys);
  template <Described S>
  bool read_fields(const Node& node, S& out) {
    return read_fields(node, out, EveryKey<S>{});
  }

 private:
  std::string pointer_;
};

template <class T>
struct Codec;

template <class T>
Node encode(const T& value) {
  return Codec<T>::encode(value);
}
template <class T>
Node schema() {
  return Codec<T>::schema();
}

template <class T>
bool Decoder::read(const Node& node, T& out) {
  if (places) places->add(pointer_, node.mark);
  return !node.broken && Codec<T>::decode(*this, node, out);
}

template <Described S, class Keys>
bool Decoder::read_fields(const Node& node, S& out, const Keys& keys) {
  if (!node.is_map()) return wrong_type(node, "a mapping");
  bool ok = true;
  for (const Member& member : node.members) {
    if (keys.passes(member.key)) continue;
    bool known = false;
    if (keys.takes(member.key))
      for_each_field<S>([&](const auto& field) {
        if (known || field.key != member.key) return;
        known = true;
        ok &= read_at(field.key, member.value, out.*(field.member));
      });
    if (known) continue;
    ok = false;
    const PointerStep step(pointer_, member.key);
    std::vector<std::string> args{member.key};
    if (const std::string_view near = meant(member.key, keys.names()); !near.empty()) args.emplace_back(near);
    error_at(Code::unknown_key, member.mark, std::move(args));
  }
  return ok;
}

// --- what every schema node needs -------------------------------------------------------------
inline Node schema_of_type(std::string_view type) {
  Node node = Node::map();
  node.set("type", Node::scalar(std::string(type)));
  return node;
}
inline Node schema_any_of(std::vector<Node> branches) {
  Node node = Node::map(), list = Node::list();
  list.items = std::move(branches);
  node.set("anyOf", std::move(list));
  return node;
}
inline Node titled(std::string_view title, Node node) {
  Node out = Node::map();
  out.set("title", Node::scalar(std::string(title)));
  for (Member& member : node.members) out.set(member.key, std::move(member.value));
  return out;
}
/// A schema of text that matches `pattern`, or of text that holds a substitution.
Node schema_of_text(std::string_view pattern);
inline Node substitutable(Node node) {
  return schema_any_of({std::move(node), schema_of_text("\\$\\{")});
}

// --- structs with a field table ---------------------------------------------------------------
template <Described S>
Node encode_fields(const S& value) {
  Node node = Node::map();
  for_each_field<S>([&](const auto& field) {
    Node member = encode(value.*(field.member));
    if (!member.is_null()) node.set(field.key, std::move(member));
  });
  return node;
}

template <Described S>
Node schema_of_fields(const std::vector<std::string_view>* allowed = nullptr) {
  Node properties = Node::map();
  const S defaults{};
  for_each_field<S>([&](const auto& field) {
    if (allowed && std::find(allowed->begin(), allowed->end(), field.key) == allowed->end()) return;
    using M = std::remove_cvref_t<decltype(defaults.*(field.member))>;
    Node property = Node::map();
    property.set("description", Node::scalar(std::string(field.doc)));
    if (Node preset = encode(defaults.*(field.member)); !preset.is_null() && !preset.is_map())
      property.set("default", std::move(preset));
    Node shape = schema<M>();
    if (field.key != "nsbox") shape = schema_any_of({std::move(shape), schema_of_type("null")});
    for (Member& member : shape.members) property.set(member.key, std::move(member.value));
    properties.set(field.key, std::move(property));
  });
  Node node = schema_of_type("object");
  node.set("properties", std::move(properties));
  node.set("additionalProperties", Node::boolean(false));
  return node;
}

template <Described S>
struct Codec<S> {
  static bool decode(Decoder& decoder, const Node& node, S& out) { return decoder.read_fields(node, out); }
  static Node encode(const S& value) { return encode_fields(value); }
  static Node schema() { return schema_of_fields<S>(); }
  static std::string type() { return "mapping"; }
};

// --- optional values, lists, maps of names ----------------------------------------------------
template <class T>
struct Codec<std::optional<T>> {
  static bool decode(Decoder& decoder, const Node& node, std::optional<T>& out) {
    if (node.is_null()) return true;  // only where null is a value (env) is it still there
    return Codec<T>::decode(decoder, node, out.emplace());
  }
  static Node encode(const std::optional<T>& value) { return value ? Codec<T>::encode(*value) : Node{}; }
  static Node schema() { return Codec<T>::schema(); }
  static std::string type() { return Codec<T>::type(); }
};

template <class T>
struct Codec<std::vector<T>> {
  static bool decode(Decoder& decoder, const Node& node, std::vector<T>& out) {
    if (!node.is_list()) return decoder.wrong_type(node, "a list");
    out.clear();
    out.reserve(std::min<size_t>(node.items.size(), 4096));  // no more: most of a longer list may be wrong
    bool ok = true;
    // An item's index is its place, but for those that know it: the rules see none after a wrong one.
    constexpr bool knows_place = requires(T item) { item.pointer; };
    for (size_t i = 0; i < node.items.size(); i++) {
      const bool read = decoder.read_at(i, node.items[i], out.emplace_back());
      ok &= read;
      if (!read || !(ok || knows_place)) out.pop_back();
    }
    return ok;
  }
  static Node encode(const std::vector<T>& value) {
    Node node = Node::list();
    for (const T& item : value) node.items.push_back(Codec<T>::encode(item));
    return node;
  }
  static Node schema() {
    Node node = schema_of_type("array");
    node.set("items", Codec<T>::schema());
    return node;
  }
  static std::string type() { return "list of " + Codec<T>::type(); }
};

/// A mapping of names to values, in the order written.
template <class T>
struct Dict {
  std::vector<std::pair<std::string, T>> entries;
  std::vector<Mark> marks;  // of the keys, beside `entries`

  const T* find(std::string_view key) const {
    for (const auto& [name, value] : entries)
      if (name == key) return &value;
    return nullptr;
  }
};

template <class T>
struct Codec<Dict<T>> {
  static bool decode(Decoder& decoder, const Node& node, Dict<T>& out) {
    if (!node.is_map()) return decoder.wrong_type(node, "a mapping");
    bool ok = true;
    for (const Member& member : node.members) {
      T value{};
      if (decoder.read_at(member.key, member.value, value)) {
        out.entries.emplace_back(member.key, std::move(value));
        out.marks.push_back(member.mark);
      } else {
        ok = false;
      }
    }
    return ok;
  }
  static Node encode(const Dict<T>& value) {
    if (value.entries.empty()) return {};
    Node node = Node::map();
    for (const auto& [name, item] : value.entries) node.set(name, Codec<T>::encode(item));
    return node;
  }
  static Node schema() {
    Node node = schema_of_type("object");
    node.set("additionalProperties", schema_any_of({Codec<T>::schema(), schema_of_type("null")}));
    return node;
  }
  static std::string type() { return "mapping of names to " + Codec<T>::type(); }
};

}  // namespace nsbox
