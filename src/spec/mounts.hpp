// SPDX-License-Identifier: MIT
// root and mounts. One struct holds what any mount type may say; a row of the table in
// mount_kinds.cpp says which of it a type takes, what it needs, and how it is planned. A new type
// is a row and one function.
#pragma once
#include <sys/mount.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "fields/rare.hpp"
#include "fields/scalars.hpp"
#include "plan/step.hpp"
#include "spec/check.hpp"

namespace nsbox {

class PlanBuilder;
class Layout;
struct MountKind;

/// The values are mount(2)'s flags.
enum class Propagation : uint64_t { private_ = MS_PRIVATE, slave = MS_SLAVE, shared = MS_SHARED };
enum class MountPropagation : uint64_t { private_ = MS_PRIVATE, slave = MS_SLAVE, shared = MS_SHARED, unbindable = MS_UNBINDABLE };
template <>
struct EnumNames<Propagation> {
  static constexpr std::pair<std::string_view, Propagation> names[] = {
      {"private", Propagation::private_}, {"slave", Propagation::slave}, {"shared", Propagation::shared}};
};
template <>
struct EnumNames<MountPropagation> {
  static constexpr std::pair<std::string_view, MountPropagation> names[] = {
      {"private", MountPropagation::private_}, {"slave", MountPropagation::slave}, {"shared", MountPropagation::shared}, {"unbindable", MountPropagation::unbindable}};
};

enum class Create : uint8_t { automatic, host, never };
template <>
struct EnumNames<Create> {
  static constexpr std::pair<std::string_view, Create> names[] = {
      {"auto", Create::automatic}, {"host", Create::host}, {"never", Create::never}};
};

enum class HidePid : uint8_t { off, noaccess, invisible, ptraceable };
template <>
struct EnumNames<HidePid> {
  static constexpr std::pair<std::string_view, HidePid> names[] = {
      {"off", HidePid::off}, {"noaccess", HidePid::noaccess}, {"invisible", HidePid::invisible}, {"ptraceable", HidePid::ptraceable}};
};
enum class ProcSubset : uint8_t { pid };
template <>
struct EnumNames<ProcSubset> {
  static constexpr std::pair<std::string_view, ProcSubset> names[] = {{"pid", ProcSubset::pid}};
};

/// A source: a host path, but for `fs`, where it is what the file system makes of it.
struct Source {
  std::string text;  // as written
  std::string path;  // as an absolute host path
};
template <>
struct Codec<Source> {
  static bool decode(Decoder& decoder, const Node& node, Source& out);
  static Node encode(const Source& value);
  static Node schema() { return Codec<HostPath>::schema(); }
  static std::string type() { return "host path"; }
};

struct Mount {
  const MountKind* kind = nullptr;
  Mark mark;
  std::string pointer;
  bool in_root = false;  // it is the root, not a mount in it

  std::optional<BoxPath> target;
  std::optional<Source> source;
  std::optional<bool> recursive, idmap, masked;
  std::optional<Size> size;
  std::optional<Int<1, INT64_MAX>> inodes;
  std::optional<Mode> mode, ptmxmode;
  std::optional<Id> uid, gid;
  std::optional<HidePid> hidepid;
  std::optional<ProcSubset> subset;
  std::vector<BoxPath> devices;
  std::vector<HostPath> lower;
  Rare<HostPath> upper, work, content_from;
  Rare<std::string> fstype, content, to, data;

  std::optional<bool> readonly, nosuid, nodev, noexec, noatime, nosymfollow;
  std::optional<MountPropagation> propagation;
  bool optional = false;
  Create create = Create::automatic;
  bool override_ = false;

