// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdio>

#include "cli/command.hpp"

namespace {

/// 0, 1 and 2 are open from here on, so that no file of nsbox ever gets one of these numbers.
bool open_standard_files() {
  struct pollfd files[3] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  if (poll(files, 3, 0) < 0) return false;
  for (int fd = 0; fd < 3; fd++) {
    if (!(files[fd].revents & POLLNVAL)) continue;
    if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!open_standard_files()) return 125;
  // nsbox gives no rights, so it must have none that its caller has not.
  if (getauxval(AT_SECURE) || getauxval(AT_UID) != getauxval(AT_EUID) || getauxval(AT_GID) != getauxval(AT_EGID)) {
    fputs("nsbox: refuses to run set-user-ID, set-group-ID or with file capabilities: chmod u-s,g-s it, or setcap -r\n", stderr);
    return 125;
  }
  nsbox::end_program(nsbox::run_program(argc, argv));
}
