// SPDX-License-Identifier: MIT
// nsbox's own filter. Its programs are made when nsbox is built, by make_programs.cpp.
#pragma once
#include "filter/policy.hpp"

namespace nsbox::filter {

/// What the specification says beside `seccomp: default`.
struct Variant {
  bool nested = false;      // allow_nested_userns
  bool set_id_bits = false;  // CAP_FSETID is among the capabilities
};

Policy default_policy(Variant variant);

struct BuiltIn {
  std::span<const struct sock_filter> program;
  const char* hash;
};
BuiltIn built_in(Variant variant);

}  // namespace nsbox::filter
