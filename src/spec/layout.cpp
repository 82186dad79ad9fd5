// SPDX-License-Identifier: MIT
#include "spec/layout.hpp"

#include <cstddef>
#include <utility>

#include "base/text.hpp"

namespace nsbox {

void Layout::forget_way(std::string_view changed) {
  if (is_below(last_way_.folder, changed)) last_way_ = {};
}

void Layout::mount(std::string target, Tree tree) {
  forget_way(target);
  mounts_.push_back({std::move(target), std::move(tree), mounts_.size()});
  Mounted& mounted = mounts_.back();
  const auto [newest, first] = newest_.try_emplace(mounted.target, &mounted);
  if (!first) mounted.before = std::exchange(newest->second, &mounted);
}

void Layout::unmount(const std::string& target) {
  forget_way(target);
  const auto found = newest_.find(target);
  if (found == newest_.end() || !found->second) return;
  found->second->gone = true;
  found->second = found->second->before;
}

void Layout::made(std::string_view path, FileKind kind, std::string link) {
  forget_way(path);
  made_[std::string(path)] = {kind, std::move(link), mounts_.size()};
}

const Layout::Mounted* Layout::newest_at(std::string_view path) const {
  const auto found = newest_.find(path);
  return found == newest_.end() ? nullptr : found->second;
}

const Tree* Layout::at(std::string_view path) const {
  const Mounted* mounted = newest_at(path);
  return mounted ? &mounted->tree : nullptr;
}

Tree* Layout::at(std::string_view path) { return const_cast<Tree*>(std::as_const(*this).at(path)); }

/// The newest mount on the path or above it: a later mount above hides an earlier one below.
const Layout::Mounted* Layout::covering(std::string_view path) const {
  const Mounted* best = nullptr;
  for (std::string_view each = path;; each = parent_path(each)) {
    if (const Mounted* here = newest_at(each); here && (!best || here->number > best->number)) best = here;
    if (each == "/") return best;
  }
}

std::vector<std::string> Layout::below(std::string_view path) const {
  std::vector<std::string> out;
  for (const Mounted& mounted : mounts_) {
    if (mounted.gone || mounted.target == path || !is_below(mounted.target, path)) continue;
    if (covering(mounted.target) == &mounted) out.push_back(mounted.target);
  }
  return out;
}

std::string Layout::masked_by(std::string_view path) const {
  for (const Mounted& mounted : mounts_) {
    if (mounted.gone || mounted.tree.kind != Tree::Kind::mask) continue;
    if (is_below(mounted.target, path)) return mounted.target;
  }
  return "";
}

PathFact Layout::look(const Mounted& mounted, const std::string& path, std::string* host) const {
  const std::string rest = mounted.target == "/" ? path : path.substr(mounted.target.size());
  const bool top = rest.empty() || rest == "/";
  if (const auto found = made_.find(path); found != made_.end() && found->second.number > mounted.number && !top)
    return {found->second.kind, found->second.link, 0, 0, 0, 0, 0, 0, 0};
  const Tree& tree = mounted.tree;
  PathFact fact;
  if (top) fact.kind = tree.folder ? FileKind::folder : FileKind::file;
  else if (tree.holds && tree.holds(std::string_view(rest).substr(1), fact)) return fact;
  if (tree.kind == Tree::Kind::host || tree.kind == Tree::Kind::layers) {
    for (const std::string& root : tree.hosts) {
      const std::string at = top ? root : root == "/" ? rest : root + rest;
      const PathFact& each = top ? facts_.resolved(at) : facts_.path(at);
      if (host) *host = at;
      // A whiteout of an overlay is a character device 0:0: the lower layers do not count.
      const bool whiteout = each.kind == FileKind::character && each.rdev == 0;
      if (whiteout && tree.kind == Tree::Kind::layers) return {};
      if (each.kind != FileKind::missing) return each;
    }
    if (host && !tree.hosts.empty()) *host = top ? tree.hosts[0] : tree.hosts[0] == "/" ? rest : tree.hosts[0] + rest;
  }
  return fact;
}

Found Layout::find(std::string_view path, bool follow) const {
  Found found;
  std::string way, done;  // what is still to be walked stands in `left`, a view of `path` or of `way`
  std::string_view left = path;
  bool own = true;
  int links = 0;
  bool straight = true;  // neither a link nor `..` so far
  const Mounted* mounted = nullptr;  // on `done` or above it
  const auto in_tree = [&] {
    found.tree = mounted ? &mounted->tree : nullptr;
    found.mount = mounted ? mounted->target : "/";
  };
  const auto nothing_more = [](std::string_view rest) {
    while (!rest.empty())
      if (const std::string_view part = next_part(rest); !part.empty() && part != ".") return false;
    return true;
  };
  found.kind = FileKind::folder;
  if (const std::string& folder = last_way_.folder; !folder.empty() && path.size() > folder.size() && path[folder.size()] == '/' && path.starts_with(folder)) {
    found.existing = done = folder;
    left.remove_prefix(folder.size() + 1);
    mounted = last_way_.mounted;
    own = last_way_.own;
    found.host = last_way_.host;
  } else {
    found.existing = "/";
    mounted = covering("/");
    if (mounted) look(*mounted, "/", &found.host);
  }
  bool looked = true;  // at `done`, the last thing of all
  while (!left.empty()) {
    const std::string_view part = next_part(left);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      straight = false;
      done.resize(done.empty() ? 0 : done.rfind('/'));
      mounted = covering(done.empty() ? "/" : done);
      looked = false;
      continue;
    }
    const size_t length = done.size();
    const bool last = nothing_more(left);
    if (last && straight && found.known && length > 0 && last_way_.folder != done) last_way_ = {done, mounted, own, found.host};
    if (mounted && mounted->tree.kind != Tree::Kind::own) own = false;
    done += '/';
    done += part;
    if (const Mounted* here = newest_at(done); here && (!mounted || here->number > mounted->number)) mounted = here;
    if (!mounted) {
      done.resize(length);
      break;
    }
    const PathFact fact = look(*mounted, done, &found.host);
    looked = true;
    if (mounted->tree.kind == Tree::Kind::opaque && mounted->target != done && fact.kind == FileKind::missing) {
      found.known = false;
      found.kind = FileKind::folder;
      continue;
    }
    if (fact.kind == FileKind::link && (follow || !last)) {
      straight = false;
      if (++links > 40) {
        in_tree();
        found.loop = true;
        return found;
      }
      if (fact.link.starts_with('/')) own = true;
      done.resize(fact.link.starts_with('/') ? 0 : length);
      way = fact.link + "/" + std::string(left);
      left = way;
      mounted = covering(done.empty() ? "/" : done);
      looked = false;
      continue;
    }
    found.kind = fact.kind;
    found.error = fact.error;
    found.link = fact.link;
    if (fact.kind == FileKind::missing || fact.kind == FileKind::denied || (!last && fact.kind != FileKind::folder)) {
      const bool there = fact.kind != FileKind::missing && fact.kind != FileKind::denied;
      found.existing = there ? done : length == 0 ? "/" : done.substr(0, length);
      found.in_folder = !there;
      while (!left.empty())
        if (const std::string_view more = next_part(left); !more.empty() && more != ".") done += '/', done += more;
      found.path = std::move(done);
      found.own = own && mounted->tree.kind == Tree::Kind::own;
      in_tree();
      return found;
    }
    if (fact.kind == FileKind::folder) found.existing = done;
  }
  found.path = done.empty() ? "/" : std::move(done);
  in_tree();
  if (mounted && mounted->target == found.path && found.path != "/") {
    const Mounted* above = covering(parent_path(found.path));
    own = own && above && above->tree.kind == Tree::Kind::own;
  } else {
    own = own && mounted && mounted->tree.kind == Tree::Kind::own;
  }
  found.own = own;
  if (!looked && found.kind != FileKind::missing && found.known) {
    const PathFact fact = mounted ? look(*mounted, found.path, &found.host) : PathFact{};
    if (mounted) found.kind = fact.kind == FileKind::missing ? found.kind : fact.kind;
  }
  return found;
}

}  // namespace nsbox
