// SPDX-License-Identifier: MIT
#include "base/launch_memory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

using namespace nsbox;

namespace {

/// For the life of this object `new` cuts off.
struct Launching {
  Launching() { begin_launch_memory(); }
  ~Launching() { end_launch_memory(); }
};

/// Blocks of many sizes, given back in any order: each keeps what was written into it.
void fill_and_free(unsigned rounds, size_t largest) {
  struct Block {
    unsigned char* at;
    size_t size;
    unsigned char mark;
  };
  std::mt19937 random(rounds);
  std::vector<Block> blocks;
  std::allocator<unsigned char> memory;  // says how much it gives back, where the compiler does
  size_t wrong = 0;
  const auto give_back = [&](size_t i) {
    for (size_t k = 0; k < blocks[i].size; k++) wrong += blocks[i].at[k] != blocks[i].mark;
    memory.deallocate(blocks[i].at, blocks[i].size);
    blocks[i] = blocks.back();
    blocks.pop_back();
  };
  for (unsigned round = 0; round < rounds; round++) {
    const size_t size = random() % (random() % 8 ? 200 : largest) + 1;
    unsigned char* const at = memory.allocate(size);
    wrong += reinterpret_cast<uintptr_t>(at) % alignof(std::max_align_t) != 0;
    blocks.push_back({at, size, static_cast<unsigned char>(random())});
    memset(at, blocks.back().mark, size);
    while (!blocks.empty() && random() % 2) give_back(random() % 3 ? blocks.size() - 1 : random() % blocks.size());
  }
  while (!blocks.empty()) give_back(blocks.size() - 1);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("memory that was cut off is nobody else's") {
  for (const size_t largest : {300u, 5000u, 100000u}) {
    const Launching launching;
    fill_and_free(3000, largest);  // beyond the first half MB, too
  }
  fill_and_free(1000, 5000);
}

TEST_CASE("what was cut off may be given back after the launch") {
  std::vector<std::string> texts;
  {
    const Launching launching;
    for (size_t i = 0; i < 1000; i++) texts.emplace_back(i, 'x');
  }
  size_t wrong = 0;
  for (size_t i = 0; i < 1000; i++) {
    texts[i] += "yz";
    wrong += texts[i] != std::string(i, 'x') + "yz";
  }
  CHECK(wrong == 0);
  texts.clear();
}

TEST_CASE("more than there is is refused, and nothing is lost") {
  const Launching launching;
  const auto small = std::make_unique<int>(7);
  volatile size_t all = SIZE_MAX / 2;
#ifndef NSBOX_SANITIZED  // a sanitizer ends the program
  CHECK_THROWS_AS(operator delete(operator new(all)), std::bad_alloc);
  all = SIZE_MAX;
  CHECK_THROWS_AS(operator delete(operator new(all)), std::bad_alloc);
#endif
  all = 0;
  void* const none = operator new(all);
  void* const other = operator new(all);
  CHECK(none != other);
  operator delete(none);
  operator delete(other);
  const auto large = std::make_unique<std::vector<char>>(size_t{10} << 20, 'l');
  CHECK(large->back() == 'l');
  CHECK(*small == 7);
}
