// SPDX-License-Identifier: MIT
#include "spec/layout.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <tuple>

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

TEST_CASE("an answer does not hang on what was asked before") {
  // Asked of all paths after each change, or of one path at the end: the same.
  const std::string paths[] = {"/", "/src", "/src/file", "/src/folder", "/src/folder/a", "/src/up", "/src/up/a", "/own", "/own/a", "/own/a/b", "/own/a/c", "/src/../own/a", "/lib", "/lib/a"};
  HostFacts facts;
  invent(facts);
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    std::vector<std::function<void(Layout&)>> changes{[](Layout& layout) { layout.mount("/", own()); }};
    for (int i = 0; i < 8; i++) {
      const std::string& path = paths[random() % std::size(paths)];
      switch (random() % 5) {
        case 0: changes.emplace_back([=](Layout& layout) { layout.mount(path, own()); }); break;
        case 1: changes.emplace_back([=](Layout& layout) { layout.mount(path, host("/src")); }); break;
        case 2: changes.emplace_back([=](Layout& layout) { layout.unmount(path); }); break;
        case 3: changes.emplace_back([=](Layout& layout) { layout.made(path, FileKind::link, "/own"); }); break;
        default: changes.emplace_back([=](Layout& layout) { layout.made(path, FileKind::folder); });
      }
    }
    Layout asked(facts);
    for (const auto& change : changes) {
      change(asked);
      for (const std::string& path : paths) (void)asked.find(path);
    }
    for (const std::string& path : paths) {
      Layout fresh(facts);
      for (const auto& change : changes) change(fresh);
      const Found a = asked.find(path), b = fresh.find(path);
      CAPTURE(path);
      CHECK(std::tie(a.path, a.kind, a.known, a.own, a.existing, a.in_folder, a.mount, a.host, a.loop, a.link) ==
            std::tie(b.path, b.kind, b.known, b.own, b.existing, b.in_folder, b.mount, b.host, b.loop, b.link));
      CHECK((a.tree ? a.tree->kind : Tree::Kind::mask) == (b.tree ? b.tree->kind : Tree::Kind::mask));
    }
  }
}
