// SPDX-License-Identifier: MIT
// Whether a file of the host is to be seen in the finished tree of a sandbox.
#pragma once
#include <optional>
#include <string>

#include "spec/layout.hpp"

namespace nsbox {

struct Reached {
  std::string inside;  // where in the sandbox
  const Tree* tree;
  FileKind kind;
};

/// `path` is one of the host's, links followed. The first place where it shows, if there is one.
std::optional<Reached> reach(const Layout& layout, const std::string& path);

}  // namespace nsbox
