// SPDX-License-Identifier: MIT
#include "base/launch_memory.hpp"

#ifdef NSBOX_SANITIZED  // it sees what is read after its end only where that is given back

namespace nsbox {
void begin_launch_memory() {}
void end_launch_memory() {}
}  // namespace nsbox

#else

#include <errno.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace nsbox {
namespace {

constexpr size_t grain = alignof(std::max_align_t);
constexpr size_t huge_page = size_t{2} << 20;
constexpr size_t room_size = size_t{512} << 10, more_size = size_t{32} << 20, most_at_once = size_t{8} << 20;

alignas(64) char room[room_size];  // a hundred mounts fit, and more
char* more = nullptr;              // for larger plans; asked for once, when it is first needed
bool asked = false;

struct Piece {
  char *next = nullptr, *end = nullptr;

  size_t left() const { return static_cast<size_t>(end - next); }
  void* cut_off(size_t size) {
    void* const at = next;
    next += size;
    return at;
  }
};
Piece fresh;  // what nobody has had yet
Piece spare;  // the largest that was given back: what a growing list leaves behind

size_t whole(size_t size) { return (size + grain - 1) & ~(grain - 1); }

bool is_cut_off(const char* at) {
  const auto inside = [&](const char* begin, size_t size) { return reinterpret_cast<uintptr_t>(at) - reinterpret_cast<uintptr_t>(begin) < size; };
  return inside(room, room_size) || (more && inside(more, more_size));
}

/// One page of 2 MB, where the kernel gives such, is filled, and copied at the clone, faster than 512
/// small ones with a fault each.
bool take_more() {
  if (!fresh.next || asked) return false;
  asked = true;
  const int error = errno;  // malloc leaves it, too
  void* const at = mmap(nullptr, more_size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at != MAP_FAILED) more = static_cast<char*>(at) + (-reinterpret_cast<uintptr_t>(at) & (huge_page - 1));
  if (more) madvise(more, more_size, MADV_HUGEPAGE);  // what it can't give, small pages do
  errno = error;
  if (!more) return false;
  fresh = {more, more + more_size};
  return true;
}

/// Apart from the short way, which then saves no registers.
[[gnu::noinline]] void* allocate_elsewhere(size_t size) {
  if (size < most_at_once && take_more()) return fresh.cut_off(whole(size ? size : 1));
  if (void* const at = malloc(size)) return at;
  throw std::bad_alloc();
}

void* allocate(size_t size) {
  if (size < most_at_once) {
    const size_t needed = whole(size ? size : 1);
    if (needed <= spare.left()) return spare.cut_off(needed);
    if (needed <= fresh.left()) return fresh.cut_off(needed);
  }
  return allocate_elsewhere(size);
}

void give_back(char* at, size_t size) {
  if (!fresh.next) return;
  if (at + size == fresh.next) fresh.next = at;
  else if (at + size == spare.next) spare.next = at;
  else if (size > spare.left()) spare = {at, at + size};
}

}  // namespace

void begin_launch_memory() { fresh = {room, room + room_size}; }

void end_launch_memory() { fresh = spare = {}; }

}  // namespace nsbox

// The other forms call these.
void* operator new(size_t size) { return nsbox::allocate(size); }

void operator delete(void* memory) noexcept {
  if (!nsbox::is_cut_off(static_cast<char*>(memory))) free(memory);
}

void operator delete(void* memory, size_t size) noexcept {
  char* const at = static_cast<char*>(memory);
  if (!nsbox::is_cut_off(at)) free(memory);
  else nsbox::give_back(at, nsbox::whole(size));
}
#endif
