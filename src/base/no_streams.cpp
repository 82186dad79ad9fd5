// SPDX-License-Identifier: MIT
// nsbox writes by descriptor and by stdio. Its libraries include <iostream>, whose constructor makes
// eight streams and a locale at every start: a tenth of the pages that a launch touches. The linker
// puts this in its place (meson.build, `--wrap`); streams on strings need none of it. libstdc++ from
// GCC 13 on has the constructor to itself, and there this does nothing.
//
// The same holds for the words of std::terminate: they bring a demangler with tables of pointers, which
// are relocated at every start.
#include <unistd.h>

#include <cstdlib>

namespace __gnu_cxx {
void __verbose_terminate_handler();
void __verbose_terminate_handler() {
  static constexpr char words[] = "nsbox: ended by an exception that nothing catches; this is a fault of nsbox\n";
  if (write(2, words, sizeof words - 1) < 0) _exit(125);
  abort();
}
}  // namespace __gnu_cxx

extern "C" {
void __wrap__ZNSt8ios_base4InitC1Ev(void*);
void __wrap__ZNSt8ios_base4InitD1Ev(void*);
void __wrap__ZNSt8ios_base4InitC1Ev(void*) {}
void __wrap__ZNSt8ios_base4InitD1Ev(void*) {}
}
