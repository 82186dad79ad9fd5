// SPDX-License-Identifier: MIT
#include "fields/scalars.hpp"

#include <doctest/doctest.h>

using namespace nsbox;

TEST_CASE("integers are strict") {
  int64_t value = 0;
  for (const char* bad : {"", " 0", "0 ", "+1", "1e3", "0x0", "00", "01", "-0", "--1", "1.0", "9223372036854775808", "18446744073709551616", "1_000", "٣"})
    CHECK_MESSAGE(!parse_integer(bad, value), bad);
  CHECK(parse_integer("0", value));
  CHECK(value == 0);
  CHECK(parse_integer("-1", value));
  CHECK(value == -1);
  CHECK(parse_integer("9223372036854775807", value));
}

TEST_CASE("sizes are powers of 1024, checked for overflow") {
  uint64_t size = 0;
  const std::pair<const char*, uint64_t> good[] = {{"0", 0}, {"1", 1}, {"64M", 64u << 20}, {"1G", 1u << 30}, {"1.5G", 3u << 29}, {"2K", 2048}, {"2Ki", 2048}, {"2KiB", 2048}, {"7B", 7}, {"0.5K", 512}, {"16777215T", 16777215ull << 40}};
  for (const auto& each : good) {
    CHECK_MESSAGE(parse_size(each.first, size), each.first);
    CHECK_MESSAGE(size == each.second, each.first);
  }
  for (const char* bad : {"", "M", "1X", "1 M", "-1", "16777216T", "16E", "1.M", ".5M", "1.5", "1MiBs", "1kb", "1k", "01M", "1.0000000000G", "BiB", "1Bi"})
    CHECK_MESSAGE(!parse_size(bad, size), bad);
}

TEST_CASE("durations") {
  int64_t ns = 0;
  const std::pair<const char*, int64_t> good[] = {{"250ms", 250'000'000}, {"30s", 30'000'000'000}, {"5m", 300'000'000'000}, {"1h30m", 5400'000'000'000}, {"2", 2'000'000'000}, {"0.5", 500'000'000}, {"1.5s", 1'500'000'000}, {"1h1m1s1ms", 3661'001'000'000}, {"0", 0}};
  for (const auto& each : good) {
    CHECK_MESSAGE(parse_duration(each.first, ns), each.first);
    CHECK_MESSAGE(ns == each.second, each.first);
  }
  for (const char* bad : {"", "s", "1h30", "1m1h", "1s1s", "-1s", "1d", "1 s", "300000000h", "1e3", "1.s", "01s"})
    CHECK_MESSAGE(!parse_duration(bad, ns), bad);
  // Printed, nothing is lost, below a millisecond neither.
  const std::pair<int64_t, const char*> printed[] = {{0, "0s"}, {1'432'500, "1.4325ms"}, {500, "0.0005ms"}, {1'001'000'000, "1s1ms"}, {-5'400'000'000'001, "-1h30m0.000001ms"}};
  for (const auto& each : printed) CHECK(print_duration(each.first) == each.second);
}

TEST_CASE("host paths") {
  std::string path;
  CHECK(resolve_host_path("a", "/work", "/home/a", path));
  CHECK(path == "/work/a");
  CHECK(resolve_host_path("./a//b/.", "/work", "", path));
  CHECK(path == "/work/a/b");
  CHECK(resolve_host_path("~/x", "/work", "/home/a", path));
  CHECK(path == "/home/a/x");
  CHECK(resolve_host_path("/x/../y", "/work", "", path));
  CHECK(path == "/x/../y");
  CHECK(!resolve_host_path("~", "/work", "", path));
  CHECK(!resolve_host_path("~bob/x", "/work", "/home/a", path));
  CHECK(!resolve_host_path("", "/work", "/home/a", path));
}
