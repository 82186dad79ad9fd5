// SPDX-License-Identifier: MIT
#include "fields/substitute.hpp"

#include <doctest/doctest.h>

using namespace nsbox;

namespace {

std::string expand(const std::string& text) {
  Findings findings;
  const Lookup lookup{[](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "a";
    if (name == "EMPTY") return "";
    if (name == "TRICK") return "${A}";
    return std::nullopt;
  }};
  Node node = Node::scalar(text);
  return substitute(findings, lookup, node, "/x") ? node.text : "error " + std::string(slug_of(findings.diagnostics[0].code));
}

}  // namespace

TEST_CASE("references") {
  CHECK(expand("x${A}y") == "xay");
  CHECK(expand("${B:-d}") == "d");
  CHECK(expand("${B:-${A}z}") == "az");
  CHECK(expand("${EMPTY:-d}") == "d");
  CHECK(expand("${EMPTY:-}") == "");
  CHECK(expand("${EMPTY}") == "error empty-variable");
  CHECK(expand("${B}") == "error undefined-variable");
  CHECK(expand("${B:?say it}") == "error variable-message");
  CHECK(expand("$$") == "$");
  CHECK(expand("$${A}") == "${A}");
  CHECK(expand("$A $ $1") == "$A $ $1");
  CHECK(expand("${TRICK}") == "${A}");
  for (const char* bad : {"${", "${}", "${A", "${A-b}", "${A:=b}", "${1}", "${A b}", "${#A}"}) CHECK_MESSAGE(expand(bad) == "error bad-reference", bad);
}

TEST_CASE("short forms are split with each reference whole") {
  CHECK(split_outside("a:b:c", ':') == std::vector<std::string_view>{"a", "b", "c"});
  CHECK(split_outside("${A:-x:y}:b", ':') == std::vector<std::string_view>{"${A:-x:y}", "b"});
  CHECK(split_outside("${A:-${B:-:}}:b", ':') == std::vector<std::string_view>{"${A:-${B:-:}}", "b"});
  CHECK(split_outside("$${a:b", ':') == std::vector<std::string_view>{"$${a", "b"});
  CHECK(split_outside("", ':') == std::vector<std::string_view>{""});
}
