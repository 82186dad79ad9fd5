// SPDX-License-Identifier: MIT
#include "run/notices.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nsbox;

namespace {

std::string passed(std::string_view message) {
  char out[notice_size];
  return {out, passed_on(message, out)};
}

}  // namespace

TEST_CASE("of a message, what is the command's to say is passed on") {
  CHECK(passed("READY=1") == "READY=1\n");
  CHECK(passed("READY=1\nMAINPID=1\nSTATUS=all is well\nFDSTORE=1\nWATCHDOG=1\nSTOPPING=1\n") == "READY=1\nSTATUS=all is well\nWATCHDOG=1\nSTOPPING=1\n");
  CHECK(passed("READY=0\nREADY=1x\n READY=1\nXREADY=1") == "");
  CHECK(passed("STATUS=\x1b[2J") == "");
  CHECK(passed("STATUS=\xc3\xa4") == "STATUS=\xc3\xa4\n");
  CHECK(passed("") == "");
  CHECK(passed("\n\n") == "");
  CHECK(passed(std::string("STATUS=a\0b", 10)) == "");
  CHECK(passed("STATUS=" + std::string(notice_size, 'x') + "\nREADY=1") == "READY=1\n");
  CHECK(passed("STATUS=" + std::string(notice_size - 8, 'x')).size() == notice_size);
}
