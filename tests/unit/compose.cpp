// SPDX-License-Identifier: MIT
#include "spec/compose.hpp"

#include <doctest/doctest.h>

using namespace nsbox;

namespace {

std::unique_ptr<Spec> load(const std::string& path, const std::string& name = "") {
  Findings findings;
  Input input;
  input.path = path;
  input.name = name;
  Caller caller;
  caller.uid = caller.gid = 1000;
  caller.cwd = [] { return std::string("/here"); };
  const FileReader reader{[](const std::string&, SourceFile& out) -> std::string {
    out.folder = "/some/My Folder";
    out.text = "nsbox: 1\n";
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
