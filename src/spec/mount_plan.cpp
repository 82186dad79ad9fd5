// SPDX-License-Identifier: MIT
// The pieces that mount types are planned from: sources, layers, targets, and what becomes of a
// target that is missing below a read-only tree.
#include <sys/mount.h>

#include <algorithm>

#include "spec/builder.hpp"

namespace nsbox {
namespace {

// File systems whose mounts can carry an id map (FS_ALLOW_IDMAP), with the kernel that learnt it.
struct Mappable {
  std::string_view type;
  KernelVersion since;
};
constexpr Mappable mappable[] = {{"ext2", {5, 12}}, {"ext3", {5, 12}}, {"ext4", {5, 12}}, {"vfat", {5, 12}}, {"msdos", {5, 12}},
                                 {"xfs", {5, 12}},  {"btrfs", {5, 15}}, {"f2fs", {5, 18}}, {"erofs", {5, 19}}, {"squashfs", {6, 2}},
                                 {"tmpfs", {6, 3}}, {"ceph", {6, 7}},  {"hugetlbfs", {6, 9}}};
// Below a recursive bind these stay as they are: what they show is not owned by the sandbox's users.
constexpr std::string_view left_alone[] = {"proc", "sysfs", "devtmpfs", "cgroup", "cgroup2", "overlay", "devpts", "mqueue", "securityfs",
                                           "debugfs", "tracefs", "bpf", "pstore", "configfs", "fusectl", "autofs", "binfmt_misc", "nsfs"};

bool can_map(const HostFacts& facts, const MountFact* mount) {
  if (!mount) return true;  // unknown: the kernel will say
  for (const Mappable& each : mappable)
    if (each.type == mount->type) return facts.kernel() >= each.since;
  return false;
}

/// mount(2) has these as its own flags; its MS_RDONLY would make the file system itself read-only.
bool has_own_flags(uint64_t attributes) {
  static_assert(MOUNT_ATTR_NOSUID == MS_NOSUID && MOUNT_ATTR_NODEV == MS_NODEV && MOUNT_ATTR_NOEXEC == MS_NOEXEC);
  return !(attributes & ~uint64_t{MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC});
}

Str relative(PlanBuilder& builder, std::string_view path) { return builder.text(path.size() > 1 ? path.substr(1) : ""); }

}  // namespace

// --- sources -------------------------------------------------------------------------------------
bool PlanBuilder::launcher_clones() const { return facts.caller.privileged && spec.namespaces.fresh(NsType::mount); }
bool PlanBuilder::shifted() const { return new_user_namespace() && spec.id_maps.effective(facts.caller) == IdMaps::Form::shift; }

/// Over the host's own tree a source must be taken before anything covers it.
Stage PlanBuilder::source_stage() const { return spec.host_root() ? Stage::isolate : Stage::mounts; }

PlanBuilder::Way PlanBuilder::way_to(const std::string& source) {
  std::string folder, rest;
  if (writable_.empty() || !facts.enters(source, writable_, folder, rest)) return {text(source)};
  return {text(folder), text(rest)};
}

bool PlanBuilder::source_is_there(const Mount& mount, const PathFact& fact, const std::string& path) {
  if (fact.kind == FileKind::missing) {
    if (!mount.optional) error(Code::source_missing, {path, std::string(mount.in_root ? "make it" : "make it, or say 'optional' if it may be missing") + (path.find("/$") != path.npos ? "; a variable is written ${NAME}" : "")});
    return false;
  }
  if (fact.kind == FileKind::denied) {
    error(Code::source_denied, {path, fact.error == 40 ? "too many links" : "permission denied"});
    return false;
  }
  return true;
}

Slot PlanBuilder::take_tree(const std::string& source, bool recursive, bool idmap, Identity device, Slot slot, bool readonly) {
  std::string real;
  OpenTree step;
  const Way way = way_to(source);
  step.path = way.path;
  step.below = way.below;
  step.recursive = recursive;
  step.identity = device;
  if (!device.rdev) {  // a device is known by its numbers, whatever the folder that it stands in
    const PathFact& fact = facts.resolved(source, &real);
    step.identity = {fact.device, fact.inode, 0};
  }
  if (slot == Slot::none) slot = new_slot();
  step.slot = slot;
  if (launcher_clones()) add(PrepareStep{step});
  else add(ChildStep{step}, real == "/" ? Stage::isolate : source_stage());  // before staging is on it
  if (!launcher_clones() || !shifted() || !idmap || device.rdev) return slot;

  // MOUNT_ATTR_IDMAP, for all mounts at once where all can carry it, else one by one.
  std::vector<const MountFact*> below = recursive ? facts.mounts_below(real) : std::vector<const MountFact*>{};
  const bool top = can_map(facts, facts.mount_of(real));
  const bool all = top && std::all_of(below.begin(), below.end(), [&](const MountFact* each) { return can_map(facts, each); });
  if (all) {
    map_tree(slot, nullptr, !below.empty());
    return slot;
  }
  const auto refuse = [&](const std::string& path, const MountFact* mount) {
    const bool alone = mount && std::find(std::begin(left_alone), std::end(left_alone), mount->type) != std::end(left_alone);
    if (alone && path != real) return;
    error(readonly ? Code::idmap_skipped : Code::idmap_refused, {path, mount ? mount->type : "an unknown file system"});
  };
  if (top) map_tree(slot, nullptr, false);
  else refuse(real, facts.mount_of(real));
  for (const MountFact* each : below) {
    if (can_map(facts, each)) map_tree(slot, text(each->target.substr(real == "/" ? 1 : real.size() + 1)), false, readonly);
    else refuse(each->target, each);
  }
  return slot;
}

bool PlanBuilder::too_old_to_map(std::string_view type) const {
  for (const Mappable& each : mappable)
    if (each.type == type) return facts.kernel() < each.since;
  return false;
}

void PlanBuilder::map_tree(Slot slot, Str below, bool recursive, bool optional) {
  if (user_namespace_ == Slot::none) {
    user_namespace_ = new_slot();
    add(PlaceStep{OpenUserNamespace{user_namespace_}}, Stage::place);
  }
  add(PlaceStep{MapTree{slot, below, recursive, optional, user_namespace_}}, Stage::place);
}

void PlanBuilder::set_attributes(Slot slot, uint64_t set, uint64_t clear, bool recursive) {
  SetAttributes step{slot, set, clear, 0, recursive};
  if (set & MOUNT_ATTR__ATIME) step.clear |= MOUNT_ATTR__ATIME;
  step.propagation = MS_PRIVATE;
  add(step, Stage::mounts);
}

bool PlanBuilder::locked_below(const std::string& real) const {
  return !launcher_clones() && new_user_namespace() && !facts.mounts_below(real).empty();
}

bool PlanBuilder::flags_to_clear(const Mount& mount, const std::string& real, uint64_t& clear) {
  // What the host's mount has is looked at only where something is written that could differ.
  const auto cleared = [](const std::optional<bool>& flag) { return flag && !*flag; };
  if (!cleared(mount.readonly) && !cleared(mount.nosuid) && !cleared(mount.nodev) && !cleared(mount.noexec) && !mount.noatime) return true;
  const MountFact* host = facts.mount_of(real);
  if (!host) return true;
  const bool locked = !launcher_clones() && new_user_namespace();
  bool ok = true;
  const auto flag = [&](const std::optional<bool>& wanted, bool has, uint64_t bit, const char* name) {
    if (!wanted || *wanted || !has) return;
    if (locked) error(Code::locked_flag, {name, host->target}), ok = false;
    else clear |= bit;
  };
  flag(mount.readonly, host->readonly, MOUNT_ATTR_RDONLY, "read-only");
  flag(mount.nosuid, host->nosuid, MOUNT_ATTR_NOSUID, "nosuid");
  flag(mount.nodev, host->nodev, MOUNT_ATTR_NODEV, "nodev");
  flag(mount.noexec, host->noexec, MOUNT_ATTR_NOEXEC, "noexec");
  if (locked && mount.noatime.value_or(false)) error(Code::locked_flag, {"the access-time mode", host->target}), ok = false;
  return ok;
}

// --- layers --------------------------------------------------------------------------------------
Slot PlanBuilder::take_layer(const Mount& mount, const std::string& source, std::string& real) {
  const PathFact fact = facts.resolved(source, &real);
  if (!source_is_there(mount, fact, source)) return Slot::none;
  if (fact.kind != FileKind::folder) {
    error(Code::source_type, {source, std::string(words_of(fact.kind)), "a folder"});
    return Slot::none;
  }
  std::string names;
  for (const MountFact* below : facts.mounts_below(real)) names += (names.empty() ? "" : ", ") + below->target;
  const bool copied = launcher_clones();
  if (!names.empty()) {
    error(!copied && new_user_namespace() ? Code::overlay_submounts : Code::layer_submounts, {names});
    if (!copied && new_user_namespace()) return Slot::none;
  }
  if (!copied) {
    const Way way = way_to(source);
    OpenTree step{new_slot(), way.path, way.below, false, false, {fact.device, fact.inode, 0}};
    add(ChildStep{step}, source_stage());
    return step.slot;
  }
  // A tree that the launcher carries can be a layer only once the child has attached it.
  const Slot slot = take_tree(source, false, true);
  const std::string name = staging_name();
  const At at{staging(), text(name), true};
  add(MakeFolder{at, 0700}, Stage::mounts);
  add(Attach{slot, at, false, true}, Stage::mounts);
  return slot;
}

/// What is changed in an overlay is copied up, with its group. (What belongs to another user can't be changed in any case.)
void PlanBuilder::warn_of_group(const std::string& layer) {
  const PathFact& fact = facts.resolved(layer);
  if (new_user_namespace() && !shifted() && maps.known && maps.inside(false, fact.uid) && !maps.inside(true, fact.gid)) error(Code::layer_group, {layer, std::to_string(fact.gid)});
}

bool PlanBuilder::take_upper(const Mount& mount, NewOverlay& overlay) {
  // The kernel wants both below one mount, so the nearest folder that holds both is taken.
  std::string upper, work;
  for (const auto& [path, real] : {std::pair{&mount.upper->path, &upper}, std::pair{&mount.work->path, &work}}) {
    const PathFact fact = facts.resolved(*path, real);
    if (!source_is_there(Mount{}, fact, *path)) return false;
    // The kernel follows links when it is given these two.
    const Way way = way_to(*path);
    if (way.below && *real != join_path(way.path, way.below)) {
      error(Code::source_denied, {*path, "a link below a folder that the sandbox can write"});
      return false;
    }
    if (fact.kind == FileKind::folder) continue;
    error(Code::source_type, {*path, std::string(words_of(fact.kind)), "a folder"});
    return false;
  }
  std::string common = upper;
  while (!is_below(work, common)) common = std::string(parent_path(common));
  std::string real;
  const Slot slot = take_layer(mount, common, real);
  if (slot == Slot::none) return false;
  const auto below = [&](const std::string& path) { return text(path.size() == common.size() ? "" : path.substr(common == "/" ? 1 : common.size() + 1)); };
  overlay.upper = {slot, below(upper), false};
  overlay.work = {slot, below(work), false};
  return true;
}

void PlanBuilder::scratch_upper(NewOverlay& overlay, Slot like) {
  const std::string name = staging_name();
  const Slot base = staging();
  add(MakeFolder{{base, text(name), true}, 0700}, Stage::mounts);
  overlay.upper = {base, text(name + "/upper"), true};
  overlay.work = {base, text(name + "/work"), true};
  add(MakeFolder{overlay.upper, 0755}, Stage::mounts);
  add(MakeFolder{overlay.work, 0700}, Stage::mounts);
  add(CopyMode{like, overlay.upper}, Stage::mounts);
}

Slot PlanBuilder::staging() {
  if (staging_made_) return Slot::staging;
  staging_made_ = true;
  // It comes before the root, which is attached on top of it: what is mounted on the root's own
  // root would still be there after pivot_root, and `..` would lead to it.
  const std::vector<Option> options{{"mode", "0700"}};
  const ChildStep steps[] = {NewFs{Slot::staging, "tmpfs", nullptr, plan.arena.list(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}, AttachRoot{Slot::staging}};
  for (const ChildStep& step : steps) {
    plan.child.insert(plan.child.begin() + static_cast<std::ptrdiff_t>(mounts_begin_), {step, Stage::mounts, 0});
    mounts_begin_++;
  }
  return Slot::staging;
}

std::string PlanBuilder::staging_name() { return std::to_string(++staging_names_); }

// --- targets -------------------------------------------------------------------------------------
bool PlanBuilder::layer_over(const Found& found) {
  const std::string folder = found.existing;
  const Found here = layout.find(folder);
  const Tree* tree = here.tree;
  const uint64_t attributes = tree ? tree->attributes | MOUNT_ATTR_RDONLY : MOUNT_ATTR_RDONLY;
  const Slot place = new_slot();
  add(OpenPlace{place, {Slot::root, relative(*this, folder), here.own}}, Stage::mounts);

  // What the launch has mounted below the folder would be covered: it is copied and put back.
  std::vector<std::pair<std::string, Slot>> again;
  const auto save = [&](const std::string& target) {
    const Slot copy = new_slot();
    add(CopyTree{copy, {Slot::root, relative(*this, target), false}, true}, Stage::mounts);
    again.emplace_back(target, copy);
  };
  for (const std::string& target : layout.below(folder)) {
    bool nested = false;
    for (const auto& [other, copy] : again) nested |= is_below(target, other);
    if (!nested) save(target);
  }
  std::vector<const MountFact*> host_mounts;
  if (tree && tree->kind == Tree::Kind::host) host_mounts = facts.mounts_below(here.host);
  const bool locked = !launcher_clones() && new_user_namespace() && !host_mounts.empty();
  const Slot slot = new_slot();
  const uint64_t while_built = attributes & ~uint64_t{MOUNT_ATTR_RDONLY};
  if (locked) {
    // The kernel lets no new user namespace overlay locked mounts: a tmpfs with every entry bound in.
    const std::vector<std::string> entries = facts.probe_entries ? facts.probe_entries(here.host) : std::vector<std::string>{};
    if (entries.size() > 256) {
      error(Code::layer_too_wide, {here.host, std::to_string(entries.size())});
      return false;
    }
    add(NewFs{slot, "tmpfs", nullptr, {}, while_built & ~uint64_t{MOUNT_ATTR_NODEV}}, Stage::mounts);
    add(Attach{slot, {Slot::root, relative(*this, folder), here.own}, false, true}, Stage::mounts);
    add(CopyMode{place, {slot, "", true}}, Stage::mounts);
    add(BindEntries{place, {slot, "", true}, attributes}, Stage::mounts);
  } else {
    if (tree && tree->kind == Tree::Kind::host) {
      for (const MountFact* mount : host_mounts) {
        const std::string target = (folder == "/" ? "" : folder) + mount->target.substr(here.host == "/" ? 0 : here.host.size());
        bool nested = false;
        for (const auto& [other, copy] : again) nested |= is_below(target, other);
        if (!nested) save(target);
      }
    }
    NewOverlay overlay;
    overlay.slot = slot;
    overlay.attributes = while_built;
    overlay.in_user_namespace = !spec.namespaces[NsType::user].is_host();
    scratch_upper(overlay, place);
    const std::vector<Slot> lower{place};
    overlay.lower = plan.arena.list(lower);
    add(overlay, Stage::mounts);
    add(Attach{slot, {Slot::root, relative(*this, folder), here.own}, false, folder == "/"}, Stage::mounts);
  }
  if (folder == "/") {
    add(UseRoot{slot}, Stage::mounts);
    covered_roots_++;
  }
  Tree layer = tree ? *tree : Tree{};
  if (layer.kind != Tree::Kind::host && layer.kind != Tree::Kind::layers) layer.kind = Tree::Kind::opaque;
  layer.hosts.clear();
  if (tree)
    for (const std::string& host : tree->hosts)
      layer.hosts.push_back(folder == here.mount ? host : join_path(host, std::string_view(folder).substr(here.mount == "/" ? 1 : here.mount.size() + 1)));
  layer.readonly = layer.on_host = false;
  layer.closes = true;
  const std::vector<std::string> kept = layout.below(folder);
  std::vector<std::pair<std::string, Tree>> trees;
  for (const std::string& target : kept) trees.emplace_back(target, *layout.at(target));
  layout.mount(folder, std::move(layer));
  for (const auto& [target, copy] : again) add(Attach{copy, {Slot::root, relative(*this, target), false}}, Stage::mounts);
  for (auto& [target, each] : trees) layout.mount(target, std::move(each));
  closing_.push_back(folder);
  return true;
}

/// Whether a folder of the host's is one in which only its owner may make something, who is not mapped.
bool PlanBuilder::belongs_to_nobody(const std::string& folder) const {
  const Found here = layout.find(folder);
  if (here.host.empty() || !new_user_namespace() || shifted()) return false;
  const PathFact& fact = facts.resolved(here.host);
  return fact.kind == FileKind::folder && !(fact.mode & 02) && (!maps.inside(false, fact.uid) || !maps.inside(true, fact.gid));
}

/// Makes it possible to create what is missing at `found`: nothing to do in a file system of this
/// launch, a throw-away layer over a read-only tree, a refusal where it would write to the host.
bool PlanBuilder::open_for_making(const Mount& mount, const std::string& target, Found& found) {
  if (!found.in_folder || found.kind != FileKind::missing) {
    error(Code::target_not_folder, {found.existing});
    return false;
  }
  if (mount.create == Create::never) {
    error(Code::target_missing, {target});
    return false;
  }
  const Tree* tree = found.tree;
  if (mount.create == Create::host && tree && tree->kind == Tree::Kind::host) {
    // From the tree's own root on, or a folder on the way could be a link by the time of the launch.
    const std::string rest = found.path.substr(found.mount == "/" ? 1 : found.mount.size() + 1);
    add(MakeOnHost{text(tree->hosts[0]), text(rest), true});
    return true;
  }
  if (tree && tree->on_host) {
    error(Code::target_missing_writable, {target, tree->hosts.empty() ? "" : tree->hosts[0]});
    return false;
  }
  const bool writable = !tree || tree->kind == Tree::Kind::own || !tree->readonly;
  // The root of an overlay's own upper folder is nsbox's; what is below may be somebody's.
  const bool closed = tree && tree->kind == Tree::Kind::layers && found.existing != found.mount && belongs_to_nobody(found.existing);
  if (writable && !closed) return true;
  if (!layer_over(found)) return false;
  const std::string path = found.path;
  found = layout.find(path);
  return true;
}

/// The missing folders between what is there and the last component.
void PlanBuilder::make_parents(const Found& found, std::string_view path) {
  size_t at = found.existing == "/" ? 0 : found.existing.size();
  for (size_t slash = path.find('/', at + 1); slash != path.npos; slash = path.find('/', slash + 1)) {
    const std::string_view folder = path.substr(0, slash);
    add(MakeFolder{{Slot::root, relative(*this, folder), found.own}, 0755}, Stage::mounts);
    layout.made(folder, FileKind::folder);
  }
}

bool PlanBuilder::has_end(const Found& found, const std::string& target) {
  if (found.loop) error(Code::source_denied, {target, "too many links"});
  return !found.loop;
}

bool PlanBuilder::make_target(const Mount& mount, const std::string& target, bool folder, uint32_t mode, At& at) {
  Found found = layout.find(target);
  if (!has_end(found, target)) return false;
  if (found.tree && found.path != target && found.path != normal_path(target)) error(Code::target_through_link, {target, found.path});
  if (found.kind != FileKind::missing) {
    const bool is_folder = found.kind == FileKind::folder;
    // Out of the caller's reach may be within the sandbox's: as a file it is taken.
    if (found.known && is_folder != folder) {
      if (found.kind == FileKind::denied) error(Code::target_denied, {target, error_words(found.error)});
      else if (found.existing != found.path && !found.in_folder) error(Code::target_not_folder, {found.existing});
      else error(Code::target_type, {target, std::string(words_of(found.kind)), folder ? "a folder" : "a file"});
      return false;
    }
    at = {Slot::root, relative(*this, found.path), found.own};
    return true;
  }
  if (!open_for_making(mount, target, found)) return false;
  at = {Slot::root, relative(*this, found.path), found.own};
  const bool on_host = mount.create == Create::host && found.tree && found.tree->kind == Tree::Kind::host;
  if (on_host) {
    auto& made = std::get<MakeOnHost>(plan.prepare.back().step);
    made.folder = folder;
  } else {
    make_parents(found, found.path);
    if (folder) add(MakeFolder{at, mode ? mode : 0755}, Stage::mounts);
    else add(MakeFile{at, 0644}, Stage::mounts);
  }
  layout.made(found.path, folder ? FileKind::folder : FileKind::file);
  return true;
}

void PlanBuilder::make_link(const Mount& mount, const std::string& target, const std::string& to) {
  Found found = layout.find(target, false);
  if (!has_end(found, target)) return;
  if (found.kind == FileKind::link && found.link == to) return;
  if (found.kind != FileKind::missing) return error(Code::symlink_taken, {target});
  // `create: host` is for places to mount on; a link of the host's own is the host's business.
  if (mount.create == Create::host && found.tree && found.tree->on_host) return error(Code::symlink_readonly, {target});
  if (!open_for_making(mount, target, found)) return;
  make_parents(found, found.path);
  add(MakeLink{{Slot::root, relative(*this, found.path), found.own}, text(to)}, Stage::mounts);
  layout.made(found.path, FileKind::link, to);
}

bool PlanBuilder::attach(const Mount& mount, Slot slot, const std::string& target, Tree tree, bool keep) {
  At at;
  if (!make_target(mount, target, tree.folder, 0, at)) return false;
  add(Attach{slot, at, false, keep || mount.propagation.has_value()}, Stage::mounts);
  attached(mount, slot, at, std::move(tree));
  return true;
}

bool PlanBuilder::mount_fs(const Mount& mount, NewFs step, Tree tree, bool keep, At* where) {
  At at;
  if (!make_target(mount, mount.target->path, true, 0, at)) return false;
  if (where) *where = at;
  // An id that is not mapped is refused, and only fsconfig says which option that was.
  add_fs(step, at, keep || mount.propagation.has_value(), mount.uid || mount.gid);
  attached(mount, step.slot, at, std::move(tree));
  return true;
}

void PlanBuilder::add_root(const Mount& mount, NewFs step) {
  if (has_own_flags(step.attributes) && !mount.uid && !mount.gid) {
    step.at = {Slot::root, "", true};
    return add(step, Stage::mounts);
  }
  add(step, Stage::mounts);
  add(AttachRoot{step.slot}, Stage::mounts);
}

void PlanBuilder::add_fs(NewFs step, At at, bool keep, bool explained) {
  if (at.own && at.base == Slot::root && has_own_flags(step.attributes) && !explained) {
    step.at = at;
    if (!keep) step.slot = Slot::none;
    return add(step, Stage::mounts);
  }
  add(step, Stage::mounts);
  add(Attach{step.slot, at, false, keep}, Stage::mounts);
}

/// What follows when something has been mounted.
void PlanBuilder::attached(const Mount& mount, Slot slot, At at, Tree tree) {
  tree.closes = tree.kind != Tree::Kind::host && tree.kind != Tree::Kind::opaque && tree.folder && mount.effective_readonly();
  if (mount.propagation) {
    SetAttributes step{slot, 0, 0, static_cast<uint64_t>(*mount.propagation), true};
    add(step, Stage::mounts);
  }
  std::string path = "/" + std::string(at.path);  // where it really is: links on the way are followed
  if (tree.closes) closing_.push_back(path);
  layout.mount(std::move(path), std::move(tree));
}

void PlanBuilder::cover(At at, bool folder, bool attributes) {
  const Slot slot = new_slot();
  if (folder) {
    const At empty{staging(), "empty", true};
    if (!empty_folder_made_) add(MakeFolder{empty, 0555}, Stage::mounts);
    empty_folder_made_ = true;
    add(CopyTree{slot, empty, false}, Stage::mounts);
    set_attributes(slot, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false);
  } else {
    const OpenTree null{slot, "/dev/null", nullptr, false, true, {0, 0, 1 << 8 | 3}};
    if (launcher_clones()) add(PrepareStep{null});
    else add(ChildStep{null}, source_stage());
    if (attributes) set_attributes(slot, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, false);
  }
  // A new /proc or /sys may lack what the host's has; a place that a user has named is there.
  add(Attach{slot, at, at.base != Slot::root, false}, Stage::mounts);
}

void PlanBuilder::new_terminal(Slot devpts) {
  terminal_made_ = true;
  add(NewTerminal{devpts}, Stage::mounts);
}

void PlanBuilder::join_attributes() {
  // Only in a root that this launch makes, whose own flags are known: a mount in a tree of the host's
  // that is not private yet would appear there.
  const NewFs* root = nullptr;
  size_t at = 0;
  for (; at < plan.child.size(); at++) {
    const ChildStep& step = plan.child[at].step;
    if (const auto* made = std::get_if<NewFs>(&step); made && made->slot == Slot::root) {
      root = made;
      if (made->at.path) break;
    }
    if (const auto* attached = std::get_if<AttachRoot>(&step); attached && attached->slot == Slot::root) break;
  }
  if (!root || covered_roots_ || at == plan.child.size()) return;
  const uint64_t own = root->attributes;
  const SetAttributes* first = nullptr;
  std::vector<size_t> joined;  // the steps that go
  size_t waiting = 0, end = 0;
  for (size_t i = at + 1; i < plan.child.size(); i++) {
    const ChildStep& step = plan.child[i].step;
    if (const auto* set = std::get_if<SetAttributes>(&step)) {
      if (waiting || set->clear || set->propagation != MS_PRIVATE || !set->recursive || (first && set->set != first->set)) break;
      if (!first) first = set;
      waiting = i;
    } else if (const auto* attach = std::get_if<Attach>(&step)) {
      if (!waiting || !attach->at.own || attach->at.base != Slot::root || attach->optional || attach->keep || std::get<SetAttributes>(plan.child[waiting].step).slot != attach->slot) break;
      joined.push_back(waiting);
      waiting = 0;
      end = i;
    } else if (const auto* folder = std::get_if<MakeFolder>(&step)) {
      if (!folder->at.own || folder->at.base != Slot::root) break;
    } else if (const auto* file = std::get_if<MakeFile>(&step)) {
      if (!file->at.own || file->at.base != Slot::root) break;
    } else if (!std::holds_alternative<OpenTree>(step)) {
      break;
    }
  }
  if (joined.size() < 3) return;
  const uint64_t set = first->set;
  const SetAttributes all{Slot::root, set, 0, MS_PRIVATE, true}, back{Slot::root, own & ~set, set & ~own, 0, false};
  size_t kept = 0;  // more go than come, and before they come
  for (size_t i = 0, next = 0; i < plan.child.size(); i++) {
    if (next < joined.size() && joined[next] == i) next++;
    else plan.child[kept++] = plan.child[i];
    if (i == end) plan.child[kept++] = {all, Stage::mounts, 0}, plan.child[kept++] = {back, Stage::mounts, 0};
  }
  plan.child.erase(plan.child.begin() + static_cast<std::ptrdiff_t>(kept), plan.child.end());
}

// --- the section ---------------------------------------------------------------------------------
namespace {

Tree host_tree(const Spec& spec) {
  Tree tree;
  tree.kind = Tree::Kind::host;
  tree.hosts = {"/"};
  tree.on_host = tree.writable = true;
  tree.mark = spec.written_at("/root");
  tree.pointer = "/root";
  return tree;
}

}  // namespace

void plan_mounts(PlanBuilder& builder) {
  const Spec& spec = builder.spec;
  builder.mounts_begin_ = builder.plan.child.size();
  if (spec.namespaces.fresh(NsType::mount)) {
    {
      const PlanBuilder::From from(builder, "/propagation");
      const bool pivots = !spec.host_root();
      const Propagation first = pivots ? Propagation::private_ : spec.propagation;
      builder.add(SetPropagation{static_cast<uint64_t>(first) | MS_REC}, Stage::isolate);
    }
    if (spec.host_root()) {
      const PlanBuilder::From from(builder, "/root");
      builder.add(UseRoot{}, Stage::isolate);
      builder.layout.mount("/", host_tree(spec));
    } else if (spec.root && spec.root->mount) {
      const Mount& root = *spec.root->mount;
      const PlanBuilder::From from(builder, root.mark, "/root");
      root.kind->plan(builder, root);
      if (root.effective_readonly() && (root.is("tmpfs") || root.is("overlay"))) {
        builder.closing_.push_back("/");
        builder.layout.at("/")->closes = true;
      }
    } else {
      const PlanBuilder::From from(builder, "/root");
      Mount root;
      root.kind = find_mount_kind("tmpfs");
      root.in_root = true;
      root.kind->plan(builder, root);
    }
  } else if (spec.namespaces.joined(NsType::mount) && !spec.mounts.empty()) {
    builder.add(UseRoot{}, Stage::isolate);
    Tree tree;
    tree.kind = Tree::Kind::opaque;
    builder.layout.mount("/", std::move(tree));
  } else if (!spec.namespaces.joined(NsType::mount)) {
    builder.layout.mount("/", host_tree(spec));
  }

  // Trees that the launcher brings along carry no locks of the kernel's.
  if (builder.launcher_clones() && spec.security.capabilities.has("SYS_ADMIN")) {
    const PlanBuilder::From from(builder, "/security/capabilities");
    builder.error(Code::carried_remount);
  }
  for (const Mount& mount : spec.mounts) {
    const PlanBuilder::From from(builder, mount.mark, mount.pointer);
    mount.kind->plan(builder, mount);
  }
  if (spec.process.notify) {
    const PlanBuilder::From from(builder, "/process/notify");
    plan_notify(builder);
  }

  builder.join_attributes();
  for (const std::string& target : builder.closing_) {
    // A later mount may cover it by now.
    const Found found = builder.layout.find(target);
    if (found.mount == target && found.tree && found.tree->closes) builder.add(Remount{{Slot::root, relative(builder, target), false}, MOUNT_ATTR_RDONLY, 0, 0, false}, Stage::mounts);
  }
  if (!spec.namespaces.fresh(NsType::mount)) return;
  if (spec.host_root()) {
    if (builder.staging_made_) builder.add(Unmount{{Slot::staging, "", true}}, Stage::mounts);
    return;
  }
  const PlanBuilder::From from(builder, "/root");
  builder.add(PivotRoot{1u + builder.staging_made_ + builder.covered_roots_}, Stage::enter_root);
  if (spec.propagation != Propagation::private_) {
    const PlanBuilder::From type(builder, "/propagation");
    builder.add(SetPropagation{static_cast<uint64_t>(spec.propagation) | MS_REC}, Stage::enter_root);
  }
}

}  // namespace nsbox
