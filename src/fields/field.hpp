// SPDX-License-Identifier: MIT
// How a struct describes itself. The table that `S::fields()` returns is read by the decoder, the
// JSON Schema, the manual's reference, `show`, the merge of `extends` and "did you mean".
#pragma once
#include <string_view>
#include <tuple>
#include <vector>

#include "fields/node.hpp"

namespace nsbox {

/// What becomes of an inherited value when a later file has the key too.
enum class Merge : uint8_t {
  replace,  // the later value stands
  by_key,   // mappings are merged key by key
  concat,   // lists are joined
};

template <class S, class M>
struct Field {
  std::string_view key;
  M S::*member;
  std::string_view doc;
  Merge merge = Merge::replace;

  constexpr Field merged(Merge how) const {
    Field copy = *this;
    copy.merge = how;
    return copy;
  }
};

template <class S, class M>
constexpr Field<S, M> field(std::string_view key, M S::*member, std::string_view doc) {
  return {key, member, doc};
}

template <class T>
concept Described = requires { T::fields(); };

/// Once in the program, and not made anew at each use.
template <Described S>
inline constexpr auto fields_of = S::fields();

template <Described S, class F>
void for_each_field(F&& f) {
  std::apply([&](const auto&... field) { (f(field), ...); }, fields_of<S>);
}

template <Described S>
bool has_key(std::string_view key) {
  bool found = false;
  for_each_field<S>([&](const auto& field) { found |= field.key == key; });
  return found;
}

template <Described S>
std::vector<std::string_view> keys_of() {
  std::vector<std::string_view> keys;
  for_each_field<S>([&](const auto& field) { keys.push_back(field.key); });
  return keys;
}

}  // namespace nsbox
