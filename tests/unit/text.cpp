// SPDX-License-Identifier: MIT
#include "base/text.hpp"

#include <doctest/doctest.h>

using namespace nsbox;

TEST_CASE("names are escaped before they reach a terminal") {
  CHECK(escape("plain äöü ✓") == "plain äöü ✓");
  CHECK(escape("\x1b]0;x\x07\r\n") == "\\x1b]0;x\\x07\\x0d\\x0a");
  CHECK(escape("a\u202Eb") == "a\\u{202e}b");
  CHECK(escape("\u0085") == "\\u{85}");
  CHECK(escape("\xff\xc0\x80") == "\\xff\\xc0\\x80");
}

TEST_CASE("UTF-8") {
  CHECK(utf8_error("ok ✓") == std::string_view::npos);
  CHECK(utf8_error("ab\xff") == 2);
  CHECK(utf8_error("\xed\xa0\x80") == 0);      // a surrogate
  CHECK(utf8_error("\xc0\x80") == 0);          // overlong
  CHECK(utf8_error("\xf4\x90\x80\x80") == 0);  // beyond U+10FFFF
}

TEST_CASE("the nearest name") {
  CHECK(nearest("hostnme", {"hostname", "mounts"}) == "hostname");
  CHECK(nearest("mount", {"hostname", "mounts"}) == "mounts");
  CHECK(nearest("zzz", {"hostname", "mounts"}) == "");
  CHECK(nearest("nsetgruops", {"setgroups"}) == "setgroups");
}

TEST_CASE("globs") {
  CHECK(glob_match("LC_*", "LC_ALL"));
  CHECK(!glob_match("LC_*", "LANG"));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("a?c*", "abcdef"));
  CHECK(!glob_match("a?c", "ac"));
}

TEST_CASE("paths") {
  CHECK(normal_path("//a/./b//") == "/a/b");
  CHECK(normal_path("/") == "/");
  CHECK(parent_path("/a/b") == "/a");
  CHECK(parent_path("/a") == "/");
  CHECK(is_below("/a/b", "/a"));
  CHECK(is_below("/a", "/a"));
  CHECK(!is_below("/ab", "/a"));
  CHECK(is_below("/a", "/"));
}
