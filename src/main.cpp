// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdio>
#include <new>

#include "base/failure.hpp"
#include "base/launch_memory.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"

namespace {

/// 0, 1 and 2 are open from here on, so that no file of nsbox ever gets one of these numbers.
void open_standard_files() {
  struct pollfd files[3] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  while (poll(files, 3, 0) < 0)
    if (errno != EINTR) throw nsbox::Failure("poll");
  for (int fd = 0; fd < 3; fd++) {
    if (!(files[fd].revents & POLLNVAL)) continue;
    if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) throw nsbox::Failure("open", "/dev/null");
  }
}

/// What nsbox ends with when the machine fails it; `up` has no other number for that.
int failed(const char* call, const char* object, int error) {
  fprintf(stderr, "nsbox: %s%s%s%s: %s (%s)\n", call, *object ? " '" : "", object, *object ? "'" : "", strerror(error), strerrorname_np(error));
  return 125;
}

int run(int argc, char** argv) {
  nsbox::begin_launch_memory();
  open_standard_files();
  // nsbox gives no rights, so it must have none that its caller has not.
  if (getauxval(AT_SECURE) || getauxval(AT_UID) != getauxval(AT_EUID) || getauxval(AT_GID) != getauxval(AT_EGID)) {
    fputs("nsbox: refuses to run set-user-ID, set-group-ID or with file capabilities: chmod u-s,g-s it, or setcap -r\n", stderr);
    return 125;
  }
  const int status = nsbox::run_program(argc, argv);
  if (fflush(stdout) != 0 || ferror(stdout)) throw nsbox::Failure("write", "standard output");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  int status;
  try {
    status = run(argc, argv);
  } catch (const nsbox::Failure& failure) {
    status = failed(failure.call.c_str(), nsbox::escape(failure.object).c_str(), failure.error);
  } catch (const std::bad_alloc&) {
    status = failed("memory", "", ENOMEM);
  }
  _exit(status);  // nothing is left to destroy
}
