// SPDX-License-Identifier: MIT
// namespaces, time_offsets, hostname, domainname.
#pragma once
#include <array>
#include <optional>

#include "base/namespaces.hpp"
#include "fields/scalars.hpp"
#include "spec/check.hpp"

namespace nsbox {

class PlanBuilder;

struct NsChoice {
  enum class How : uint8_t { fresh, host, join };
  How how = How::fresh;
  std::string path;     // join: a namespace file,
  int64_t pid = 0;      // or the process pid:N,
  std::string sandbox;  // or of sandbox:NAME
  std::string pin;      // fresh: kept by a bind mount at this path
  bool broken = false;  // what is written is wrong, and has its diagnostic
  bool is_host() const { return how == How::host; }
  std::string words() const;  // of a join, as it is written
  Mark mark;
};

struct Namespaces {
  std::array<NsChoice, 8> of = defaults();
  const NsChoice& operator[](NsType type) const { return of[static_cast<uint8_t>(type)]; }
  bool fresh(NsType type) const { return (*this)[type].how == NsChoice::How::fresh; }
  bool joined(NsType type) const { return (*this)[type].how == NsChoice::How::join; }
  bool any_joined() const;
  uint64_t fresh_flags() const;

  static std::array<NsChoice, 8> defaults();
  /// The list form as the mapping that names all eight, before files are merged.
  static void expand(Findings& findings, Node& node);
};

struct TimeOffsets {
  SignedDuration monotonic, boottime;
  bool set = false;  // one of them was written
  static constexpr auto fields() {
    return std::tuple{field("monotonic", &TimeOffsets::monotonic, "Added to CLOCK_MONOTONIC."),
                      field("boottime", &TimeOffsets::boottime, "Added to CLOCK_BOOTTIME.")};
  }
};

template <>
struct Codec<NsChoice> {
  static bool decode(Decoder&, const Node&, NsChoice& out);
  static Node encode(const NsChoice& value);
};
template <>
struct Codec<Namespaces> {
  static bool decode(Decoder&, const Node&, Namespaces& out);
  static Node encode(const Namespaces& value);
  static Node schema();
  static std::string type() { return "list or mapping of namespace types"; }
};
template <>
struct Codec<std::optional<TimeOffsets>> {
  static bool decode(Decoder& decoder, const Node& node, std::optional<TimeOffsets>& out) {
    return decoder.read_fields(node, out.emplace());
  }
  static Node encode(const std::optional<TimeOffsets>& value) { return value ? encode_fields(*value) : Node{}; }
  static Node schema() { return schema_of_fields<TimeOffsets>(); }
  static std::string type() { return "mapping"; }
};

void check_namespaces(const Check& check);
void plan_joins(PlanBuilder& builder);             // prepare and join
void plan_pins(PlanBuilder& builder);              // place
void plan_time(PlanBuilder& builder);              // become
void plan_identity_of_host(PlanBuilder& builder);  // isolate: hostname, domainname, lo

}  // namespace nsbox
