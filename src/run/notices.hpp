// SPDX-License-Identifier: MIT
// What a command says at its NOTIFY_SOCKET (sd_notify(3)).
#pragma once
#include <sys/types.h>

#include <functional>
#include <string_view>

#include "sys/fd.hpp"

namespace nsbox {

/// The lines of one message that are passed on, each with its line end: READY=1, STOPPING=1, WATCHDOG=1
/// and a STATUS of printable text. What else there is (MAINPID, FDSTORE, …) is not the command's to say
/// of nsbox. `out` has room for notice_size bytes; returns how many were written.
inline constexpr size_t notice_size = 1024;
size_t passed_on(std::string_view message, char* out);

/// The reader of the socket: a process of its own. With a message come descriptors, if the command
/// likes, and the last close of some waits as long as their owner wants (SO_LINGER in socket(7)): the
/// supervisor must not be kept from its signals and clocks by that.
class Notices {
 public:
  Notices() = default;
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;
  ~Notices();

  /// False with errno.
  bool begin(Fd socket);
  /// To be polled; -1 when there is nothing to come.
  int number() const { return channel_.number(); }
  /// One message, if there is any. False with errno when no more can come: the reader has died.
  bool read(const std::function<void(std::string_view)>& take);
  /// The command has ended: all that it said before is still taken. At most a second, for its
  /// descriptors may keep the reader. False with errno.
  bool finish(const std::function<void(std::string_view)>& take);

 private:
  /// What recv(2) returns.
  ssize_t receive(const std::function<void(std::string_view)>& take);

  Fd channel_;
  pid_t reader_ = -1;
};

}  // namespace nsbox
