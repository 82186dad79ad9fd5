// SPDX-License-Identifier: MIT
// What a launch changes outside its sandbox, and undoes: mount points of `create: host`, pins of one
// that came to nothing, the modes of the caller's terminal. The launcher undoes it; should it be killed, a process beside it does.
#pragma once
#include <sys/types.h>
#include <termios.h>

#include <atomic>

namespace nsbox {

/// In memory that both share. The descriptors are of a table that both share.
struct Kept {
  struct Made {
    int folder;
    bool is_folder;
    char name[256];
    std::atomic<ino_t> inode;  // 0: not made, or not yet
    std::atomic<bool> making;  // begun; it was not there before
  };
  static constexpr int most = 128;
  Made made[most];
  std::atomic<int> count;
  struct Pin {
    char path[4096];
    std::atomic<ino_t> space;  // the namespace's number; 0: not pinned, or not yet
  };
  static constexpr int pins_most = 8;  // the types
  Pin pins[pins_most];
  std::atomic<bool> pins_stay;  // the command was executed
  std::atomic<bool> raw;  // the terminal is
  int terminal;
  struct termios before;
};

/// Takes away pins that are not to stay, and what was made and is still empty, the last first; the number of one that stays, with
/// errno, or -1. From Kept::most on they are pins.
int take_away(Kept& kept);
/// In raw mode while a new one stands in for it.
void take_terminal_raw(Kept& kept, int fd);
/// As it was before, if it is still raw.
void restore_terminal(Kept& kept);
/// The keeper's life: waits for the launcher's end.
[[noreturn]] void keep(Kept& kept, int launcher);

}  // namespace nsbox
