// SPDX-License-Identifier: MIT
#include "spec/compose.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace nsbox;

namespace {

using Files = std::map<std::string, std::string>;

std::unique_ptr<Spec> load(const std::string& path, const std::string& name = "", const Files& files = {}) {
  Findings findings;
  Input input;
  input.path = path;
  input.name = name;
  Caller caller;
  caller.uid = caller.gid = 1000;
  caller.cwd = [] { return std::string("/here"); };
  const FileReader reader{[&](const std::string& asked, SourceFile& out) -> std::string {
    const auto found = files.find(asked.substr(asked.rfind('/') + 1));
    out.folder = "/some/My Folder";
    out.text = found == files.end() ? "nsbox: 1\n" : found->second;
    return "";
  }};
  return load_spec(findings, input, caller, reader);
}

}  // namespace

TEST_CASE("a name comes from the file, or from its folder") {
  CHECK(load("a/Web Build.nsbox.yaml")->name == "web-build");
  CHECK(load("x.yml")->name == "x");
  CHECK(load("nsbox.yaml")->name == "my-folder");
  CHECK(load("-")->name == "my-folder");
  CHECK(load("..yaml")->name == "sandbox");
  CHECK(load(std::string(80, 'a') + ".yaml")->name == std::string(63, 'a'));
  CHECK(load("x.yaml", "other")->name == "other");
  CHECK_FALSE(load("x.yaml", "No Name"));
}

TEST_CASE("a short bind takes the place of the inherited mount with its target, however both are written") {
  const std::string head = "nsbox: 1\n";
  for (const char* inherited : {"/old:/x", "/x", "{type: bind, source: /old, target: /x}", "/old:/x:ro", "/${UID}:/x"})
    for (const char* later : {"/new:/x", "/new:/x:rw", "{type: bind, source: /new, target: /x}", "/new:${TARGET:-/x}", "/new:/x/"}) {
      CAPTURE(inherited);
      CAPTURE(later);
      const Files files{{"base.yaml", head + "mounts: [/first, '" + inherited + "', /last]\n"}, {"top.yaml", head + "extends: base.yaml\nmounts:\n  - " + later + "\n"}};
      const bool mapping = *inherited == '{';
      Files unquoted = files;
      if (mapping) unquoted["base.yaml"] = head + "mounts:\n  - /first\n  - " + inherited + "\n  - /last\n";
      const auto spec = load("top.yaml", "", unquoted);
      REQUIRE(spec);
      REQUIRE(spec->mounts.size() == 3);
      CHECK(spec->mounts[1].target->path == "/x");
      CHECK(spec->mounts[1].source->path == "/new");
      CHECK(spec->mounts[1].pointer == "/mounts/1");
      CHECK(spec->written_at("/mounts/1/source").line == 4);
      CHECK(spec->mounts[2].target->path == "/last");
    }
}
