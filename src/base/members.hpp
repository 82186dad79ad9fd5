// SPDX-License-Identifier: MIT
// The members of a plain struct, one after another, without a list of them: what can be said of every
// struct is then written once. Up to eight members, none of them an array.
#pragma once
#include <cstddef>
#include <type_traits>

namespace nsbox {
namespace members_detail {

struct Anything {
  template <class T>
  operator T() const;
};

template <class T, class... Have>
consteval size_t count() {
  if constexpr (requires { T{Have{}..., Anything{}}; }) return count<T, Have..., Anything>();
  else return sizeof...(Have);
}

}  // namespace members_detail

template <class T>
inline constexpr size_t member_count = members_detail::count<std::remove_const_t<T>>();

/// f(member) for each member of `object`, in order.
template <class T, class F>
constexpr void for_each_member(T& object, F&& f) {
  constexpr size_t n = member_count<T>;
  static_assert(n <= 8);
  if constexpr (n == 1) {
    auto& [a] = object;
    f(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = object;
    f(a), f(b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = object;
    f(a), f(b), f(c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = object;
    f(a), f(b), f(c), f(d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = object;
    f(a), f(b), f(c), f(d), f(e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, g] = object;
    f(a), f(b), f(c), f(d), f(e), f(g);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, g, h] = object;
    f(a), f(b), f(c), f(d), f(e), f(g), f(h);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, g, h, i] = object;
    f(a), f(b), f(c), f(d), f(e), f(g), f(h), f(i);
  }
}

}  // namespace nsbox
