// SPDX-License-Identifier: MIT
// An optional value that lies elsewhere, so that where it is absent (nearly always) it takes the room
// of a pointer: a specification may have a thousand mounts, each with every key that any kind has.
#pragma once
#include <memory>

#include "fields/codec.hpp"

namespace nsbox {

template <class T>
class Rare {
 public:
  Rare() = default;
  Rare(const Rare& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  Rare& operator=(Rare other) noexcept {
    value_.swap(other.value_);
    return *this;
  }
  ~Rare() = default;

  explicit operator bool() const { return value_ != nullptr; }
  bool has_value() const { return value_ != nullptr; }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  T& emplace() { return *(value_ = std::make_unique<T>()); }

 private:
  std::unique_ptr<T> value_;
};

template <class T>
struct Codec<Rare<T>> {
  static bool decode(Decoder& decoder, const Node& node, Rare<T>& out) {
    if (node.is_null()) return true;
    return Codec<T>::decode(decoder, node, out.emplace());
  }
  static Node encode(const Rare<T>& value) { return value ? Codec<T>::encode(*value) : Node{}; }
  static Node schema() { return Codec<T>::schema(); }
  static std::string type() { return Codec<T>::type(); }
};

}  // namespace nsbox
