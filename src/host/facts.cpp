// SPDX-License-Identifier: MIT
#include "host/facts.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "base/text.hpp"

namespace nsbox {

std::string_view words_of(FileKind kind) {
  switch (kind) {
    case FileKind::missing: return "missing";
    case FileKind::denied: return "out of reach";
    case FileKind::file: return "a file";
    case FileKind::folder: return "a folder";
    case FileKind::link: return "a symbolic link";
    case FileKind::character: return "a character device";
    case FileKind::block: return "a block device";
    case FileKind::fifo: return "a FIFO";
    case FileKind::socket: return "a socket";
  }
  return "?";
}

const PathFact& HostFacts::path(const std::string& path) const {
  const auto [found, fresh] = paths_.try_emplace(path);  // addresses stay when it grows
  if (fresh && probe_path) found->second = probe_path(path);
  return found->second;
}

const PathFact& HostFacts::resolved(const std::string& path, std::string* real) const {
  if (resolved_to_.empty() || resolved_ != path) {
    resolved_to_.clear();
    const PathFact& fact = walk(path, &resolved_to_, {}, nullptr);
    if (resolved_to_.empty()) return fact;  // links without an end
    resolved_ = path;
    if (real) *real = resolved_to_;
    return fact;
  }
  if (real) *real = resolved_to_;
  return this->path(resolved_to_);
}

bool HostFacts::enters(const std::string& path, std::span<const std::string> folders, std::string& folder, std::string& rest) const {
  rest.clear();
  walk(path, &folder, folders, &rest);
  return !rest.empty();
}

const PathFact& HostFacts::walk(const std::string& start, std::string* real, std::span<const std::string> folders, std::string* rest) const {
  std::string way, done;  // what is still to be walked stands in `left`, a view of `start` or of `way`
  std::string_view left = start;
  static const PathFact loop{FileKind::denied, "", 0, 0, 0, 0, 0, 0, 40 /* ELOOP */};
  int links = 0;
  const PathFact* last = nullptr;  // of `done`
  // Sources stand side by side: what was found out about the folder of the last one holds.
  const bool beside = folders.empty() && start.size() > folder_.size() && !folder_.empty() && start[folder_.size()] == '/' && start.starts_with(folder_);
  if (beside) {
    left.remove_prefix(folder_.size() + 1);
    if (left.find('/') == left.npos && !left.starts_with('.') && !left.empty()) {
      if (const PathFact& fact = path(start); fact.kind != FileKind::link) {
        if (real) *real = start;
        return fact;
      }
    }
    done = folder_;
  }
  while (!left.empty()) {
    const std::string_view before = left;
    const std::string_view part = next_part(left);
    if (part.empty() || part == ".") continue;
    if (std::find(folders.begin(), folders.end(), done.empty() ? "/" : std::string_view(done)) != folders.end()) {
      *rest = normal_path(before);
      break;
    }
    if (part == "..") {
      done.resize(done.empty() ? 0 : done.rfind('/'));
      last = nullptr;
      continue;
    }
    const size_t length = done.size();
    done += '/';
    done += part;
    const PathFact& fact = path(done);
    if (fact.kind == FileKind::missing || fact.kind == FileKind::denied) {
      if (real) *real = done;
      return fact;
    }
    last = &fact;
    if (fact.kind != FileKind::link) continue;
    last = nullptr;
    if (++links > 40) return loop;
    done.resize(fact.link.starts_with('/') ? 0 : length);
    way = fact.link + "/" + std::string(left);
    left = way;
  }
  if (links == 0 && done == start) folder_ = parent_path(done) == "/" ? "" : parent_path(done);
  if (done.empty()) done = "/";
  if (real) *real = done;
  return last ? *last : path(done);
}

const std::vector<MountFact>& HostFacts::mounts() const {
  if (mounts_known_) return mounts_;
  mounts_known_ = true;
  mounts_ = probe_mounts ? probe_mounts() : std::vector<MountFact>{};
  by_target_.resize(mounts_.size());
  std::iota(by_target_.begin(), by_target_.end(), 0);
  std::ranges::stable_sort(by_target_, {}, [&](uint32_t each) { return std::string_view(mounts_[each].target); });
  return mounts_;
}

/// Those whose target does not stand before `path` in the order of texts.
std::span<const uint32_t> HostFacts::mounts_from(std::string_view path) const {
  mounts();
  const auto first = std::ranges::lower_bound(by_target_, path, {}, [&](uint32_t each) { return std::string_view(mounts_[each].target); });
  return {first, by_target_.end()};
}

const MountFact* HostFacts::mount_of(std::string_view path) const {
  for (std::string_view folder = path;; folder = parent_path(folder)) {
    const MountFact* newest = nullptr;
    for (const uint32_t each : mounts_from(folder)) {
      if (mounts_[each].target != folder) break;
      newest = &mounts_[each];
    }
    if (newest || folder == "/" || folder == ".") return newest;
  }
}

std::vector<const MountFact*> HostFacts::mounts_below(std::string_view path) const {
  const std::string inside = path == "/" ? "/" : std::string(path) + "/";
  std::vector<const MountFact*> out;
  for (const uint32_t each : mounts_from(inside)) {
    if (!mounts_[each].target.starts_with(inside)) break;
    if (mounts_[each].target != path) out.push_back(&mounts_[each]);
  }
  std::sort(out.begin(), out.end());  // in the order of mounting
  return out;
}

std::vector<const MountFact*> HostFacts::mounts_over_proc() const {
  std::vector<const MountFact*> over = mounts_below("/proc");
  std::erase_if(over, [](const MountFact* mount) { return mount->target == "/proc/sys/fs/binfmt_misc"; });
  return over;
}

const std::vector<SubidRange>& HostFacts::subids(bool group, std::string_view owner) const {
  const std::string key = (group ? "g" : "u") + std::string(owner);
  const auto found = subids_.find(key);
  if (found != subids_.end()) return found->second;
  return subids_.emplace(key, probe_subids ? probe_subids(group, owner) : std::vector<SubidRange>{}).first->second;
}

const UserNamespaceFacts& HostFacts::user_namespaces() const {
  if (!user_known_ && probe_user_namespaces) user_ = probe_user_namespaces();
  user_known_ = true;
  return user_;
}

}  // namespace nsbox
