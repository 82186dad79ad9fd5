// SPDX-License-Identifier: MIT
#include "run/sealed_self.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fd.hpp"

namespace nsbox {
namespace {

constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

/// Kernels before 6.3 do not know that a memfd can be told to be executable; theirs always are.
int make_memory_file(const char* name) {
  constexpr unsigned executable = 0x10;  // MFD_EXEC
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | executable);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

}  // namespace

const char* run_from_sealed_copy(const char* const* argv, const std::string_view* input) {
  const Fd self = Fd::adopt(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return "open";
  const int sealed = fcntl(self.number(), F_GET_SEALS);
  if (sealed >= 0 && (sealed & seals) == seals) return "";
  const Fd copy = Fd::adopt(make_memory_file("nsbox"));
  if (!copy) return "memfd_create";
  struct stat info;
  if (fstat(self.number(), &info) < 0) return "fstat";
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t n = sendfile(copy.number(), self.number(), nullptr, static_cast<size_t>(left));
    if (n == 0) errno = EIO;
    if (n <= 0) return "sendfile";
    left -= n;
  }
  if (fcntl(copy.number(), F_ADD_SEALS, seals) < 0) return "fcntl";
  if (input) {
    const int again = make_memory_file("specification");
    if (again < 0) return "memfd_create";
    if (!sys::write_all(again, input->data(), input->size()) || lseek(again, 0, SEEK_SET) < 0 || dup2(again, 0) < 0) return "write";
    close(again);
  }
  execveat(copy.number(), "", const_cast<char* const*>(argv), environ, AT_EMPTY_PATH);
  return "execveat";
}

}  // namespace nsbox
