// SPDX-License-Identifier: MIT
#include "run/keeper.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nsbox {

namespace {

/// The number of one that stays, with errno, or -1.
int unpin(Kept& kept) {
  int stays = -1, error = 0;
  for (int i = 0; i < Kept::pins_most; i++) {
    Kept::Pin& each = kept.pins[i];
    const ino_t space = each.space.load();
    struct stat now;
    if (!space || fstatat(AT_FDCWD, each.path, &now, AT_SYMLINK_NOFOLLOW) < 0 || now.st_ino != space) continue;
    if (umount2(each.path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0) continue;
    error = errno;
    stays = i;
  }
  errno = error;
  return stays;
}

}  // namespace

// By descriptor, never by path, and never more than the empty thing that was made.
int take_away(Kept& kept) {
  int stays = kept.pins_stay.load() ? -1 : unpin(kept), error = errno;  // one that stays covers the file that was made for it
  if (stays >= 0) stays += Kept::most;
  for (int i = kept.count.load() - 1; i >= 0; i--) {
    Kept::Made& each = kept.made[i];
    const ino_t inode = each.inode.load();
    if (!inode && !each.making.load()) continue;
    struct stat now;
    int done = fstatat(each.folder, each.name, &now, AT_SYMLINK_NOFOLLOW);
    const bool same = done == 0 && (inode ? now.st_ino == inode : now.st_uid == geteuid());
    if (done == 0 && (!same || (!each.is_folder && now.st_size > 0))) continue;
    if (done == 0) done = unlinkat(each.folder, each.name, each.is_folder ? AT_REMOVEDIR : 0);
    each.inode.store(0);
    each.making.store(false);
    if (done == 0 || errno == ENOENT || errno == ENOTEMPTY) continue;
    error = errno;
    stays = i;
  }
  errno = error;
  return stays;
}

void take_terminal_raw(Kept& kept, int fd) {
  if (tcgetattr(fd, &kept.before) < 0) return;
  struct termios raw = kept.before;
  cfmakeraw(&raw);
  kept.terminal = fd;
  kept.raw.store(true);
  tcsetattr(fd, TCSADRAIN, &raw);
}

void restore_terminal(Kept& kept) {
  if (!kept.raw.load()) return;
  struct termios now, raw = kept.before;
  cfmakeraw(&raw);
  // Whoever has the terminal by now, a shell, may have set modes of its own.
  const bool is_raw = tcgetattr(kept.terminal, &now) < 0 || (now.c_lflag == raw.c_lflag && now.c_oflag == raw.c_oflag);
  if (is_raw && tcsetattr(kept.terminal, TCSADRAIN, &kept.before) < 0) tcsetattr(kept.terminal, TCSANOW, &kept.before);
  kept.raw.store(false);
}

void keep(Kept& kept, int launcher) {
  struct pollfd end = {launcher, POLLIN, 0};
  while (poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
  if (end.revents) {
    take_away(kept);
    restore_terminal(kept);
  }
  _exit(0);
}

}  // namespace nsbox
