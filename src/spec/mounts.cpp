// SPDX-License-Identifier: MIT
// How root and mounts are written: decode, encode, schema, rules.
#include "spec/mounts.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "fields/substitute.hpp"
#include "spec/spec.hpp"

namespace nsbox {
namespace {

// What a kind may have besides its own keys: the first are of a mount, and the root's too.
constexpr std::string_view common_keys[] = {"readonly", "nosuid", "nodev", "noexec", "noatime", "nosymfollow",
                                            "propagation", "optional", "create", "override"};
constexpr size_t keys_of_root = 6, keys_of_mount = 7;

/// Those of `common_keys` that a kind takes.
std::span<const std::string_view> common_keys_of(const MountKind& kind, bool root) {
  const std::span<const std::string_view> all(common_keys);
  if (!kind.common) return all.subspan(keys_of_mount);
  return root ? all.first(keys_of_root) : all;
}

/// Whether a mount of this kind may have the key.
bool takes_key(const MountKind& kind, bool root, std::string_view key) {
  if (key == "target") return !root;
  const auto is_key = [&](std::string_view each) { return each == key; };
  return std::any_of(kind.own.begin(), kind.own.end(), is_key) || std::ranges::any_of(common_keys_of(kind, root), is_key);
}

struct ShortOption {
  std::string_view word, key;
  const char* value;
};
constexpr ShortOption short_options[] = {
    {"ro", "readonly", "true"},       {"rw", "readonly", "false"},        {"optional", "optional", "true"},
    {"noexec", "noexec", "true"},     {"dev", "nodev", "false"},          {"suid", "nosuid", "false"},
    {"nosymfollow", "nosymfollow", "true"}, {"norecursive", "recursive", "false"},
};
const ShortOption* find_short_option(std::string_view word) {
  const ShortOption* found = std::ranges::find(short_options, word, &ShortOption::word);
  return found == std::end(short_options) ? nullptr : found;
}

constexpr const char* root_words = "one of host, tmpfs, bind, overlay, image";

std::vector<std::string_view> kind_names(bool root) {
  std::vector<std::string_view> names;
  if (root) names.push_back("host");
  for (const MountKind& kind : mount_kinds())
    if (!root || kind.as_root) names.push_back(kind.name);
  return names;
}

/// A key that the mapping does not have yet, with a plain text, all where the mapping is.
void add_plain(Node& map, std::string_view key, std::string_view text) {
  Member& member = map.members.emplace_back();
  member.key = key;
  member.mark = member.value.mark = map.mark;
  member.value.kind = Node::Kind::scalar;
  member.value.plain = true;
  member.value.text = text;
}

/// The kind that the node names; with its diagnostic when it names none.
const MountKind* kind_of(Decoder& decoder, const Node& node, bool root) {
  const Node* type = node.find("type");
  if (!type && node.form == "bind") return find_mount_kind("bind");
  if (!type && node.members.size() == 1 && node.members[0].key.find('/') != std::string::npos) {
    decoder.error(Code::mount_blank, node, {node.members[0].key});
    return nullptr;
  }
  if (!type) {
    decoder.error(Code::missing_key, node, {"type"});
    return nullptr;
  }
  if (type->broken) return nullptr;
  if (!type->is_scalar()) {
    decoder.findings.add(Code::wrong_type, type->mark, pointer_to(decoder.pointer(), "type"), {"a word", std::string(kind_words(*type)), ""});
    return nullptr;
  }
  const MountKind* kind = find_mount_kind(type->text);
  if (kind && (!root || kind->as_root)) return kind;
  if (root && type->text == "host") {
    decoder.findings.add(Code::root_host_form, type->mark, decoder.pointer());
    return nullptr;
  }
  const std::string& word = type->text;
  std::vector<std::string> args{word};
  if (root) args.emplace_back(root_words);
  else if (const std::string_view near = nearest(word, kind_names(root)); !near.empty()) args.emplace_back(near);
  decoder.findings.add(root ? Code::root_type : Code::mount_type, type->mark, pointer_to(decoder.pointer(), "type"), std::move(args));
  return nullptr;
}

bool is_device_path(Decoder& decoder, const Node& node, const std::string& pointer) {
  const std::string path = normal_path(node.text);
  if (!path.starts_with('/') || path.starts_with("/dev/")) return true;  // a relative one has been refused
  decoder.findings.add(Code::device_path, node.mark, pointer, {path});
  return false;
}

/// The keys of a mount of one kind, for Decoder::read_fields.
struct KindKeys {
  const MountKind& kind;
  bool root;

