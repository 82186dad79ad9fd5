// SPDX-License-Identifier: MIT
// The part of the kernel's machine that filters use, as seccomp(2) and the kernel's
// Documentation/networking/filter.rst describe it.
#include <sha2.h>

#include <cstring>

#include "filter/policy.hpp"

namespace nsbox::filter {

Answer answer(std::span<const struct sock_filter> program, uint32_t arch, uint32_t number, std::span<const uint64_t> arguments) {
  struct seccomp_data data = {};
  data.nr = static_cast<int>(number);
  data.arch = arch;
  for (size_t i = 0; i < arguments.size() && i < 6; i++) data.args[i] = arguments[i];
  bool by_arguments = false;
  uint32_t a = 0;
  for (size_t pc = 0; pc < program.size(); pc++) {
    const struct sock_filter& step = program[pc];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k + 4 > sizeof data) return {SECCOMP_RET_KILL_PROCESS, by_arguments};
        memcpy(&a, reinterpret_cast<const char*>(&data) + step.k, 4);
        by_arguments |= step.k >= offsetof(struct seccomp_data, args);
        break;
      case BPF_ALU | BPF_AND | BPF_K: a &= step.k; break;
      case BPF_JMP | BPF_JA: pc += step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: pc += a == step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JGT | BPF_K: pc += a > step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: pc += a >= step.k ? step.jt : step.jf; break;
      case BPF_RET | BPF_K: return {step.k, by_arguments};
      default: return {SECCOMP_RET_KILL_PROCESS, by_arguments};  // nothing that compile() makes
    }
  }
  return {SECCOMP_RET_KILL_PROCESS, by_arguments};
}

bool may_allow(std::span<const struct sock_filter> program, uint32_t arch, uint32_t number) {
  // Jumps go forward alone, so one pass is enough: what the accumulator holds where a step is reached.
  struct Before {
    bool reached = false, known = false;
    uint32_t value = 0;
  };
  std::vector<Before> before(program.size() + 1);
  before[0].reached = true;
  const auto go = [&](size_t to, Before from) {
    if (to >= program.size()) return;
    if (before[to].reached && (before[to].known != from.known || before[to].value != from.value)) from.known = false;
    before[to] = from;
  };
  for (size_t pc = 0; pc < program.size(); pc++) {
    Before now = before[pc];
    if (!now.reached) continue;
    const struct sock_filter& step = program[pc];
    bool yes = true, no = true;
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        now.known = step.k == offsetof(struct seccomp_data, nr) || step.k == offsetof(struct seccomp_data, arch);
        now.value = step.k == offsetof(struct seccomp_data, nr) ? number : arch;
        go(pc + 1, now);
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        now.value &= step.k;
        go(pc + 1, now);
        continue;
      case BPF_JMP | BPF_JA: go(pc + 1 + step.k, now); continue;
      case BPF_RET | BPF_K:
        if (const uint32_t action = step.k & SECCOMP_RET_ACTION_FULL; action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG) return true;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K: yes = now.value == step.k; break;
      case BPF_JMP | BPF_JGT | BPF_K: yes = now.value > step.k; break;
      case BPF_JMP | BPF_JGE | BPF_K: yes = now.value >= step.k; break;
      default: continue;  // nothing that compile() makes
    }
    if (now.known) no = !yes;
    else yes = true;
    if (yes) go(pc + 1 + step.jt, now);
    if (no) go(pc + 1 + step.jf, now);
  }
  return false;
}

std::string verdict_words(uint32_t verdict) {
  switch (verdict & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW: return "allow";
    case SECCOMP_RET_LOG: return "log";
    case SECCOMP_RET_TRAP: return "trap";
    case SECCOMP_RET_KILL_THREAD: return "kill thread";
    case SECCOMP_RET_KILL_PROCESS: return "kill";
    case SECCOMP_RET_ERRNO: {
      const char* name = strerrorname_np(static_cast<int>(verdict & SECCOMP_RET_DATA));
      return name ? name : "errno " + std::to_string(verdict & SECCOMP_RET_DATA);
    }
    default: return "?";
  }
}

std::string hash_of(std::span<const struct sock_filter> program) {
  char text[SHA256_DIGEST_STRING_LENGTH];
  SHA256Data(reinterpret_cast<const uint8_t*>(program.data()), program.size_bytes(), text);
  return text;
}

}  // namespace nsbox::filter
