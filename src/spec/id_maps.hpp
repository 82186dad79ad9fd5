// SPDX-License-Identifier: MIT
// id_maps: which ids of the host the new user namespace has, and under which numbers.
#pragma once
#include <optional>
#include <vector>

#include "fields/scalars.hpp"
#include "plan/step.hpp"
#include "spec/check.hpp"

namespace nsbox {

class PlanBuilder;

struct MapEntry {
  int64_t inside = -1, outside = -1, count = -1;
  Mark mark;
};

enum class Setgroups : uint8_t { automatic, deny, allow };
template <>
struct EnumNames<Setgroups> {
  static constexpr std::pair<std::string_view, Setgroups> names[] = {{"deny", Setgroups::deny}, {"allow", Setgroups::allow}};
};

struct IdMaps {
  enum class Form : uint8_t { automatic, root, keep, shift, subids, lists };
  Form form = Form::automatic;
  std::vector<MapEntry> uid, gid;
  Setgroups setgroups = Setgroups::automatic;
  bool broken = false;  // what is written is wrong: nothing can be said of the ids
  Mark mark;

  /// The form that `automatic` stands for.
  Form effective(const Caller& caller) const;
  /// `"0:1000:1"` in both lists as mappings, before substitution.
  static void expand(Findings& findings, Node& node);
};

template <>
struct Codec<IdMaps> {
  static bool decode(Decoder&, const Node&, IdMaps& out);
  static Node encode(const IdMaps& value);
  static Node schema();
  static std::string type() { return "`root`, `keep`, `shift`, `subids`, or a mapping of uid, gid, setgroups"; }
};

/// Both maps as the kernel will have them.
struct Maps {
  std::vector<Extent> uid, gid;
  bool known = true;  // false: they hang on the host's /etc/subuid (validate does not look there)
  bool setgroups = true;

  std::optional<uint32_t> inside(bool group, uint32_t outside) const;
  std::optional<uint32_t> outside(bool group, uint32_t inside) const;
  bool has_host_root() const { return inside(false, 0).has_value(); }
};

/// The range that `shift` maps to where /etc/subuid has none for `nsbox`: 65536 ids above all that
/// are given to users and containers (1879048192…2147418111), chosen by the sandbox's name.
uint32_t shift_base(std::string_view name);

/// The maps of a specification without a look at the host (`known` is false where that can't be).
Maps maps_of(const Spec& spec, const Caller& caller);
/// The same with the host's subordinate ids.
Maps maps_on(const Spec& spec, const HostFacts& facts);

void check_id_maps(const Check& check);
void plan_id_maps(PlanBuilder& builder);

}  // namespace nsbox
