// SPDX-License-Identifier: MIT
#include "host/facts.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "base/text.hpp"
#include "host/probe.hpp"

using namespace nsbox;
namespace fs = std::filesystem;

namespace {

/// What the two questions mean, asked of every mount.
const MountFact* holds(const HostFacts& facts, const std::string& path) {
  const MountFact* best = nullptr;
  for (const MountFact& each : facts.mounts())
    if (is_below(path, each.target) && (!best || each.target.size() >= best->target.size())) best = &each;
  return best;
}

std::vector<const MountFact*> inside(const HostFacts& facts, const std::string& path) {
  std::vector<const MountFact*> out;
  for (const MountFact& each : facts.mounts())
    if (each.target != path && is_below(each.target, path)) out.push_back(&each);
  return out;
}

}  // namespace

TEST_CASE("what is mounted where") {
  // `-` and `.` stand before `/`, letters after it; some are mounted twice, and not in the order of names.
  const std::string targets[] = {"/", "/m/b", "/m", "/m-x", "/m.x/y", "/m/a/c", "/ma", "/m/b", "/z/deep/er", "/m/a", "/m/a-b", "/"};
  for (size_t count = 0; count <= std::size(targets); count++) {
    HostFacts facts;
    facts.probe_mounts = [&] {
      std::vector<MountFact> mounts;
      for (size_t i = 0; i < count; i++) mounts.push_back({targets[i], std::to_string(i), false, false, false, false, false});
      return mounts;
    };
    for (const char* path : {"/", "/m", "/m-x", "/m-x/y", "/m.x", "/m/a", "/m/a/c/d", "/m/a-b", "/m/b/", "/m/c", "/z", "/z/deep/er", "/0", "/zz"}) {
      CAPTURE(count);
      CAPTURE(path);
      const std::string normal = normal_path(path);
      CHECK(facts.mount_of(normal) == holds(facts, normal));
      CHECK(facts.mounts_below(normal) == inside(facts, normal));
    }
  }
}

TEST_CASE("many lookups in one folder say what each says alone") {
  char folder[] = "/tmp/nsbox-unit-XXXXXX";
  REQUIRE(mkdtemp(folder));
  const fs::path top = folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 40; i++) {
    const fs::path path = top / std::to_string(i);
    if (i % 4 == 0) fs::create_directory(path);
    else if (i % 4 == 1) std::ofstream(path) << i;
    else if (i % 4 == 2) fs::create_symlink("0", path);  // the fourth is missing
    paths.push_back(path);
    if (i > 30) paths.push_back(top / "0" / "none"), paths.push_back("/"), paths.push_back("/tmp");
  }
  // The descriptor of the folder is not to be seen where descriptors are seen.
  for (int i = 20; i > 2; i--) paths.push_back("/proc/self/fd/" + std::to_string(i));
  // Too long is too long, though from their folder they would be found.
  fs::path deep = top;
  while (deep.native().size() < 3900) deep /= std::string(100, 'd');
  fs::create_directories(deep);
  const Fd folder_of_long = Fd::adopt(open(deep.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 10; i < 30; i++) {
    const std::string name = std::string(253, 'n') + std::to_string(i);
    REQUIRE(mkdirat(folder_of_long.number(), name.c_str(), 0755) == 0);
    paths.push_back(deep / name);
  }
  std::vector<PathFact> alone;
  for (const std::string& path : paths) alone.push_back(probe_host().path(path));
  {
    const NearLookups near;
    const HostFacts facts = probe_host();
    for (size_t i = 0; i < paths.size(); i++) {
      const PathFact& fact = facts.path(paths[i]);
      CAPTURE(paths[i]);
      CHECK(std::tie(fact.kind, fact.link, fact.device, fact.inode, fact.mode) == std::tie(alone[i].kind, alone[i].link, alone[i].device, alone[i].inode, alone[i].mode));
    }
  }
  fs::remove_all(top);
}

TEST_CASE("the working folder, however long its path") {
  const fs::path before = fs::current_path();
  CHECK(working_folder() == before);
  char folder[] = "/tmp/nsbox-unit-XXXXXX";
  REQUIRE(mkdtemp(folder));
  fs::path deep = folder;
  for (const size_t length : {250u, 900u}) {
    while (deep.native().size() < length) deep /= std::string(100, 'd');
    fs::create_directories(deep);
    fs::current_path(deep);
    CHECK(working_folder() == deep);
  }
  fs::current_path(before);
  fs::remove_all(folder);
}
