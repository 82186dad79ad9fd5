// SPDX-License-Identifier: MIT
#include <cstddef>

#include "filter/policy.hpp"

namespace nsbox::filter {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of an argument comes first");

constexpr uint8_t to_end = 0xff;  // a jump to the end of the block, until its length is known

struct sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
struct sock_filter load_half(const Test& test, bool high) {
  return load(offsetof(struct seccomp_data, args) + 8 * size_t{test.argument} + (high ? 4 : 0));
}
struct sock_filter jump(uint16_t op, uint32_t value, uint8_t yes, uint8_t no) {
  return {static_cast<uint16_t>(BPF_JMP | op | BPF_K), yes, no, value};
}
struct sock_filter verdict(uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }

uint32_t high(uint64_t value) { return static_cast<uint32_t>(value >> 32); }
uint32_t low(uint64_t value) { return static_cast<uint32_t>(value); }

void append(Program& program, const Program& more) { program.insert(program.end(), more.begin(), more.end()); }

void add_equal(Program& block, const Test& test, uint64_t mask) {
  const auto half = [&](bool upper, uint32_t half_mask, uint32_t value) {
    if (half_mask == 0 && value == 0) return;
    block.push_back(load_half(test, upper));
    if (half_mask != ~0u) block.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, half_mask));
    block.push_back(jump(BPF_JEQ, value, 0, to_end));
  };
  if (!test.is_32_bit) half(true, high(mask), high(test.value));
  half(false, low(mask), low(test.value));
}

/// Falls through when the test holds.
void add_test(Program& block, const Test& test) {
  using Op = Test::Op;
  const uint32_t h = high(test.value), l = low(test.value);
  const auto low_half = [&](uint16_t op, bool wanted) {
    block.push_back(load_half(test, false));
    block.push_back(jump(op, l, wanted ? 0 : to_end, wanted ? to_end : 0));
  };
  if (test.op == Op::equal) return add_equal(block, test, ~uint64_t{0});
  if (test.op == Op::masked) return add_equal(block, test, test.mask);
  if (test.op == Op::not_equal) {
    if (!test.is_32_bit) {
      block.push_back(load_half(test, true));
      block.push_back(jump(BPF_JEQ, h, 0, 2));
    }
    return low_half(BPF_JEQ, false);
  }
  const bool greater = test.op == Op::greater || test.op == Op::greater_equal;
  if (!test.is_32_bit) {
    block.push_back(load_half(test, true));
    // The upper halves decide, unless they are equal.
    if (greater) block.push_back(jump(BPF_JGT, h, 3, 0));
    else block.push_back(jump(BPF_JGT, h, to_end, 0));
    block.push_back(jump(BPF_JEQ, h, 0, greater ? to_end : 2));
  }
  low_half(test.op == Op::greater || test.op == Op::less_equal ? BPF_JGT : BPF_JGE, greater);
}

Program code_of(const Rules& rules) {
  Program code;
  for (const Rule& rule : rules) {
    Program block;
    for (const Test& test : rule.tests) add_test(block, test);
    block.push_back(verdict(rule.verdict));
    for (size_t i = 0; i < block.size(); i++) {
      if (BPF_CLASS(block[i].code) != BPF_JMP) continue;
      const auto distance = static_cast<uint8_t>(block.size() - i - 1);
      if (block[i].jt == to_end) block[i].jt = distance;
      if (block[i].jf == to_end) block[i].jf = distance;
    }
    append(code, block);
  }
  return code;
}

/// Numbers from `first` up to the next range's have this code.
struct Range {
  uint32_t first;
  Program code;
};

bool same(const Program& a, const Program& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return x.code == y.code && x.jt == y.jt && x.jf == y.jf && x.k == y.k;
         });
}

std::vector<Range> ranges_of(const Abi& abi) {
  std::vector<Range> out;
  const auto add = [&](uint32_t first, Program code) {
    if (!out.empty() && out.back().first == first) out.pop_back();
    if (out.empty() || !same(out.back().code, code)) out.push_back({first, std::move(code)});
  };
  const bool has_x32 = x32_bit != 0 && abi.arch == native_arch;
  const auto otherwise = [&](uint32_t number) { return Program{verdict(has_x32 && number >= x32_bit ? abi.x32_otherwise : abi.otherwise)}; };
  add(0, otherwise(0));
  for (const auto& [number, rules] : abi.calls) {
    if (has_x32 && number >= x32_bit && out.back().first < x32_bit) add(x32_bit, otherwise(x32_bit));
    add(number, code_of(rules));
    add(number + 1, otherwise(number + 1));
  }
  if (has_x32 && out.back().first < x32_bit) add(x32_bit, otherwise(x32_bit));
  return out;
}

/// A binary search for the number that is in the accumulator.
Program search(std::span<const Range> ranges) {
  if (ranges.size() == 1) return ranges[0].code;
  const size_t middle = ranges.size() / 2;
  const Program left = search(ranges.first(middle)), right = search(ranges.subspan(middle));
  Program code;
  if (left.size() <= 0xfe) {
    code.push_back(jump(BPF_JGE, ranges[middle].first, static_cast<uint8_t>(left.size()), 0));
  } else {  // a condition jumps at most 255 far
    code.push_back(jump(BPF_JGE, ranges[middle].first, 0, 1));
    code.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(left.size())));
  }
  append(code, left);
  append(code, right);
  return code;
}

}  // namespace

Program compile(const Policy& policy) {
  Program program{load(offsetof(struct seccomp_data, arch))};
  for (const Abi& abi : policy.abis) {
    Program body{load(offsetof(struct seccomp_data, nr))};
    const std::vector<Range> ranges = ranges_of(abi);
    append(body, search(ranges));
    program.push_back(jump(BPF_JEQ, abi.arch, 1, 0));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<uint32_t>(body.size())));
    append(program, body);
  }
  program.push_back(verdict(policy.other_abi));
  return program;
}

}  // namespace nsbox::filter
