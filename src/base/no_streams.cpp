// SPDX-License-Identifier: MIT
// nsbox writes by descriptor and by stdio. Its libraries include <iostream>, whose constructor makes
// eight streams and a locale at every start: a tenth of the pages that a launch touches. The linker
// puts this in its place (meson.build, `--wrap`); streams on strings need none of it. libstdc++ from
// GCC 13 on has the constructor to itself, and there this does nothing.
extern "C" {
void __wrap__ZNSt8ios_base4InitC1Ev(void*);
void __wrap__ZNSt8ios_base4InitD1Ev(void*);
void __wrap__ZNSt8ios_base4InitC1Ev(void*) {}
void __wrap__ZNSt8ios_base4InitD1Ev(void*) {}
}
