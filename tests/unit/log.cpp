// SPDX-License-Identifier: MIT
// The times of a log: what is written is read back, and what is none is refused.
#include "box/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "host/probe.hpp"

using namespace nsbox::box;
using nsbox::Fd;
using nsbox::read_file;

TEST_CASE("a time of a log reads back as it was written") {
  for (const int64_t each : {int64_t{0}, int64_t{1}, int64_t{999'999'999}, int64_t{1'767'323'045'678'901'234}, int64_t{4'102'444'800'000'000'000}}) {
    int64_t back = -1;
    CHECK(parse_time(time_text(each), back));
    CHECK(back == each);
  }
  int64_t time = 0;
  CHECK(parse_time("1970-01-01T00:00:02Z", time));
  CHECK(time == 2'000'000'000);
  CHECK(parse_time("1970-01-01T00:00:02.5Z", time));
  CHECK(time == 2'500'000'000);
  CHECK(parse_time("2024-02-29T00:00:00Z", time));
  CHECK(parse_time("2016-12-31T23:59:60Z", time));  // a leap second
}

TEST_CASE("what is no time of a log is refused") {
  for (const char* each : {"", "Z", "1970-01-01T00:00:02", "1970-01-01 00:00:02Z", "1970-01-01T00:00:0xZ", "1970-01-01T00:00:/2Z", "1970-01-01T00:00:02+", "197x-01-01T00:00:02Z", "1970-00-01T00:00:02Z", "1970-13-01T00:00:02Z",
                           "1970-01-00T00:00:02Z", "1970-01-32T00:00:02Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "1970-01-01T24:00:02Z", "1970-01-01T00:60:02Z", "1970-01-01T00:00:61Z",
                           "1899-01-01T00:00:00Z", "2201-01-01T00:00:00Z", "1970-01-01T00:00:02.Z", "1970-01-01T00:00:02,5Z", "1970-01-01T00:00:02.5xZ", "1970-01-01T00:00:02./Z",
                           "1970-01-01T00:00:02.1234567890Z", "1970-01-01T00:00:02+Z"}) {
    int64_t time = 0;
    CHECK_MESSAGE(!parse_time(each, time), std::string(each));
  }
}

TEST_CASE("a line of a log") {
  std::string_view rest = "1970-01-01T00:00:02Z F one\n1970-01-01T00:00:03Z P two\nno line\n1970-01-01T00:00:04Z F cut off";
  LogLine line;
  REQUIRE(next_line(rest, line));
  CHECK(line.text == "one");
  CHECK(line.whole);
  REQUIRE(next_line(rest, line));
  CHECK(line.text == "two");
  CHECK(!line.whole);
}

TEST_CASE("a full disk") {
  char folder[] = "/tmp/nsbox-unit-XXXXXX";
  REQUIRE(mkdtemp(folder));
  const Fd entry = Fd::adopt(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
  LogWriter log(entry);
  REQUIRE(log.write("one\n"));

  // As on a full disk, part of a line can still be written.
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const struct rlimit full = {50, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
  CHECK(!log.write("two\n"));
  CHECK(!log.write("three\n"));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(log.write("four\n"));
  CHECK(log.write("five\nhal"));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
  CHECK(!log.write("f\n"));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(log.write(""));

  const std::string path = std::string(folder) + "/" + log_names[0];
  std::string text;
  REQUIRE(read_file(path, text));
  std::string_view rest = text;
  std::vector<std::string> lines;
  for (LogLine line; next_line(rest, line);) lines.emplace_back(line.text);
  CHECK(lines == std::vector<std::string>{"one", "nsbox: here 10 bytes of output are lost: File too large", "four", "five", "hal", "", "nsbox: here 2 bytes of output are lost: File too large"});
  signal(SIGXFSZ, handler);
  unlink(path.c_str());
  rmdir(folder);
}