  bool takes(std::string_view key) const { return takes_key(kind, root, key); }
  // A key of another type deserves a better answer than "unknown".
  bool passes(std::string_view key) const { return key == "type" || (!takes(key) && has_key<Mount>(key)); }
  std::vector<std::string_view> names() const { return keys_of_kind(kind, root); }
};

/// The target of a bind without one is where its source is. False: that would be no path of the sandbox.
bool target_from_source(Decoder& decoder, const Node& node, Mount& mount) {
  if (mount.target || !mount.source) return true;
  if (has_parent_part(mount.source->path)) {
    decoder.error(Code::dotdot_source, node, {mount.source->path});
    return false;
  }
  mount.target = BoxPath{mount.source->path};
  return true;
}

bool decode_bare(Decoder& decoder, const Node& node, const BareBind& bind, Mount& out) {
  out.kind = find_mount_kind("bind");
  Node piece = Node::scalar(std::string(bind.source), true);
  piece.mark = node.mark;
  bool ok = decoder.read_at("source", piece, out.source);
  if (!bind.target.empty()) {
    piece.text = bind.target;
    ok &= decoder.read_at("target", piece, out.target);
  }
  return target_from_source(decoder, node, out) && ok;
}

/// `out` is as it was made.
bool decode_mount(Decoder& decoder, const Node& node, Mount& out, bool root) {
  const std::optional<BareBind> bare = root ? std::nullopt : bare_bind(node);
  if (!node.is_map() && !bare) return decoder.wrong_type(node, root ? "host or a mapping with 'type'" : "SOURCE[:TARGET][:OPTION,…] or a mapping with 'type'");
  out.mark = node.mark;
  out.pointer = decoder.pointer();
  out.in_root = root;
  if (bare) return decode_bare(decoder, node, *bare, out);
  out.kind = kind_of(decoder, node, root);
  if (!out.kind) return false;
  const KindKeys keys{*out.kind, root};
  bool ok = true;
  for (const Member& member : node.members) {
    if (member.key == "type" || !keys.passes(member.key)) continue;
    decoder.findings.add(Code::mount_key_other, member.mark, pointer_to(decoder.pointer(), member.key),
                         {member.key, std::string(out.kind->name)});
    ok = false;
  }
  ok &= decoder.read_fields(node, out, keys);
  if (const Node* lower = node.find("lower"); lower && lower->is_list() && lower->items.empty()) {
    decoder.findings.add(Code::empty_list, lower->mark, pointer_to(decoder.pointer(), "lower"));
    ok = false;
  }
  if (const Node* devices = node.find("devices"); devices && devices->is_list())
    for (size_t i = 0; i < devices->items.size(); i++) ok &= is_device_path(decoder, devices->items[i], pointer_to(pointer_to(decoder.pointer(), "devices"), i));
  if (const Node* size = ok ? node.find("size") : nullptr; size && out.size && out.size->bytes == 0) {  // to the kernel that is no limit
    decoder.findings.add(Code::size_zero, size->mark, pointer_to(decoder.pointer(), "size"));
    ok = false;
  }
  for (const std::string_view key : out.kind->need) {
    if (node.find(key) || (root && key == "target")) continue;
    decoder.error(Code::missing_key, node, {std::string(key)});
    ok = false;
  }
  if (!root && out.is("bind")) ok &= target_from_source(decoder, node, out);
  return ok;
}

Node encode_mount(const Mount& value, bool root) {
  Node node = Node::map();
  node.set("type", Node::scalar(std::string(value.type())));
  const std::vector<std::string_view> allowed = keys_of_kind(*value.kind, root);
  const Mount defaults;
  for_each_field<Mount>([&](const auto& field) {
    if (std::find(allowed.begin(), allowed.end(), field.key) == allowed.end()) return;
    Node member = encode(value.*(field.member));
    if (field.key == "readonly" && !value.readonly && value.readonly_by_default()) member = Node::boolean(true);
    const Node preset = encode(defaults.*(field.member));
    if (member.is_null() || (member.is_scalar() && preset.is_scalar() && member.text == preset.text)) return;
    if (member.is_list() && member.items.empty()) return;
    node.set(field.key, std::move(member));
  });
  return node;
}

Node schema_of_kind(const MountKind& kind, bool root) {
  const std::vector<std::string_view> allowed = keys_of_kind(kind, root);
  Node node = schema_of_fields<Mount>(&allowed);
  Node type = Node::map();
  type.set("const", Node::scalar(std::string(kind.name)));
  Node properties = Node::map();
  properties.set("type", std::move(type));
  for (Member& member : node.find("properties")->members) properties.set(member.key, std::move(member.value));
  node.set("properties", std::move(properties));
  Node need = Node::list();
  need.items.push_back(Node::scalar("type"));
  for (const std::string_view key : kind.need)
    if (!(root && key == "target")) need.items.push_back(Node::scalar(std::string(key)));
  node.set("required", std::move(need));
  if (Node* lower = node.find("properties")->find("lower")) {
    lower->set("minItems", Node::number(1));
    Node together = Node::map(), work = Node::list(), upper = Node::list();
    work.items.push_back(Node::scalar("work"));
    upper.items.push_back(Node::scalar("upper"));
    together.set("upper", std::move(work));
    together.set("work", std::move(upper));
    node.set("dependencies", std::move(together));
  }
  node.set("description", Node::scalar(std::string(kind.doc)));
  return titled(kind.name, std::move(node));
}

}  // namespace

bool Codec<Source>::decode(Decoder& decoder, const Node& node, Source& out) {
  HostPath path;
  if (!Codec<HostPath>::decode(decoder, node, path)) return false;
  out = {node.text, std::move(path.path)};
  return true;
}
Node Codec<Source>::encode(const Source& value) { return Node::scalar(value.path); }

const MountKind* find_mount_kind(std::string_view name) {
  for (const MountKind& kind : mount_kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

std::vector<std::string_view> keys_of_kind(const MountKind& kind, bool root) {
  std::vector<std::string_view> keys;
  if (!root) keys.push_back("target");
  keys.insert(keys.end(), kind.own.begin(), kind.own.end());
  const std::span<const std::string_view> common = common_keys_of(kind, root);
  keys.insert(keys.end(), common.begin(), common.end());
  return keys;
}

std::optional<BareBind> bare_bind(const Node& node) {
  const std::string_view text = node.text;
  if (!node.is_scalar() || node.broken || text.find('$') != text.npos || text.find(',') != text.npos) return std::nullopt;
  const size_t colon = text.find(':');
  const BareBind found{text.substr(0, colon), colon == text.npos ? "" : text.substr(colon + 1)};
  if (found.source.empty() || (colon != text.npos && (!found.target.starts_with('/') || found.target.find(':') != text.npos))) return std::nullopt;
  return found;
}

uint64_t Mount::attributes() const {
  uint64_t set = 0;
  if (effective_readonly()) set |= MOUNT_ATTR_RDONLY;
  if (nosuid.value_or(true)) set |= MOUNT_ATTR_NOSUID;
  if (nodev.value_or(!is("dev"))) set |= MOUNT_ATTR_NODEV;
  if (noexec.value_or(kind && kind->noexec)) set |= MOUNT_ATTR_NOEXEC;
  if (noatime.value_or(false)) set |= MOUNT_ATTR_NOATIME;
  if (nosymfollow.value_or(false)) set |= MOUNT_ATTR_NOSYMFOLLOW;
  return set;
}

void Mount::expand(Findings& findings, Node& node, const std::string& pointer) {
  if (!node.is_scalar()) return;
  const Mark mark = node.mark;
  const std::vector<std::string_view> pieces = split_outside(node.text, ':');
  const bool target = pieces.size() > 1 && (pieces[1].starts_with('/') || pieces[1].starts_with("${"));
  const size_t next = target ? 2 : 1;
  // A comma outside of variables, whose values may have one.
  const auto has_comma = [](std::string_view piece) { return split_outside(piece, ',', 2).size() > 1; };
  if (!node.broken && (has_comma(pieces[0]) || (target && has_comma(pieces[1])))) {
    findings.add(Code::mount_comma, mark, pointer, {node.text});
    node.broken = true;
    return;
  }
  const bool odd = pieces.size() > next && (pieces[next].empty() || pieces[next].starts_with('/') || pieces[next].starts_with(',') || pieces[next].ends_with(','));
  if (pieces[0].empty() || pieces.size() > next + 1 || odd) {
    const bool separated = !odd && pieces.size() > next + 1 && std::all_of(pieces.begin() + static_cast<ptrdiff_t>(next), pieces.end(), find_short_option);
    if (!node.broken) findings.add(separated ? Code::mount_option_colon : Code::mount_short_form, mark, pointer, {node.text});
    node.broken = true;
    return;
  }
  Node map = Node::map();
  map.mark = mark;
  map.form = "bind";
  map.members.reserve(2);
  add_plain(map, "source", pieces[0]);
  if (target) add_plain(map, "target", pieces[1]);
  if (pieces.size() > next) {
    // There are eight options; what has many more is no short form, and is not searched word by word.
    const std::vector<std::string_view> written = split_outside(pieces[next], ',', 65);
    if (written.size() > 64) {
      findings.add(Code::mount_short_form, mark, pointer, {node.text.substr(0, 60) + "…"});
      node = std::move(map);
      return;
    }
    for (const std::string_view word : written) {
      if (const ShortOption* option = find_short_option(word)) {
        if (map.find(option->key)) findings.add(Code::mount_option_twice, mark, pointer, {std::string(word)});
        else add_plain(map, option->key, option->value);
        continue;
      }
      std::vector<std::string_view> words;
      std::string_view near;
      for (const ShortOption& each : short_options) {
        words.push_back(each.word);
        if (each.key == word && std::string_view(each.value) == "true") near = each.word;
      }
      if (near.empty() && word != "nosuid" && word != "nodev") near = nearest(word, words);
      std::vector<std::string> args{std::string(word)};
      if (!near.empty()) args.emplace_back(near);
      findings.add(near.empty() && next == 1 ? Code::mount_option_target : Code::mount_option, mark, pointer, std::move(args));
    }
  }
  node = std::move(map);
}

bool Codec<Mount>::decode(Decoder& decoder, const Node& node, Mount& out) { return decode_mount(decoder, node, out, false); }
Node Codec<Mount>::encode(const Mount& value) { return encode_mount(value, false); }
Node Codec<Mount>::schema() {
  Node list = Node::list();
  Node text = schema_of_text("^[^:]+(:[\\s\\S]*)?$");
  list.items.push_back(titled("SOURCE[:TARGET][:OPTION,…]", std::move(text)));
  for (const MountKind& kind : mount_kinds()) list.items.push_back(schema_of_kind(kind, false));
  Node node = Node::map();
  node.set("oneOf", std::move(list));
  return node;
}

bool Codec<Root>::decode(Decoder& decoder, const Node& node, Root& out) {
  out = {};
  out.mark = node.mark;
  if (node.is_scalar() && node.text == "host") return out.host = true;
  if (node.is_scalar()) {
    const MountKind* kind = find_mount_kind(node.text);
    const bool path = node.text.find('/') != std::string::npos;
    decoder.error(Code::root_type, node, {node.text, kind && kind->as_root ? "write {type: " + node.text + "}" : path ? "write {type: bind, source: " + node.text + "}" : root_words});
    return false;
  }
  return decode_mount(decoder, node, out.mount.emplace(), true);
}
Node Codec<Root>::encode(const Root& value) {
  if (value.host || !value.mount) return Node::scalar("host");
  return encode_mount(*value.mount, true);
}
Node Codec<Root>::schema() {
  std::vector<Node> branches{titled("host", schema_of_choice({"host"}))};
  for (const MountKind& kind : mount_kinds())
    if (kind.as_root) branches.push_back(schema_of_kind(kind, true));
  return schema_any_of(std::move(branches));
}

// --- rules ---------------------------------------------------------------------------------------
namespace {

/// The namespace that a file system shows, and that must therefore be the sandbox's own.
struct Shown {
  std::string_view kind;
  NsType type;
};
constexpr Shown shown[] = {{"sysfs", NsType::net}, {"mqueue", NsType::ipc}, {"cgroup2", NsType::cgroup}};

void check_overlay(const Check& check, const Mount& mount) {
  if (mount.upper && !mount.work) check.add(Code::overlay_work, mount.mark, mount.pointer);
  if (mount.work && !mount.upper) check.add(Code::overlay_work_alone, mount.mark, mount.pointer);
}

bool makes_mount(const Mount& mount) { return !mount.is("unmount") && !mount.is("remount") && !mount.is("dir") && !mount.is("symlink"); }

void check_one(const Check& check, const Mount& mount) {
  const Spec& spec = check.spec;
  const std::string& pointer = mount.pointer;
  const auto at = [&](std::string_view key) { return spec.mark_of(pointer_to(pointer, key)); };
  if (!mount.kind) return;
  if (mount.target && mount.target->path == "/" && !mount.is("remount")) check.add(Code::target_is_root, at("target"), pointer + "/target");
  if (mount.is("bind")) return;  // most are, and nothing below is of these
  for (const Shown& each : shown) {
    if (mount.is(each.kind) && spec.namespaces[each.type].is_host())
      check.add(Code::needs_namespace, mount.mark, pointer, {std::string(info(each.type).name)});
  }
  if (mount.is("proc")) {
    if (spec.namespaces[NsType::pid].is_host()) check.add(Code::needs_pid_namespace, mount.mark, pointer);
    if (mount.masked && !*mount.masked && !spec.security.allow_nested_userns) check.add(Code::unmasked_proc, at("masked"), pointer + "/masked");
  }
  if (mount.is("file") && mount.content.has_value() == mount.content_from.has_value()) check.add(Code::content_pair, mount.mark, pointer);
  if (mount.is("overlay")) check_overlay(check, mount);
  if (mount.uid || mount.gid) {
    const Maps maps = maps_of(spec, check.caller);
    if (maps.known && mount.uid && !maps.outside(false, static_cast<uint32_t>(mount.uid->value))) check.add(Code::unmapped_id, at("uid"), pointer + "/uid", {"user", std::to_string(mount.uid->value)});
    if (maps.known && mount.gid && !maps.outside(true, static_cast<uint32_t>(mount.gid->value))) check.add(Code::unmapped_id, at("gid"), pointer + "/gid", {"group", std::to_string(mount.gid->value)});
  }
  if (mount.is("remount") && !(mount.readonly || mount.nosuid || mount.nodev || mount.noexec || mount.noatime || mount.nosymfollow || mount.propagation))
    check.add(Code::remount_nothing, mount.mark, pointer);
  if (mount.is("unmount") && spec.namespaces.fresh(NsType::user) && mount.target) {
    int own = 0;  // how many of the entries above are still there
    for (const Mount& other : spec.mounts) {
      if (&other == &mount) break;
      if (!other.target || other.target->path != mount.target->path) continue;
      if (other.is("unmount")) own--;
      else own += makes_mount(other);
    }
    if (own < 1) check.add(Code::unmount_locked, mount.mark, pointer);
  }
}

/// Masks hold: what comes after one, on it or on a folder above it, must say that it means it.
void check_order(const Check& check) {
  const std::vector<Mount>& mounts = check.spec.mounts;
  std::unordered_set<std::string_view, TextHash, std::equal_to<>> ways;  // the targets so far, and every folder above them
  std::string_view noted;  // the folder of the last target: most stand beside one another
  const auto note = [&](std::string_view path) {
    if (!ways.insert(path).second || parent_path(path) == noted) return;
    noted = parent_path(path);
    for (path = noted; ways.insert(path).second && path != "/";) path = parent_path(path);
  };
  const auto before_or_below = [&](size_t i) {  // the latest first; most mounts have none
    std::vector<size_t> found;
    const std::string_view folder = mounts[i].target->path;
    if (!ways.contains(folder)) return found;
    for (size_t j = i; j-- > 0;)
      if (mounts[j].target && is_below(mounts[j].target->path, folder)) found.push_back(j);
    return found;
  };
  for (size_t i = 0; i < mounts.size(); i++) {
    const Mount& mount = mounts[i];
    if (i > 0 && mounts[i - 1].target) note(mounts[i - 1].target->path);
    if (!mount.target || mount.is("mask") || mount.is("dir") || mount.is("symlink") || mount.is("remount")) continue;
    bool refused = mount.override_ || mount.target->path == "/";  // once is enough
    for (const size_t j : before_or_below(i)) {
      const Mount& before = mounts[j];
      const bool same = before.target->path == mount.target->path;
      if (mount.is("unmount") && same && makes_mount(before) && !before.is("mask")) break;  // only that one goes
      if (before.is("mask") && !std::exchange(refused, true))
        check.findings.add(Code::masked_over, mount.mark, mount.pointer, {before.target->path, check.findings.files[before.mark.file].name + ":" + std::to_string(before.mark.line)}, before.mark);
      if (makes_mount(before) && !before.is("mask") && !mount.is("unmount") && !mount.override_)
        check.findings.add(Code::hidden_mount, mount.mark, mount.pointer, {before.target->path, same ? "leave one of them out" : "put this entry first"}, before.mark);
    }
  }
}

void check_proc(const Check& check) {
  const Spec& spec = check.spec;
  if (!spec.namespaces.fresh(NsType::pid) || spec.namespaces.joined(NsType::mount)) return;
  for (const Mount& mount : spec.mounts) {
    if (!mount.target || mount.target->path != "/proc") continue;
    if (mount.is("bind") && mount.source && mount.source->path == "/proc") check.add(Code::stale_proc, mount.mark, mount.pointer, {"write {type: proc, target: /proc}"});
    return;
  }
  const bool sees_host = spec.host_root() || (spec.root && spec.root->mount && spec.root->mount->source && spec.root->mount->source->path == "/");
  const Mark mark = spec.mark_of("/mounts");
  if (sees_host) check.add(Code::stale_proc, mark, "/mounts", {spec.namespaces.fresh(NsType::mount) ? "add {type: proc, target: /proc}" : "make 'mount' new, too, and add {type: proc, target: /proc}"});
  else check.add(Code::no_proc, mark, "/mounts");
}

}  // namespace

void check_mounts(const Check& check) {
  const Spec& spec = check.spec;
  const bool fresh = spec.namespaces.fresh(NsType::mount);
  const auto needs = [&](bool written, std::string_view pointer) {
    if (written && !fresh) check.add(Code::needs_mount_namespace, spec.mark_of(pointer), std::string(pointer));
  };
  const bool joined = spec.namespaces.joined(NsType::mount);
  if (!joined) {
    needs(!spec.mounts.empty(), "/mounts");
    needs(spec.root && !spec.root->host, "/root");
  }
  needs(spec.propagation != Propagation::private_, "/propagation");
  needs(spec.process.notify, "/process/notify");
  for (const Mount& mount : spec.mounts)
    if (spec.process.notify && mount.target && is_below(mount.target->path, notify_folder)) check.add(Code::notify_twice, mount.mark, mount.pointer, {"'" + std::string(notify_folder) + "'"});
  if (spec.propagation == Propagation::shared && !spec.namespaces.fresh(NsType::user) && spec.host_root() && fresh)
    check.add(Code::shared_to_host, spec.mark_of("/propagation"), "/propagation");

  if (spec.root && spec.root->mount) {
    const Mount& root = *spec.root->mount;
    if (root.is("overlay")) check_overlay(check, root);
  }
  for (const Mount& mount : spec.mounts) check_one(check, mount);
  check_order(check);
  check_proc(check);

  const bool shifted = spec.namespaces.fresh(NsType::user) && spec.id_maps.effective(check.caller) == IdMaps::Form::shift;
  const auto& user = spec.process.user;
  const bool never_root = user && user->name.empty() && user->id != 0 && !spec.security.capabilities.has("SETUID");
  if (shifted) {
    const bool again = std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const Mount& mount) { return mount.is("remount") && mount.readonly == false; });
    const auto writable = [&](const Mount& mount) {
      if (!never_root && mount.is("bind") && (again || !mount.effective_readonly()) && mount.idmap.value_or(true) && mount.source)
        check.add(Code::writable_bind_as_root, mount.mark, mount.pointer, {mount.source->path});
    };
    for (const Mount& mount : spec.mounts) writable(mount);
    if (spec.root && spec.root->mount) writable(*spec.root->mount);
    if (spec.host_root() && fresh) check.add(Code::unmapped_owner, spec.mark_of("/root"), "/root");
  }
}

}  // namespace nsbox
