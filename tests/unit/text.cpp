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

TEST_CASE("when a process began") {
  const std::string rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99887766 20 21";
  CHECK(start_time_in("7 (name) " + rest + "\n") == 99887766);
  CHECK(start_time_in("7 (a ) 1 2 (b) c)) " + rest) == 99887766);
  CHECK(start_time_in("7 (name) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99887766") == 99887766);  // cut off behind it
  for (const char* each : {"", "7", "7 (name)", "7 (name) S 1 2 3", "7 (name) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", "7 (name) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ", "7 (name) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x"})
    CHECK_MESSAGE(start_time_in(each) == 0, std::string(each));
}
