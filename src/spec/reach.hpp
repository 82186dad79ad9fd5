// SPDX-License-Identifier: MIT
// Whether a file of the host is to be seen in the finished tree of a sandbox.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/layout.hpp"

namespace nsbox {

struct Reached {
  std::string inside;  // where in the sandbox
  const Tree* tree;
  FileKind kind;
};

/// Answers questions about some paths of the host, links followed; made when the tree is finished.
class Reach {
 public:
  Reach(const Layout& layout, std::span<const std::string> paths);
  /// Of one of the paths: the first place where it shows, if there is one.
  std::optional<Reached> find(const std::string& path) const;

 private:
  struct Shown {
    std::string_view host, target;
    const Tree* tree;
  };
  const Layout& layout_;
  std::vector<Shown> shown_;  // of a path or a folder above one, in the order of mounting
};

}  // namespace nsbox
