// SPDX-License-Identifier: MIT
// Run when nsbox is built: writes the default filter's programs as a part of a C++ file.
#include <cstdio>

#include "filter/default_policy.hpp"

using namespace nsbox::filter;

int main() {
  printf("// Made by make_programs; not to be edited.\n");
  for (int i = 0; i < 4; i++) {
    const Program program = compile(default_policy({(i & 1) != 0, (i & 2) != 0}));
    printf("constexpr struct sock_filter program_%d[] = {\n", i);
    for (const struct sock_filter& step : program) printf("{0x%x,%u,%u,0x%x},\n", step.code, step.jt, step.jf, step.k);
    printf("};\nconstexpr const char* hash_%d = \"%s\";\n", i, hash_of(program).c_str());
  }
}
