// SPDX-License-Identifier: MIT
#include "host/facts.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"

using namespace nsbox;

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
