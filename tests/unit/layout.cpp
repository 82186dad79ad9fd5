// SPDX-License-Identifier: MIT
#include "spec/layout.hpp"

#include <doctest/doctest.h>

using namespace nsbox;

namespace {

Tree own() { return {}; }

Tree host(const std::string& path) {
  Tree tree;
  tree.kind = Tree::Kind::host;
  tree.hosts = {path};
  return tree;
}

/// /src is a folder with a file, a link in it, and a link to itself.
void invent(HostFacts& facts) {
  facts.probe_path = [](const std::string& path) {
    PathFact fact;
    if (path == "/src" || path == "/src/folder") fact.kind = FileKind::folder;
    if (path == "/src/file") fact.kind = FileKind::file;
    if (path == "/src/up") fact.kind = FileKind::link, fact.link = "../../../../own";
    if (path == "/src/loop") fact.kind = FileKind::link, fact.link = "loop";
    return fact;
  };
}

}  // namespace

TEST_CASE("links never lead out of the root") {
  HostFacts facts;
  invent(facts);
  Layout layout(facts);
  layout.mount("/", own());
  layout.made("/own", FileKind::folder);
  layout.made("/src", FileKind::folder);
  layout.mount("/src", host("/src"));
  CHECK(layout.find("/src/up").path == "/own");
  CHECK(layout.find("/src/up", false).kind == FileKind::link);
  CHECK(layout.find("/src/up", false).link == "../../../../own");
  CHECK(layout.find("/src/loop").loop);
  CHECK(layout.find("/src/file/below").kind != FileKind::folder);
  CHECK(layout.find("/src/file/below").existing == "/src/file");
  CHECK(layout.find("/src/folder/a/b").existing == "/src/folder");
}

TEST_CASE("a later mount above hides, and its unmount shows again") {
  HostFacts facts;
  invent(facts);
  Layout layout(facts);
  layout.mount("/", own());
  layout.made("/src", FileKind::folder);
  layout.mount("/src", host("/src"));
  CHECK(layout.find("/src/file").kind == FileKind::file);
  layout.mount("/src", own());
  CHECK(layout.find("/src/file").kind == FileKind::missing);
  CHECK(layout.below("/") == std::vector<std::string>{"/src"});
  layout.unmount("/src");
  CHECK(layout.find("/src/file").kind == FileKind::file);
  layout.unmount("/src");
  layout.unmount("/src");
  CHECK(layout.find("/src").kind == FileKind::folder);
  CHECK(layout.below("/").empty());
}
