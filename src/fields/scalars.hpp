// SPDX-License-Identifier: MIT
// The scalar types of the language. Each reads strictly (the whole text, no sign or base that was
// not asked for, range checked), and says what it expects when it refuses.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "fields/codec.hpp"

namespace nsbox {

/// A whole number in [Low, High]; decimal digits, a leading `-` where Low < 0.
template <int64_t Low, int64_t High>
struct Int {
  int64_t value = 0;
};
using Id = Int<0, 4294967294>;  // a user or group id; 2^32-1 is the kernel's "no id"

struct Size {
  uint64_t bytes = 0;  // 64M, 1G, 1.5G (powers of 1024; B K M G T, optional i or iB), or bytes
};
struct Duration {
  int64_t ns = 0;  // 250ms, 30s, 5m, 2h, 1h30m, or seconds; at most 292 years
};
struct SignedDuration {
  int64_t ns = 0;  // the same with an optional leading `-` (time offsets)
};
struct Mode {
  uint32_t bits = 0;  // octal digits: 0755, "1777", 0o755; at most 07777
};
struct HostPath {
  std::string path;  // absolute; relative ones start at their file's folder, `~/` at the caller's home
};
struct BoxPath {
  std::string path;  // absolute, normal, without `..`
};
struct Signal {
  int number = 0;  // 1..64; by name with or without SIG, or a number
};

std::string signal_name(int number);  // "TERM"; "RTMIN+3"; "37" where it has no name

std::string print_size(uint64_t bytes);
std::string print_duration(int64_t ns);
std::string print_mode(uint32_t bits);

/// Strict decimal; false on anything else, overflow included.
bool parse_integer(std::string_view text, int64_t& out);
bool parse_size(std::string_view text, uint64_t& out);
bool parse_duration(std::string_view text, int64_t& out);  // no sign

/// An absolute host path for what is written in a file of `folder`. False for `~user`, an empty
/// path, and `~/` without a home.
bool resolve_host_path(std::string_view text, std::string_view folder, std::string_view home, std::string& out);

#define NSBOX_SCALAR(T)                                  \
  template <>                                            \
  struct Codec<T> {                                      \
    static bool decode(Decoder&, const Node&, T& out);   \
    static Node encode(const T& value);                  \
    static Node schema();                                \
    static std::string type();                           \
  }
NSBOX_SCALAR(bool);
NSBOX_SCALAR(std::string);
NSBOX_SCALAR(Size);
NSBOX_SCALAR(Duration);
NSBOX_SCALAR(SignedDuration);
NSBOX_SCALAR(Mode);
NSBOX_SCALAR(HostPath);
NSBOX_SCALAR(BoxPath);
NSBOX_SCALAR(Signal);
#undef NSBOX_SCALAR

bool decode_boolean(Decoder& decoder, const Node& node, bool& out, std::string_view expected);
bool decode_integer(Decoder& decoder, const Node& node, int64_t low, int64_t high, int64_t& out);
Node schema_of_integer(int64_t low, int64_t high);

template <int64_t Low, int64_t High>
struct Codec<Int<Low, High>> {
  static bool decode(Decoder& decoder, const Node& node, Int<Low, High>& out) {
    return decode_integer(decoder, node, Low, High, out.value);
  }
  static Node encode(const Int<Low, High>& value) { return Node::number(value.value); }
  static Node schema() { return schema_of_integer(Low, High); }
  static std::string type() { return "number " + std::to_string(Low) + "…" + std::to_string(High); }
};

/// Specialise with `static constexpr std::pair<std::string_view, E> names[]`.
template <class E>
struct EnumNames;
template <class E>
concept Named = requires { EnumNames<E>::names; };

template <Named E>
std::string_view name_of(E value) {
  for (const auto& [name, each] : EnumNames<E>::names)
    if (each == value) return name;
  return "?";
}

bool decode_choice(Decoder&, const Node&, const std::vector<std::string_view>& names, size_t& index);
Node schema_of_choice(const std::vector<std::string_view>& names);

template <Named E>
struct Codec<E> {
  static std::vector<std::string_view> words() {
    std::vector<std::string_view> out;
    for (const auto& [name, each] : EnumNames<E>::names) out.push_back(name);
    return out;
  }
  static bool decode(Decoder& decoder, const Node& node, E& out) {
    size_t index = 0;
    if (!decode_choice(decoder, node, words(), index)) return false;
    out = EnumNames<E>::names[index].second;
    return true;
  }
  static Node encode(const E& value) { return Node::scalar(std::string(name_of(value))); }
  static Node schema() { return schema_of_choice(words()); }
  static std::string type() {
    std::string out;
    for (const std::string_view word : words()) out += (out.empty() ? "`" : ", `") + std::string(word) + "`";
    return out;
  }
};

/// A known key of the language that this version does not have yet: refused, never ignored.
struct Unsupported {};

template <>
struct Codec<Unsupported> {
  static bool decode(Decoder& decoder, const Node& node, Unsupported&) {
    decoder.error(Code::unsupported, node, {pointer_words(decoder.pointer())});
    return false;
  }
  static Node encode(const Unsupported&) { return {}; }
  static Node schema() {
    Node node = Node::map();
    node.set("not", Node::map());
    return node;
  }
  static std::string type() { return "not in this version"; }
};

}  // namespace nsbox
