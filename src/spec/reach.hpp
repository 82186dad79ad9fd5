// SPDX-License-Identifier: MIT
// Whether a file of the host is to be seen in the finished tree of a sandbox.
#pragma once
#include <optional>
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

/// Made when the tree is finished, for many questions.
class Reach {
 public:
  explicit Reach(const Layout& layout);
  /// `path` is one of the host's, links followed. The first place where it shows, if there is one.
  std::optional<Reached> find(const std::string& path) const;

 private:
  struct Shown {
    std::string_view host, target;
    const Tree* tree;
    size_t number;  // in the order of mounting
  };
  const Layout& layout_;
  std::vector<Shown> shown_;  // by host
};

}  // namespace nsbox
