// SPDX-License-Identifier: MIT
// The table of mount types. A new type is a row at the end and, where no other's serves, a plan
// function; CONTRIBUTING.md shows one from beginning to end.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "spec/builder.hpp"

namespace nsbox {
namespace {

// What a /proc shows of the whole kernel rather than of a process (checked against proc(5), and
// what other launchers hide); those that this kernel has are covered.
constexpr const char* proc_hidden_files[] = {"kcore", "keys", "key-users", "timer_list", "sched_debug", "latency_stats", "slabinfo",
                                             "vmallocinfo", "kpagecount", "kpageflags", "kpagecgroup", "interrupts", "kallsyms", "kmsg", "vmcore"};
constexpr const char* proc_hidden_folders[] = {"acpi", "scsi", "asound"};
constexpr const char* proc_readonly[] = {"sys", "bus", "fs", "irq", "sysrq-trigger", "pressure"};
constexpr const char* sys_hidden_folders[] = {"firmware", "devices/virtual/powercap", "kernel/debug", "kernel/tracing", "fs/selinux", "kernel/security"};

struct Device {
  const char* name;
  unsigned major, minor;
};
constexpr Device basic_devices[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

struct Link {
  const char *name, *to;
};
constexpr Link dev_links[] = {{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}};

constexpr uint64_t dev_size = 64 << 20;          // also bounds /dev/shm
constexpr uint64_t root_size = uint64_t{1} << 30;
constexpr int64_t bounded_inodes = 1 << 18;

std::vector<Option> tmpfs_options(PlanBuilder& builder, const Mount& mount, uint64_t preset_size, int64_t preset_inodes) {
  std::vector<Option> options;
  const auto add = [&](const char* key, const std::string& value) { options.push_back({builder.text(key), builder.text(value)}); };
  add("mode", print_mode(mount.mode ? mount.mode->bits : 0755));
  const uint64_t size = mount.size ? mount.size->bytes : preset_size;
  const int64_t inodes = mount.inodes ? mount.inodes->value : preset_inodes;
  if (size) add("size", std::to_string(size));
  if (inodes) add("nr_inodes", std::to_string(inodes));
  if (mount.uid) add("uid", std::to_string(mount.uid->value));
  if (mount.gid) add("gid", std::to_string(mount.gid->value));
  return options;
}

/// Read-only is for later: mount points may still have to be made in it.
uint64_t while_built(const Mount& mount) { return mount.attributes() & ~uint64_t{MOUNT_ATTR_RDONLY}; }

void place(PlanBuilder& builder, const Mount& mount, Slot slot, Tree tree) {
  tree.mark = mount.mark, tree.pointer = mount.pointer;
  if (mount.in_root) {
    builder.add(AttachRoot{slot}, Stage::mounts);
    builder.layout.mount("/", std::move(tree));
    return;
  }
  builder.attach(mount, slot, mount.target->path, std::move(tree));
}

Tree tree_of(const Mount& mount, Tree::Kind kind) {
  Tree tree;
  tree.kind = kind;
  tree.mark = mount.mark, tree.pointer = mount.pointer;
  return tree;
}

// --- file systems --------------------------------------------------------------------------------
void plan_tmpfs(PlanBuilder& builder, const Mount& mount) {
  const Slot slot = mount.in_root ? Slot::root : builder.new_slot();
  const auto options = tmpfs_options(builder, mount, mount.in_root ? root_size : 0, mount.in_root ? bounded_inodes : 0);
  const NewFs step{slot, "tmpfs", nullptr, builder.plan.arena.list(options), while_built(mount)};
  if (!mount.in_root) {
    builder.mount_fs(mount, step, tree_of(mount, Tree::Kind::own));
    return;
  }
  builder.add_root(mount, step);
  builder.layout.mount("/", tree_of(mount, Tree::Kind::own));
}

void plan_proc(PlanBuilder& builder, const Mount& mount) {
  std::vector<Option> options;
  if (mount.hidepid) options.push_back({"hidepid", builder.text(name_of(*mount.hidepid))});
  if (mount.subset) options.push_back({"subset", "pid"});
  const Slot slot = builder.new_slot();
  const bool masked = mount.masked.value_or(true);
  if (!builder.mount_fs(mount, {slot, "proc", nullptr, builder.plan.arena.list(options), mount.attributes()}, tree_of(mount, Tree::Kind::opaque), masked) || !masked) return;
  if (mount.subset) return;  // none of them is there
  const auto here = [&](const char* name) { return builder.facts.path(std::string("/proc/") + name).kind != FileKind::missing; };
  for (const char* name : proc_readonly) {
    if (!here(name)) continue;
    const Slot copy = builder.new_slot();
    builder.add(CopyTree{copy, {slot, name, true}, false}, Stage::mounts);
    builder.set_attributes(copy, mount.attributes() | MOUNT_ATTR_RDONLY, 0, false);
    builder.add(Attach{copy, {slot, name, true}}, Stage::mounts);
  }
  for (const char* name : proc_hidden_files)
    if (here(name)) builder.cover({slot, name, true}, false, false);
  for (const char* name : proc_hidden_folders)
    if (here(name)) builder.cover({slot, name, true}, true);
  // All at once, which also takes the launcher's copies out of the host's group of peers.
  builder.set_attributes(slot, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, true);
}

void plan_sysfs(PlanBuilder& builder, const Mount& mount) {
  const Slot slot = builder.new_slot();
  if (!builder.mount_fs(mount, {slot, "sysfs", nullptr, {}, mount.attributes()}, tree_of(mount, Tree::Kind::opaque), true)) return;
  for (const char* name : sys_hidden_folders)
    if (builder.facts.path(std::string("/sys/") + name).kind == FileKind::folder) builder.cover({slot, name, true}, true);
}

/// mqueue and cgroup2: nothing to say but their name.
void plan_plain(PlanBuilder& builder, const Mount& mount) {
  builder.mount_fs(mount, {builder.new_slot(), mount.kind->name.data(), nullptr, {}, mount.attributes()}, tree_of(mount, Tree::Kind::opaque));
}

std::vector<Option> devpts_options(PlanBuilder& builder, const Mount& mount) {
  std::vector<Option> options{{"newinstance", nullptr}};
  options.push_back({"ptmxmode", builder.text(print_mode(mount.ptmxmode ? mount.ptmxmode->bits : 0666))});
  options.push_back({"mode", builder.text(print_mode(mount.mode ? mount.mode->bits : 0620))});
  // Group 5 is `tty`; where the map lacks it the kernel would refuse the option.
  const int64_t gid = mount.gid ? mount.gid->value : 5;
  if (mount.gid || (builder.maps.known && builder.maps.outside(true, 5))) options.push_back({"gid", builder.text(std::to_string(gid))});
  return options;
}

void plan_devpts(PlanBuilder& builder, const Mount& mount) {
  const Slot slot = builder.new_slot();
  const NewFs step{slot, "devpts", nullptr, builder.plan.arena.list(devpts_options(builder, mount)), mount.attributes()};
  const bool terminal = builder.wants_terminal();
  if (builder.mount_fs(mount, step, tree_of(mount, Tree::Kind::opaque), terminal) && terminal) builder.new_terminal(slot);
}

void bind_device(PlanBuilder& builder, At at, const std::string& source, const Identity& identity) {
  const Slot slot = builder.take_tree(source, false, false, identity);
  if (slot == Slot::none) return;
  builder.add(MakeFile{at, 0666}, Stage::mounts);
  builder.add(Attach{slot, at}, Stage::mounts);
}

/// `dev` is where the folder of devices is, in the new root.
void bind_basic_device(PlanBuilder& builder, Slot slot, At dev, const Device& device) {
  const Str source = builder.text(std::string("/dev/") + device.name);
  const uint64_t rdev = makedev(device.major, device.minor);
  const At at{slot, device.name, true};
  if (dev.own) {
    builder.add(MakeFile{at, 0666}, Stage::mounts);
    builder.add(BindDevice{source, {dev.base, builder.text(std::string(dev.path) + "/" + device.name), true}, rdev}, Stage::mounts);
  } else {
    bind_device(builder, at, source, {0, 0, rdev});
  }
}

/// A device of the host, or a folder of them taken whole.
void plan_device(PlanBuilder& builder, Slot dev, const Mount& mount, const BoxPath& device) {
  const std::string& target = mount.target->path;
  const PathFact& fact = builder.facts.resolved(device.path);
  if (fact.kind == FileKind::missing && mount.optional) return;
  const std::string name = device.path.substr(5);
  for (const Device& basic : basic_devices)
    if (name == basic.name) return;  // it is there already
  for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string folder = name.substr(0, slash);
    if (builder.layout.find(target + "/" + folder).kind != FileKind::missing) continue;
    builder.add(MakeFolder{{dev, builder.text(folder), true}, 0755}, Stage::mounts);
    builder.layout.made(target + "/" + folder, FileKind::folder);
  }
  if (fact.kind == FileKind::folder) {
    const Slot slot = builder.take_tree(device.path, true, false);
    if (slot == Slot::none) return;
    builder.set_attributes(slot, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, true);
    builder.add(MakeFolder{{dev, builder.text(name), true}, 0755}, Stage::mounts);
    builder.add(Attach{slot, {dev, builder.text(name), true}}, Stage::mounts);
  } else if (fact.kind == FileKind::character || fact.kind == FileKind::block) {
    bind_device(builder, {dev, builder.text(name), true}, device.path, {fact.device, fact.inode, fact.rdev});
    builder.layout.made(target + "/" + name, fact.kind);
  } else if (fact.kind == FileKind::missing) {
    builder.error(Code::source_missing, {device.path, "say 'optional' if it may be missing"});
  } else {
    builder.error(Code::source_type, {device.path, std::string(words_of(fact.kind)), "a device"});
  }
}

/// What every dev begins with.
bool in_dev(std::string_view name, PathFact& fact) {
  for (const Device& each : basic_devices)
    if (name == each.name) return fact.kind = FileKind::character, true;
  for (const Link& each : dev_links)
    if (name == each.name) return fact.kind = FileKind::link, fact.link = each.to, true;
  if (name != "shm" && name != "pts") return false;
  fact.kind = FileKind::folder;
  return true;
}

void plan_dev(PlanBuilder& builder, const Mount& mount) {
  const Slot slot = builder.new_slot();
  const NewFs dev{slot, "tmpfs", nullptr, builder.plan.arena.list(tmpfs_options(builder, mount, dev_size, bounded_inodes)), while_built(mount)};
  At at;
  Tree tree = tree_of(mount, Tree::Kind::own);
  tree.holds = in_dev;
  if (!builder.mount_fs(mount, dev, std::move(tree), true, &at)) return;
  for (const Device& device : basic_devices) bind_basic_device(builder, slot, at, device);
  for (const Link& link : dev_links) builder.add(MakeLink{{slot, link.name, true}, link.to}, Stage::mounts);
  builder.add(MakeFolder{{slot, "shm", true}, 01777}, Stage::mounts);
  builder.add(MakeFolder{{slot, "pts", true}, 0755}, Stage::mounts);
  const Slot pts = builder.new_slot();
  Mount plain;
  plain.kind = find_mount_kind("devpts");
  const At pts_at = at.own ? At{Slot::root, builder.text(std::string(at.path) + "/pts"), true} : At{slot, "pts", true};
  const bool terminal = builder.wants_terminal();
  builder.add_fs({pts, "devpts", nullptr, builder.plan.arena.list(devpts_options(builder, plain)), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}, pts_at, terminal);
  builder.layout.mount(mount.target->path + "/pts", tree_of(mount, Tree::Kind::opaque));
  if (terminal) {
    builder.new_terminal(pts);
    const Slot console = builder.new_slot();
    builder.add(MakeFile{{slot, "console", true}, 0600}, Stage::mounts);
    builder.add(CopyTree{console, {Slot::tty, "", true}, false}, Stage::mounts);
    builder.add(Attach{console, {slot, "console", true}}, Stage::mounts);
    builder.layout.made(mount.target->path + "/console", FileKind::character);
  }
  for (const BoxPath& device : mount.devices) plan_device(builder, slot, mount, device);
  // All at once, which also takes the launcher's copies out of the host's group of peers.
  builder.set_attributes(slot, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, true);
}

void plan_fs(PlanBuilder& builder, const Mount& mount) {
  std::vector<Option> options;
  if (mount.data) {
    for (const std::string& each : split(*mount.data, ',')) {
      if (each.empty()) continue;
      const size_t equal = each.find('=');
      options.push_back({builder.text(each.substr(0, equal)), equal == std::string::npos ? nullptr : builder.text(each.substr(equal + 1))});
    }
  }
  const Slot slot = builder.new_slot();
  builder.add(NewFs{slot, builder.text(*mount.fstype), mount.source ? builder.text(mount.source->text) : nullptr, builder.plan.arena.list(options), mount.attributes()}, Stage::mounts);
  Tree tree;
  tree.kind = Tree::Kind::opaque;
  place(builder, mount, slot, std::move(tree));
}

// --- trees of the host ---------------------------------------------------------------------------
void plan_bind(PlanBuilder& builder, const Mount& mount) {
  const bool recursive = mount.recursive.value_or(true);
  std::string real;
  const PathFact& fact = builder.facts.resolved(mount.source->path, &real);
  if (!builder.source_is_there(mount, fact, mount.source->path)) return;
  if (mount.in_root && fact.kind != FileKind::folder) return builder.error(Code::source_type, {mount.source->path, std::string(words_of(fact.kind)), "a folder"});
  const bool device = fact.kind == FileKind::character || fact.kind == FileKind::block;
  const bool covered = !recursive && builder.locked_below(real);
  uint64_t set = mount.attributes(), clear = 0;
  if (device && !mount.nodev) set &= ~uint64_t{MOUNT_ATTR_NODEV};
  if (mount.in_root && !mount.nodev) set |= MOUNT_ATTR_NODEV;
  if (!builder.flags_to_clear(mount, real, clear)) return;
  const Slot slot = builder.take_tree(mount.source->path, recursive || covered, mount.idmap.value_or(true) && !device, {}, mount.in_root ? Slot::root : Slot::none, mount.effective_readonly());
  if (slot == Slot::none) return;
  builder.set_attributes(slot, set, clear, recursive || covered);
  Tree tree;
  tree.kind = Tree::Kind::host;
  tree.hosts = {real};
  tree.folder = fact.kind == FileKind::folder;
  tree.readonly = mount.effective_readonly();
  tree.on_host = tree.writable = !tree.readonly;
  tree.attributes = set;
  place(builder, mount, slot, std::move(tree));
  if (!covered) return;
  const std::string target = mount.in_root ? "" : mount.target->path;
  for (const MountFact* below : builder.facts.mounts_below(real)) {
    const std::string inside = target + below->target.substr(real == "/" ? 0 : real.size());
    const Found found = builder.layout.find(inside);
    if (found.kind == FileKind::missing || !builder.has_end(found, inside)) continue;
    builder.cover({Slot::root, builder.text(found.path.substr(1)), false}, found.kind == FileKind::folder);
  }
}

void plan_image(PlanBuilder& builder, const Mount& mount) {
  std::string real;
  const PathFact fact = builder.facts.resolved(mount.source->path, &real);
  if (!builder.source_is_there(mount, fact, mount.source->path)) return;
  if (!builder.facts.caller.privileged) {
    builder.error(Code::not_privileged, {"an image", builder.facts.caller.root ? "run it outside of a container, or with that capability" : "run it as root"});
    return;
  }
  const Slot slot = mount.in_root ? Slot::root : builder.new_slot();
  builder.add(OpenImage{slot, builder.text(mount.source->path), builder.text(*mount.fstype), mount.effective_readonly(), {fact.device, fact.inode, 0}});
  if (builder.shifted() && mount.idmap.value_or(true)) {
    if (builder.too_old_to_map(*mount.fstype)) builder.error(mount.effective_readonly() ? Code::idmap_skipped : Code::idmap_refused, {real, *mount.fstype});
    else builder.map_tree(slot, nullptr, false);
  }
  builder.set_attributes(slot, mount.attributes(), 0, false);
  Tree tree;
  tree.kind = Tree::Kind::opaque;
  tree.readonly = mount.effective_readonly();
  tree.attributes = mount.attributes();
  place(builder, mount, slot, std::move(tree));
}

void plan_overlay(PlanBuilder& builder, const Mount& mount) {
  NewOverlay step;
  step.slot = mount.in_root ? Slot::root : builder.new_slot();
  step.attributes = while_built(mount);
  step.in_user_namespace = !builder.spec.namespaces[NsType::user].is_host();
  Tree tree;
  tree.kind = Tree::Kind::layers;
  tree.on_host = tree.writable = mount.upper.has_value();
  std::vector<Slot> lower;
  for (const HostPath& layer : mount.lower) {
    std::string real;
    const Slot slot = builder.take_layer(mount, layer.path, real);
    if (slot == Slot::none) return;
    if (!mount.effective_readonly()) builder.warn_of_group(layer.path);
    lower.push_back(slot);
    tree.hosts.push_back(real);
  }
  if (mount.upper) {
    if (!builder.take_upper(mount, step)) return;
    std::string real;
    builder.facts.resolved(mount.upper->path, &real);
    tree.hosts.insert(tree.hosts.begin(), real);
  } else {
    builder.scratch_upper(step, lower[0]);
  }
  step.lower = builder.plan.arena.list(lower);
  builder.add(step, Stage::mounts);
  place(builder, mount, step.slot, std::move(tree));
}

// --- single files, folders, links ----------------------------------------------------------------
void plan_file(PlanBuilder& builder, const Mount& mount) {
  const std::string name = builder.staging_name();
  const At at{builder.staging(), builder.text(name), true};
  WriteFile write{at, mount.mode ? mount.mode->bits : 0644, nullptr, 0, Slot::none};
  if (mount.content) {
    write.content = builder.text(*mount.content);
    write.length = static_cast<uint32_t>(mount.content->size());
  } else {
    const PathFact fact = builder.facts.resolved(mount.content_from->path);
    if (!builder.source_is_there(mount, fact, mount.content_from->path)) return;
    if (fact.kind != FileKind::file) return builder.error(Code::source_type, {mount.content_from->path, std::string(words_of(fact.kind)), "a file"});
    write.from = builder.new_slot();
    const PlanBuilder::Way way = builder.way_to(mount.content_from->path);
    builder.add(OpenFile{write.from, way.path, way.below});
  }
  builder.add(write, Stage::mounts);
  if (mount.uid || mount.gid) builder.add(ChangeOwner{at, mount.uid ? mount.uid->value : -1, mount.gid ? mount.gid->value : -1}, Stage::mounts);
  const Slot slot = builder.new_slot();
  builder.add(CopyTree{slot, at, false}, Stage::mounts);
  builder.set_attributes(slot, mount.attributes(), 0, false);
  Tree tree;
  tree.folder = false;
  tree.readonly = mount.effective_readonly();
  place(builder, mount, slot, std::move(tree));
}

void plan_dir(PlanBuilder& builder, const Mount& mount) {
  const Found before = builder.layout.find(mount.target->path);
  At at;
  if (!builder.make_target(mount, mount.target->path, true, mount.mode ? mount.mode->bits : 0755, at)) return;
  if (before.kind == FileKind::missing && (mount.uid || mount.gid))
    builder.add(ChangeOwner{at, mount.uid ? mount.uid->value : -1, mount.gid ? mount.gid->value : -1}, Stage::mounts);
}

void plan_symlink(PlanBuilder& builder, const Mount& mount) { builder.make_link(mount, mount.target->path, *mount.to); }

void plan_mask(PlanBuilder& builder, const Mount& mount) {
  const Found found = builder.layout.find(mount.target->path);
  if (found.kind == FileKind::missing && mount.optional) return;
  const std::string& target = mount.target->path;
  bool folder = found.kind == FileKind::folder;
  // What the kernel itself shows can't be known before it is mounted, but looks as on the host.
  if (!found.known && (found.mount == "/proc" || found.mount == "/sys" || found.mount == "/dev/pts")) folder = builder.facts.path(found.path).kind == FileKind::folder;
  At at;
  if (!builder.make_target(mount, target, folder, 0, at)) return;
  if (found.kind == FileKind::missing && found.known)
    builder.error(Code::mask_of_nothing, {target, target.find_first_of("*?[") == target.npos ? "say 'optional' if it may be missing" : "a mask is for one path, not for a pattern"});
  builder.cover(at, folder);
  Tree tree;
  tree.kind = Tree::Kind::mask;
  tree.folder = folder;
  tree.readonly = true;
  tree.mark = mount.mark, tree.pointer = mount.pointer;
  builder.layout.mount(builder.layout.find(mount.target->path).path, std::move(tree));
}

void plan_remount(PlanBuilder& builder, const Mount& mount) {
  const Found found = builder.layout.find(mount.target->path);
  if (found.kind == FileKind::missing) {
    if (!mount.optional) builder.error(Code::target_missing, {mount.target->path});
    return;
  }
  if (!builder.has_end(found, mount.target->path)) return;
  Remount step;
  step.at = {Slot::root, builder.text(found.path.substr(1)), false};
  step.recursive = mount.recursive.value_or(false);
  const auto flag = [&](const std::optional<bool>& wanted, uint64_t bit) {
    if (wanted) (*wanted ? step.set : step.clear) |= bit;
  };
  flag(mount.readonly, MOUNT_ATTR_RDONLY);
  flag(mount.nosuid, MOUNT_ATTR_NOSUID);
  flag(mount.nodev, MOUNT_ATTR_NODEV);
  flag(mount.noexec, MOUNT_ATTR_NOEXEC);
  flag(mount.nosymfollow, MOUNT_ATTR_NOSYMFOLLOW);
  if (mount.noatime) {
    step.clear |= MOUNT_ATTR__ATIME;
    step.set |= *mount.noatime ? MOUNT_ATTR_NOATIME : MOUNT_ATTR_RELATIME;
  }
  if (mount.propagation) step.propagation = static_cast<uint64_t>(*mount.propagation);
  builder.add(step, Stage::mounts);
  if (Tree* tree = builder.layout.at(found.path); tree && mount.readonly) {
    if (*mount.readonly) tree->readonly = true;
    // What is mounted below stays as it is, unless it is taken along.
    const bool all = step.recursive || tree->hosts.empty() || builder.facts.mounts_below(tree->hosts[0]).empty();
    tree->writable = *mount.readonly ? tree->on_host && !all : tree->on_host || tree->kind == Tree::Kind::host;
    tree->closes = false;  // the last word on it is this one
  }
}

void plan_unmount(PlanBuilder& builder, const Mount& mount) {
  const Found found = builder.layout.find(mount.target->path);
  if (found.kind == FileKind::missing) {
    if (!mount.optional) builder.error(Code::target_missing, {mount.target->path});
    return;
  }
  if (!builder.has_end(found, mount.target->path)) return;
  builder.add(Unmount{{Slot::root, builder.text(found.path.substr(1)), false}}, Stage::mounts);
  builder.layout.unmount(found.path);
}

constexpr MountKind kinds[] = {
    {.name = "bind", .doc = "A host file or directory.", .own = {"source", "recursive", "idmap"}, .need = {"source"}, .as_root = true, .readonly = true, .plan = plan_bind},
    {.name = "tmpfs", .doc = "A new file system in memory.", .own = {"size", "inodes", "mode", "uid", "gid"}, .need = {"target"}, .as_root = true, .plan = plan_tmpfs},
    {.name = "proc", .doc = "The processes of the sandbox's pid namespace.", .own = {"hidepid", "subset", "masked"}, .need = {"target"}, .noexec = true, .plan = plan_proc},
    {.name = "sysfs", .doc = "/sys of the sandbox's net namespace.", .need = {"target"}, .readonly = true, .noexec = true, .plan = plan_sysfs},
    {.name = "mqueue", .doc = "POSIX message queues of the sandbox's ipc namespace.", .need = {"target"}, .noexec = true, .plan = plan_plain},
    {.name = "cgroup2", .doc = "The cgroup tree below the sandbox's cgroup namespace.", .need = {"target"}, .readonly = true, .noexec = true, .plan = plan_plain},
    {.name = "devpts", .doc = "A new instance of pseudo terminals.", .own = {"ptmxmode", "mode", "gid"}, .need = {"target"}, .noexec = true, .plan = plan_devpts},
    {.name = "dev", .doc = "A minimal /dev, and the listed devices of the host.", .own = {"devices", "size"}, .need = {"target"}, .noexec = true, .plan = plan_dev},
    {.name = "overlay", .doc = "Layers of host folders; without `upper` what is written vanishes.", .own = {"lower", "upper", "work"}, .need = {"target", "lower"}, .as_root = true, .plan = plan_overlay},
    {.name = "image", .doc = "A file-system image (needs root).", .own = {"source", "fstype", "idmap"}, .need = {"target", "source", "fstype"}, .as_root = true, .readonly = true, .plan = plan_image},
    {.name = "file", .doc = "A file with the given content, over what is there.", .own = {"content", "content_from", "mode", "uid", "gid"}, .need = {"target"}, .readonly = true, .plan = plan_file},
    {.name = "dir", .doc = "A directory, made with its parents when missing.", .own = {"mode", "uid", "gid"}, .need = {"target"}, .common = false, .plan = plan_dir},
    {.name = "symlink", .doc = "A symbolic link.", .own = {"to"}, .need = {"target", "to"}, .common = false, .plan = plan_symlink},
    {.name = "mask", .doc = "Hides a file (as /dev/null) or a directory (as an empty one).", .need = {"target"}, .common = false, .readonly = true, .plan = plan_mask},
    {.name = "remount", .doc = "Changes the written options of what is mounted at `target`.", .own = {"recursive"}, .need = {"target"}, .plan = plan_remount},
    {.name = "unmount", .doc = "Takes away what is mounted at `target`.", .need = {"target"}, .common = false, .plan = plan_unmount},
    {.name = "fs", .doc = "Any other file system that the kernel lets the caller mount.", .own = {"fstype", "source", "data"}, .need = {"target", "fstype"}, .plan = plan_fs},
};

}  // namespace

void plan_notify(PlanBuilder& builder) {
  Mount plain;
  plain.kind = find_mount_kind("tmpfs");
  plain.target = BoxPath{std::string(notify_folder)};
  const Slot slot = builder.new_slot();
  const std::vector<Option> options{{"mode", "0755"}, {"size", "4096"}, {"nr_inodes", "2"}};
  if (!builder.mount_fs(plain, {slot, "tmpfs", nullptr, builder.plan.arena.list(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC}, tree_of(plain, Tree::Kind::own), true)) return;
  builder.add(OfferSocket{slot}, Stage::mounts);
  builder.set_attributes(slot, MOUNT_ATTR_RDONLY, 0, false);  // a message can be sent there all the same
}

std::span<const MountKind> mount_kinds() { return kinds; }

}  // namespace nsbox