  static constexpr auto fields() {
    return std::tuple{
        field("target", &Mount::target, "Where, in the sandbox. For a bind the default is `source`."),
        field("source", &Mount::source, "What: a host path (bind, image); what the file system takes (fs)."),
        field("recursive", &Mount::recursive, "bind: with what is mounted below (true by default); remount: also what is mounted below (false)."),
        field("idmap", &Mount::idmap, "The payload's ids on the files' owners: true by default with `id_maps: shift`."),
        field("size", &Mount::size, "At most this much memory."),
        field("inodes", &Mount::inodes, "At most so many files."),
        field("mode", &Mount::mode, "Permissions of the root of a tmpfs (0755), of a file (0644), of a dir (0755), of terminals (devpts, 0620)."),
        field("uid", &Mount::uid, "Owner, an id of the sandbox."),
        field("gid", &Mount::gid, "Group, an id of the sandbox."),
        field("hidepid", &Mount::hidepid, "proc(5): what a process sees of others' folders."),
        field("subset", &Mount::subset, "proc(5): only the processes."),
        field("masked", &Mount::masked, "Hide kcore, keys, timer_list, … and make sys, bus, fs, irq, sysrq-trigger read-only."),
        field("ptmxmode", &Mount::ptmxmode, "Permissions of ptmx."),
        field("devices", &Mount::devices, "Further devices of the host, files or whole folders below /dev."),
        field("lower", &Mount::lower, "Layers, the highest first."),
        field("upper", &Mount::upper, "Where changes are kept; without it they vanish."),
        field("work", &Mount::work, "An empty folder on the file system of `upper`."),
        field("fstype", &Mount::fstype, "Type of the file system."),
        field("content", &Mount::content, "What is in the file."),
        field("content_from", &Mount::content_from, "A host file with the content, read at the launch."),
        field("to", &Mount::to, "What the link says."),
        field("data", &Mount::data, "Options of the file system as one string."),
        field("readonly", &Mount::readonly, "Read-only, with everything below. True by default for bind, image, file, sysfs, cgroup2."),
        field("nosuid", &Mount::nosuid, "Set-user-ID bits have no effect. True by default."),
        field("nodev", &Mount::nodev, "Device files can't be opened. True by default, but for dev and bound devices."),
        field("noexec", &Mount::noexec, "Nothing can be executed."),
        field("noatime", &Mount::noatime, "Access times are not written."),
        field("nosymfollow", &Mount::nosymfollow, "Symbolic links are not followed."),
        field("propagation", &Mount::propagation, "Propagation of this mount, applied once it is placed."),
        field("optional", &Mount::optional, "Skip the entry when its source (mask, remount, unmount: its target) is missing."),
        field("create", &Mount::create, "What to do when the target is missing: `auto`, `host` (make it there), `never`."),
        field("override", &Mount::override_, "May uncover what an earlier entry masks."),
    };
  }

  std::string_view type() const;
  bool is(std::string_view name) const { return type() == name; }
  bool readonly_by_default() const;
  bool effective_readonly() const { return readonly.value_or(readonly_by_default()); }
  /// MOUNT_ATTR_… to set and to clear.
  uint64_t attributes() const;

  /// `SOURCE[:TARGET][:OPTION,…]` as a mapping, before substitution.
  static void expand(Findings& findings, Node& node, const std::string& pointer);
};

/// SOURCE or SOURCE:TARGET in which nothing is substituted. Most mounts are written so, and stay a text
/// until they are decoded: a mapping for each would cost as much as the rest of its reading.
struct BareBind {
  std::string_view source, target;  // `target` may be empty
};
std::optional<BareBind> bare_bind(const Node& node);

/// The first that is empty is the end. A table of vectors would be made at each start.
struct FewKeys {
  std::string_view keys[6];
  const std::string_view* begin() const { return keys; }
  const std::string_view* end() const { return std::find(std::begin(keys), std::end(keys) - 1, ""); }
};

struct MountKind {
  std::string_view name;
  std::string_view doc;
  FewKeys own;   // keys besides the common ones
  FewKeys need;  // keys that must be there
  bool common = true;                  // takes the common keys
  bool as_root = false;                // may also be the root
  bool folder = true;                  // its target is a folder (else a file)
  bool readonly = false;               // what `readonly` is by default
  bool noexec = false;                 // what `noexec` is by default
  void (*plan)(PlanBuilder& builder, const Mount& mount) = nullptr;
};
inline std::string_view Mount::type() const { return kind ? kind->name : ""; }
inline bool Mount::readonly_by_default() const { return kind && kind->readonly; }
std::span<const MountKind> mount_kinds();
const MountKind* find_mount_kind(std::string_view name);
/// The small file system with the socket of process.notify.
void plan_notify(PlanBuilder& builder);
/// Every key that a mount of this kind may have, without `type`.
std::vector<std::string_view> keys_of_kind(const MountKind& kind, bool root);

/// `host`, or a mount of one of the kinds that can be a root.
struct Root {
  std::optional<Mount> mount;
  bool host = false;
  Mark mark;
};

template <>
struct Codec<Mount> {
  static bool decode(Decoder&, const Node&, Mount& out);
  static Node encode(const Mount& value);
  static Node schema();
  static std::string type() { return "mount"; }
};
template <>
struct Codec<Root> {
  static bool decode(Decoder&, const Node&, Root& out);
  static Node encode(const Root& value);
  static Node schema();
  static std::string type() { return "`host`, or a mapping with `type`"; }
};

void check_mounts(const Check& check);
void plan_mounts(PlanBuilder& builder);

}  // namespace nsbox
