// SPDX-License-Identifier: MIT
#include "filter/default_policy.hpp"

namespace nsbox::filter {
namespace {
#include "default_programs.inc"
}  // namespace

BuiltIn built_in(Variant variant) {
  static constexpr BuiltIn all[] = {{program_0, hash_0}, {program_1, hash_1}, {program_2, hash_2}, {program_3, hash_3}};
  return all[(variant.nested ? 1 : 0) | (variant.set_id_bits ? 2 : 0)];
}

}  // namespace nsbox::filter
