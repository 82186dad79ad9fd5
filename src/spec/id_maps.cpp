// SPDX-License-Identifier: MIT
#include "spec/id_maps.hpp"

#include <algorithm>

#include "fields/substitute.hpp"
#include "spec/builder.hpp"

namespace nsbox {
namespace {

constexpr uint64_t id_space = 4294967295;  // ids are 0…4294967294
constexpr size_t most_extents = 340;       // user_namespaces(7)
constexpr uint32_t shift_count = 65536;
const std::vector<std::string_view> form_names = {"root", "keep", "shift", "subids"};

bool decode_entry(Decoder& decoder, const Node& node, MapEntry& out) {
  out.mark = node.mark;
  if (node.is_list()) return decoder.wrong_type(node, "\"inside:outside:count\"");
  if (!node.is_map()) {
    decoder.error(Code::id_map_entry, node, {node.text});
    return false;
  }
  bool ok = true;
  const auto number = [&](std::string_view key, auto read, int64_t& value) {
    const Node* member = node.find(key);
    if (!member) decoder.error(Code::missing_key, node, {std::string(key)});
    ok &= member && decoder.read_at(key, *member, read);
    value = read.value;
  };
  number("inside", Id{}, out.inside);
  number("outside", Id{}, out.outside);
  number("count", Int<1, 4294967294>{}, out.count);
  for (const Member& member : node.members) {
    const std::vector<std::string_view> keys{"inside", "outside", "count"};
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    std::vector<std::string> args{member.key};
    if (const std::string_view near = nearest(member.key, keys); !near.empty()) args.emplace_back(near);
    decoder.findings.add(Code::unknown_key, member.mark, pointer_to(decoder.pointer(), member.key), std::move(args));
    ok = false;
  }
  return ok;
}

bool decode_entries(Decoder& decoder, const Node& node, std::vector<MapEntry>& out) {
  if (!node.is_list()) return decoder.wrong_type(node, "a list of \"inside:outside:count\"");
  if (node.items.empty()) {
    decoder.error(Code::empty_list, node);
    return false;
  }
  if (node.items.size() > most_extents) {
    decoder.error(Code::id_map_extents, node, {std::to_string(node.items.size())});
    return false;
  }
  bool ok = true;
  for (size_t i = 0; i < node.items.size(); i++) ok &= decoder.read_at(i, node.items[i], out.emplace_back());
  if (!ok) return false;
  const auto overlaps = [](int64_t a, int64_t an, int64_t b, int64_t bn) { return a < b + bn && b < a + an; };
  const auto words = [](const MapEntry& e) {
    return std::to_string(e.inside) + ":" + std::to_string(e.outside) + ":" + std::to_string(e.count);
  };
  for (size_t i = 0; i < out.size(); i++) {
    const MapEntry& entry = out[i];
    const int64_t last = std::max(entry.inside, entry.outside);
    if (last + entry.count > static_cast<int64_t>(id_space)) {
      decoder.findings.add(Code::id_map_overflow, entry.mark, pointer_to(decoder.pointer(), i), {std::to_string(last), std::to_string(entry.count)});
      ok = false;
    }
    for (size_t j = 0; j < i; j++) {
      const bool inside = overlaps(entry.inside, entry.count, out[j].inside, out[j].count);
      const bool outside = overlaps(entry.outside, entry.count, out[j].outside, out[j].count);
      if (!inside && !outside) continue;
      decoder.findings.add(Code::id_map_overlap, entry.mark, pointer_to(decoder.pointer(), i),
                           {words(out[j]), inside ? "inside" : "outside"}, out[j].mark);
      ok = false;
      break;
    }
  }
  return ok;
}

std::vector<Extent> extents_of(const std::vector<MapEntry>& entries) {
  std::vector<Extent> out;
  for (const MapEntry& entry : entries)
    out.push_back({static_cast<uint32_t>(entry.inside), static_cast<uint32_t>(entry.outside), static_cast<uint32_t>(entry.count)});
  return out;
}

/// 0 is the caller, 1… are its subordinate ranges, one after the other.
std::vector<Extent> subid_extents(uint32_t own, const std::vector<SubidRange>& ranges) {
  std::vector<Extent> out{{0, own, 1}};
  uint32_t next = 1;
  for (const SubidRange& range : ranges) {
    out.push_back({next, range.first, range.count});
    next += range.count;
  }
  return out;
}

bool needs_helper(const std::vector<Extent>& extents, uint32_t own) {
  return !(extents.size() == 1 && extents[0].count == 1 && extents[0].outside == own);
}

/// Every id of an ordinary user's map but its own must be among its subordinate ones: newuidmap's
/// rule, checked before it is called.
void check_subids(PlanBuilder& builder, bool group, const std::vector<Extent>& extents) {
  const Caller& caller = builder.facts.caller;
  const uint32_t own = group ? caller.gid : caller.uid;
  const auto& ranges = builder.facts.subids(group, caller.name);
  const std::string file = group ? "/etc/subgid" : "/etc/subuid";
  if (ranges.empty() && builder.spec.id_maps.form == IdMaps::Form::subids) return builder.error(Code::no_subids, {file, caller.name});
  for (const Extent& extent : extents) {
    if (extent.count == 1 && extent.outside == own) continue;
    const bool covered = std::any_of(ranges.begin(), ranges.end(), [&](const SubidRange& range) {
      return extent.outside >= range.first && uint64_t{extent.outside} + extent.count <= uint64_t{range.first} + range.count;
    });
    if (covered) continue;
    if (ranges.empty()) {
      builder.error(Code::no_subids, {file, caller.name});
      return;
    }
    std::string have;
    for (const SubidRange& range : ranges)
      have += (have.empty() ? "" : ", ") + std::to_string(range.first) + "…" + std::to_string(range.first + range.count - 1);
    builder.error(Code::subid_range, {group ? "group id" : "user id", std::to_string(extent.outside),
                                      std::to_string(uint64_t{extent.outside} + extent.count - 1), have});
    return;
  }
  const std::string helper = group ? "/usr/bin/newgidmap" : "/usr/bin/newuidmap";
  const PathFact& fact = builder.facts.resolved(helper);
  if (fact.kind != FileKind::file) builder.error(Code::no_newuidmap, {helper, std::string(words_of(fact.kind))});
}

}  // namespace

IdMaps::Form IdMaps::effective(const Caller& caller) const {
  if (form != Form::automatic) return form;
  return caller.root ? Form::shift : Form::root;
}

void IdMaps::expand(Findings& findings, Node& node) {
  (void)findings;
  if (!node.is_map()) return;
  for (const char* key : {"uid", "gid"}) {
    Node* list = node.find(key);
    if (!list || !list->is_list() || list->items.size() > most_extents) continue;
    for (Node& item : list->items) {
      if (!item.is_scalar()) continue;
      const std::vector<std::string_view> pieces = split_outside(item.text, ':');
      if (pieces.size() != 3) continue;  // the decoder says so
      Node map = Node::map();
      map.mark = item.mark;
      static constexpr const char* names[] = {"inside", "outside", "count"};
      for (size_t i = 0; i < 3; i++) {
        Node value = Node::scalar(std::string(pieces[i]), true);
        value.mark = item.mark;
        map.set(names[i], std::move(value));
      }
      item = std::move(map);
    }
  }
}

template <>
struct Codec<MapEntry> {
  static bool decode(Decoder& decoder, const Node& node, MapEntry& out) { return decode_entry(decoder, node, out); }
};

template <>
struct Codec<std::vector<MapEntry>> {
  static bool decode(Decoder& decoder, const Node& node, std::vector<MapEntry>& out) { return decode_entries(decoder, node, out); }
};

bool Codec<IdMaps>::decode(Decoder& decoder, const Node& node, IdMaps& out) {
  out = IdMaps{};
  out.mark = node.mark;
  out.broken = true;
  if (node.is_scalar()) {
    static constexpr IdMaps::Form forms[] = {IdMaps::Form::root, IdMaps::Form::keep, IdMaps::Form::shift, IdMaps::Form::subids};
    for (size_t i = 0; i < form_names.size(); i++) {
      if (form_names[i] != node.text) continue;
      out.form = forms[i];
      out.broken = false;
      return true;
    }
  }
  if (!node.is_map()) {
    std::vector<std::string> args{node.is_scalar() ? "'" + node.text + "'" : std::string(kind_words(node))};
    if (const std::string_view near = nearest(node.text, form_names); !near.empty()) args.emplace_back(near);
    decoder.error(Code::id_maps_form, node, std::move(args));
    return false;
  }
  out.form = IdMaps::Form::lists;
  bool ok = true;
  for (const Member& member : node.members) {
    if (member.key == "uid") ok &= decoder.read_at(member.key, member.value, out.uid);
    else if (member.key == "gid") ok &= decoder.read_at(member.key, member.value, out.gid);
    else if (member.key == "setgroups") ok &= decoder.read_at(member.key, member.value, out.setgroups);
    else {
      std::vector<std::string> args{member.key};
      if (const std::string_view near = nearest(member.key, {"uid", "gid", "setgroups"}); !near.empty()) args.emplace_back(near);
      decoder.findings.add(Code::unknown_key, member.mark, pointer_to(decoder.pointer(), member.key), std::move(args));
      ok = false;
    }
  }
  if (!node.find("uid") || !node.find("gid")) {
    decoder.error(Code::id_maps_pair, node);
    ok = false;
  }
  out.broken = !ok;
  return ok;
}

Node Codec<IdMaps>::encode(const IdMaps& value) {
  switch (value.form) {
    case IdMaps::Form::automatic: return {};
    case IdMaps::Form::root: return Node::scalar("root");
    case IdMaps::Form::keep: return Node::scalar("keep");
    case IdMaps::Form::shift: return Node::scalar("shift");
    case IdMaps::Form::subids: return Node::scalar("subids");
    case IdMaps::Form::lists: break;
  }
  const auto list = [](const std::vector<MapEntry>& entries) {
    Node node = Node::list();
    for (const MapEntry& entry : entries)
      node.items.push_back(Node::scalar(std::to_string(entry.inside) + ":" + std::to_string(entry.outside) + ":" + std::to_string(entry.count)));
    return node;
  };
  Node map = Node::map();
  map.set("uid", list(value.uid));
  map.set("gid", list(value.gid));
  if (value.setgroups != Setgroups::automatic) map.set("setgroups", Codec<Setgroups>::encode(value.setgroups));
  return map;
}

Node Codec<IdMaps>::schema() {
  Node entry_keys = Node::map(), need = Node::list();
  for (const char* key : {"inside", "outside", "count"}) {
    Node number = schema_of_integer(*key == 'c' ? 1 : 0, static_cast<int64_t>(id_space) - 1);
    number.set("description", Node::scalar(*key == 'i' ? "The first id in the sandbox." : *key == 'o' ? "The first id outside." : "How many ids."));
    entry_keys.set(key, std::move(number));
    need.items.push_back(Node::scalar(key));
  }
  Node entry = schema_of_type("object");
  entry.set("properties", std::move(entry_keys));
  entry.set("required", std::move(need));
  entry.set("additionalProperties", Node::boolean(false));
  Node list = schema_of_type("array");
  list.set("items", schema_any_of({titled("inside:outside:count", schema_of_text("^([0-9]+|\\$\\{.*\\}):([0-9]+|\\$\\{.*\\}):([0-9]+|\\$\\{.*\\})$")), std::move(entry)}));
  list.set("minItems", Node::number(1));
  list.set("maxItems", Node::number(most_extents));
  Node keys = Node::map(), both = Node::list();
  const auto described = [](Node node, const char* words) {
    node.set("description", Node::scalar(words));
    return node;
  };
  keys.set("uid", described(list, "User ids."));
  keys.set("gid", described(std::move(list), "Group ids."));
  keys.set("setgroups", described(Codec<Setgroups>::schema(), "May supplementary groups be set? Allowed where the kernel permits it."));
  for (const char* key : {"uid", "gid"}) both.items.push_back(Node::scalar(key));
  Node map = schema_of_type("object");
  map.set("properties", std::move(keys));
  map.set("required", std::move(both));
  map.set("additionalProperties", Node::boolean(false));
  return schema_any_of({titled("a form", schema_of_choice(form_names)), titled("both maps", std::move(map))});
}

std::optional<uint32_t> Maps::inside(bool group, uint32_t outside) const {
  for (const Extent& extent : group ? gid : uid)
    if (outside >= extent.outside && outside - extent.outside < extent.count) return extent.inside + (outside - extent.outside);
  return std::nullopt;
}

std::optional<uint32_t> Maps::outside(bool group, uint32_t inside) const {
  for (const Extent& extent : group ? gid : uid)
    if (inside >= extent.inside && inside - extent.inside < extent.count) return extent.outside + (inside - extent.inside);
  return std::nullopt;
}

uint32_t shift_base(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return 1879048192u + (hash % 4095u) * shift_count;
}

Maps maps_of(const Spec& spec, const Caller& caller) {
  Maps maps;
  const Extent whole{0, 0, static_cast<uint32_t>(id_space)};
  if (!spec.namespaces.fresh(NsType::user)) {
    maps.uid = maps.gid = {whole};
    maps.known = !spec.namespaces.joined(NsType::user);
    maps.setgroups = caller.root || spec.namespaces.joined(NsType::user);
    return maps;
  }
  if (spec.id_maps.broken) {
    maps.known = false;
    return maps;
  }
  switch (spec.id_maps.effective(caller)) {
    case IdMaps::Form::root:
      maps.uid = {{0, caller.uid, 1}};
      maps.gid = {{0, caller.gid, 1}};
      maps.setgroups = caller.root;
      break;
    case IdMaps::Form::keep:
      // Root keeps all its numbers, an ordinary user the one it has a right to.
      maps.uid = {caller.root ? whole : Extent{caller.uid, caller.uid, 1}};
      maps.gid = {caller.root ? whole : Extent{caller.gid, caller.gid, 1}};
      maps.setgroups = caller.root;
      break;
    case IdMaps::Form::automatic:
    case IdMaps::Form::shift:
      maps.uid = maps.gid = {{0, shift_base(spec.name), shift_count}};
      break;
    case IdMaps::Form::subids:
      maps.uid = {{0, caller.uid, 1}};
      maps.gid = {{0, caller.gid, 1}};
      maps.known = false;
      break;
    case IdMaps::Form::lists:
      maps.uid = extents_of(spec.id_maps.uid);
      maps.gid = extents_of(spec.id_maps.gid);
      maps.setgroups = caller.root || needs_helper(maps.gid, caller.gid);
      break;
  }
  if (spec.id_maps.setgroups == Setgroups::deny) maps.setgroups = false;
  return maps;
}

Maps maps_on(const Spec& spec, const HostFacts& facts) {
  Maps maps = maps_of(spec, facts.caller);
  if (!spec.namespaces.fresh(NsType::user)) return maps;
  const IdMaps::Form form = spec.id_maps.effective(facts.caller);
  if (form == IdMaps::Form::subids) {
    maps.uid = subid_extents(facts.caller.uid, facts.subids(false, facts.caller.name));
    maps.gid = subid_extents(facts.caller.gid, facts.subids(true, facts.caller.name));
    maps.known = true;
  }
  if (form == IdMaps::Form::shift) {
    const auto reserved = [&](bool group) -> const SubidRange* {
      for (const SubidRange& range : facts.subids(group, "nsbox"))
        if (range.count >= shift_count) return &range;
      return nullptr;
    };
    const SubidRange *users = reserved(false), *groups = reserved(true);
    if (users && groups) {
      maps.uid[0].outside = users->first;
      maps.gid[0].outside = groups->first;
    }
  }
  return maps;
}

void check_id_maps(const Check& check) {
  const Spec& spec = check.spec;
  const IdMaps& maps = spec.id_maps;
  if (maps.form != IdMaps::Form::automatic && !spec.namespaces.fresh(NsType::user)) {
    check.add(Code::needs_namespace, maps.mark, "/id_maps", {"user"});
    return;
  }
  if (maps.form == IdMaps::Form::shift && !check.caller.root) check.add(Code::shift_needs_root, maps.mark, "/id_maps");
  const Maps effective = maps_of(spec, check.caller);
  if (maps.setgroups == Setgroups::allow && !effective.setgroups)
    check.add(Code::setgroups_allow_user, spec.mark_of("/id_maps/setgroups"), "/id_maps/setgroups");
  if (check.caller.root && effective.known && effective.has_host_root()) {
    const bool fresh = spec.namespaces.fresh(NsType::user);
    const std::string pointer = fresh ? "/id_maps" : "/namespaces/user";
    check.add(Code::host_root, spec.mark_of(pointer), pointer, {fresh ? "'id_maps: shift' (the default for root) gives it ids of its own" : "a new user namespace gives it ids of its own"});
  }
}

void plan_id_maps(PlanBuilder& builder) {
  if (!builder.new_user_namespace()) return;
  const PlanBuilder::From from(builder, "/id_maps");
  const Caller& caller = builder.facts.caller;
  const Maps& maps = builder.maps;
  const IdMaps::Form form = builder.spec.id_maps.effective(caller);

  if (!caller.root && form != IdMaps::Form::root && form != IdMaps::Form::keep) {
    if (form == IdMaps::Form::subids || needs_helper(maps.uid, caller.uid)) check_subids(builder, false, maps.uid);
    if (form == IdMaps::Form::subids || needs_helper(maps.gid, caller.gid)) check_subids(builder, true, maps.gid);
  }
  for (const bool group : {false, true}) {
    const std::vector<Extent>& extents = group ? maps.gid : maps.uid;
    const bool helper = !caller.root && needs_helper(extents, group ? caller.gid : caller.uid);
    const bool by_child = !caller.root && !helper;
    // Without it a process could drop a group whose members a file's mode denies (CVE-2014-8989).
    if (group && !maps.setgroups) {
      if (by_child) builder.add(ChildStep{DenySetgroups{}}, Stage::map_identity);
      else builder.add(PlaceStep{DenySetgroups{}}, Stage::map_identity);
    }
    if (helper) {
      builder.add(RunIdMapper{builder.text(group ? "/usr/bin/newgidmap" : "/usr/bin/newuidmap"), group, builder.plan.arena.list(extents)}, Stage::map_identity);
    } else if (by_child) {
      builder.add(MapSelf{group, extents[0]}, Stage::map_identity);
    } else {
      builder.add(WriteIdMap{group, builder.plan.arena.list(extents)}, Stage::map_identity);
    }
  }
}

}  // namespace nsbox
