// SPDX-License-Identifier: MIT
#include "filter/names.hpp"

#include <seccomp.h>

#include <algorithm>
#include <set>

#include "filter/policy.hpp"

namespace nsbox::filter {
namespace {

#if defined(__x86_64__)
constexpr uint32_t architectures[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
#else
constexpr uint32_t architectures[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM, 0};
#endif

/// Since 5.0 a new call has the same number for every architecture.
struct YoungCall {
  std::string_view name;
  uint32_t number;
};
constexpr YoungCall young[] = {
    {"statmount", 457},     {"listmount", 458},       {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461}, {"mseal", 462},        {"setxattrat", 463},        {"getxattrat", 464},
    {"listxattrat", 465},   {"removexattrat", 466},   {"open_tree_attr", 467},    {"file_getattr", 468},
    {"file_setattr", 469},
};

/// On i386 libseccomp gives the calls that once went through socketcall(2) and ipc(2) numbers of its
/// own; what they have beside them since Linux 4.3 and 5.1:
constexpr YoungCall direct_i386[] = {
    {"socket", 359},      {"socketpair", 360}, {"bind", 361},     {"connect", 362},  {"listen", 363},  {"accept4", 364},
    {"getsockopt", 365},  {"setsockopt", 366}, {"getsockname", 367}, {"getpeername", 368}, {"sendto", 369}, {"sendmsg", 370},
    {"recvfrom", 371},    {"recvmsg", 372},    {"shutdown", 373}, {"semget", 393},   {"semctl", 394},  {"shmget", 395},
    {"shmctl", 396},      {"shmat", 397},      {"shmdt", 398},    {"msgget", 399},   {"msgsnd", 400},  {"msgrcv", 401},
    {"msgctl", 402},
};

}  // namespace

std::optional<uint32_t> number_of(std::string_view call, AbiName abi) {
  const uint32_t architecture = architectures[static_cast<int>(abi)];
  if (!architecture) return std::nullopt;
  for (const YoungCall& each : young)
    if (each.name == call) return abi == AbiName::x32 ? each.number | x32_bit : each.number;
#if defined(__x86_64__)
  if (abi == AbiName::other)
    for (const YoungCall& each : direct_i386)
      if (each.name == call) return each.number;
#endif
  const int number = seccomp_syscall_resolve_name_arch(architecture, std::string(call).c_str());
  if (number < 0) return std::nullopt;
  return static_cast<uint32_t>(number);
}

std::string name_of(uint32_t number) {
  for (const YoungCall& each : young)
    if (each.number == number) return std::string(each.name);
  char* name = seccomp_syscall_resolve_num_arch(architectures[0], static_cast<int>(number));
  if (!name) return "";
  std::string out = name;
  free(name);
  return out;
}

const std::vector<std::string>& call_names() {
  static const std::vector<std::string> all = [] {
    std::set<std::string> names;
    for (const YoungCall& each : young) names.insert(std::string(each.name));
    for (const uint32_t architecture : {architectures[0], architectures[1]}) {
      for (uint32_t number = 0; number < numbers_end; number++) {
        char* name = seccomp_syscall_resolve_num_arch(architecture, static_cast<int>(number));
        if (name) names.insert(name);
        free(name);
      }
    }
    return std::vector<std::string>(names.begin(), names.end());
  }();
  return all;
}

bool is_call_anywhere(std::string_view name) {
  return is_call(name) || seccomp_syscall_resolve_name(std::string(name).c_str()) != __NR_SCMP_ERROR;
}

bool is_call(std::string_view name) { return std::binary_search(call_names().begin(), call_names().end(), name); }

}  // namespace nsbox::filter
