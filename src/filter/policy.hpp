// SPDX-License-Identifier: MIT
// A system call filter as data: what each call of an ABI is answered. compile() makes the program
// that the kernel runs (seccomp(2)); answer() runs such a program here, for `plan` and the tests.
//
// libseccomp knows the calls' names and numbers (names.hpp), but does not make the programs: a search
// among ranges needs a tenth of its instructions, which the kernel checks, compiles and tries out for
// every call at each launch, and arguments that the kernel reads as 32 bits are compared as such.
#pragma once
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nsbox::filter {

// Verdicts are the kernel's own: SECCOMP_RET_ALLOW, …, with an errno in the low half for ERRNO.
constexpr uint32_t refuse(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }

/// A condition on one argument of a call.
struct Test {
  enum class Op : uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, masked };
  uint8_t argument = 0;  // 0…5
  Op op = Op::equal;
  uint64_t value = 0;
  uint64_t mask = 0;      // of `masked`: (argument & mask) == value
  bool is_32_bit = false;  // the kernel looks at the low half alone
  bool operator==(const Test&) const = default;
};

/// The verdict when all tests hold.
struct Rule {
  std::vector<Test> tests;
  uint32_t verdict = SECCOMP_RET_ALLOW;
  bool operator==(const Rule&) const = default;
};

/// The rules of one call: the first that holds counts, and the last has no tests.
using Rules = std::vector<Rule>;

#if defined(__x86_64__)
inline constexpr uint32_t native_arch = AUDIT_ARCH_X86_64, other_arch = AUDIT_ARCH_I386;
inline constexpr uint32_t x32_bit = 0x40000000;
#elif defined(__aarch64__)
inline constexpr uint32_t native_arch = AUDIT_ARCH_AARCH64, other_arch = AUDIT_ARCH_ARM;
inline constexpr uint32_t x32_bit = 0;  // no such ABI
#else
#error "no filter for this architecture"
#endif

/// One ABI. Calls of x32 are those of AUDIT_ARCH_X86_64 with bit 30 set.
struct Abi {
  uint32_t arch = native_arch;
  std::map<uint32_t, Rules> calls;
  uint32_t otherwise = refuse(38);       // every other number: ENOSYS
  uint32_t x32_otherwise = refuse(38);   // every other number with bit 30
};

struct Policy {
  std::vector<Abi> abis;
  // A program of an ABI that is not here would get a riddle from every call: it is ended at once.
  uint32_t other_abi = SECCOMP_RET_KILL_PROCESS;
};

using Program = std::vector<struct sock_filter>;

/// The program of a policy. The kernel takes at most 4096 instructions (BPF_MAXINSNS).
Program compile(const Policy& policy);

struct Answer {
  uint32_t verdict = 0;
  bool by_arguments = false;  // other arguments may get another
};
/// What a program answers to a call; with no arguments, to one whose arguments are all 0.
Answer answer(std::span<const struct sock_filter> program, uint32_t arch, uint32_t number, std::span<const uint64_t> arguments = {});

/// Whether a call is let through (or logged) with any arguments at all.
bool may_allow(std::span<const struct sock_filter> program, uint32_t arch, uint32_t number);

/// "allow", "EPERM", "kill", "log", …
std::string verdict_words(uint32_t verdict);

/// The SHA-256 of the program's bytes, in hexadecimal.
std::string hash_of(std::span<const struct sock_filter> program);

}  // namespace nsbox::filter
