// SPDX-License-Identifier: MIT
// The tree of the sandbox as it will be, while the plan is made: what is mounted where, what nsbox
// itself has made, and, through HostFacts, what the host's trees hold. It answers the one question
// that every mount asks: what is at this path now, and who made the way to it?
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fields/node.hpp"
#include "host/facts.hpp"

namespace nsbox {

struct Tree {
  enum class Kind : uint8_t {
    own,     // a file system that this launch makes: only what nsbox puts there is in it
    host,    // a tree of the host
    layers,  // an overlay of host folders, the highest first
    opaque,  // an image, a proc, …: what is in it can't be known from here
    mask,    // nothing to see, and nothing may come of it
  };
  Kind kind = Kind::own;
  std::vector<std::string> hosts;  // host: one folder or file; layers: all
  bool folder = true;
  bool readonly = false;    // nothing can be made in it while it is put together
  bool on_host = false;     // what is made in it appears on the host
  bool writable = false;    // by the payload, and it stays on the host
  bool closes = false;      // becomes read-only after the last mount: things are made in it until then
  uint64_t attributes = 0;  // MOUNT_ATTR_… that a layer above it must repeat
  bool (*holds)(std::string_view name, PathFact& fact) = nullptr;  // own: what it begins with, by its name in the tree
  Mark mark;
  std::string pointer;      // of the entry that it comes from
};

struct Found {
  std::string path;        // in the sandbox, links followed; the missing rest as written
  FileKind kind = FileKind::missing;
  int error = 0;           // errno, for `denied`
  bool known = true;       // false: inside something opaque
  bool own = false;        // every folder on the way is in a tree that nsbox made
  std::string existing;    // the deepest folder on the way that is there
  bool in_folder = true;   // false: what stands there is no folder
  std::string mount;       // the target of the tree that holds it (or would)
  const Tree* tree = nullptr;
  std::string host;        // where it is (or would be) on the host, for a host tree
  bool loop = false;
  std::string link;        // what the link says, when it is one that was not followed
};

class Layout {
 public:
  explicit Layout(const HostFacts& facts) : facts_(facts) {}

  void mount(std::string target, Tree tree);
  void unmount(const std::string& target);
  void made(std::string_view path, FileKind kind, std::string link = "");

  /// What is at `path`. `follow`: a link in the last component is followed too.
  Found find(std::string_view path, bool follow = true) const;
  /// The newest tree mounted exactly at `path`, or null.
  const Tree* at(std::string_view path) const;
  Tree* at(std::string_view path);
  /// Targets mounted strictly below `path` and still to be seen, in the order of mounting.
  std::vector<std::string> below(std::string_view path) const;
  /// Calls f(target, tree) for every tree that is not gone, hidden ones too.
  template <class F>
  void for_each(F&& f) const {
    for (const Mounted& mounted : mounts_)
      if (!mounted.gone) f(mounted.target, mounted.tree);
  }
  /// The masked path that `path` is on, above or below, or "".
  std::string masked_by(std::string_view path) const;

 private:
  struct Mounted {
    std::string target;
    Tree tree;
    size_t number;
    Mounted* before = nullptr;  // what was mounted there already
    bool gone = false;
  };
  struct Made {
    FileKind kind;
    std::string link;
    size_t number;  // of the newest mount when it was made: a later one above hides it
  };
  struct Way {
    std::string folder;  // to which the way leads through folders alone; "" for none
    const Mounted* mounted = nullptr;
    bool own = false;
    std::string host;
  };
  void forget_way(std::string_view changed);
  const Mounted* covering(std::string_view path) const;
  const Mounted* newest_at(std::string_view path) const;
  PathFact look(const Mounted& mounted, const std::string& path, std::string* host) const;

  const HostFacts& facts_;
  std::deque<Mounted> mounts_;  // its addresses stay
  std::unordered_map<std::string_view, Mounted*, TextHash, std::equal_to<>> newest_;  // by target
  std::unordered_map<std::string, Made, TextHash, std::equal_to<>> made_;
  mutable Way last_way_;  // targets stand side by side: of the last one's folder
};

}  // namespace nsbox
