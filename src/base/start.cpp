// SPDX-License-Identifier: MIT
// How a static program starts, without the questions to the processor. glibc asks it by some 45 `cpuid`
// instructions, for the sizes of its caches and its newest vector instructions, before main(). In a
// virtual machine each of them is left to the hypervisor and takes microseconds: together they would be
// a seventh of a whole launch, for a program that copies a few kilobytes.
//
// This does what glibc's __libc_start_main does (2.36, csu/libc-start.c), in its order, except for
// init_cpu_features(): what is known of the processor stays empty, so that memcpy and its like are
// those of every x86-64, and the sizes that they read are the ones glibc assumes where it knows none.
// And it looks for tunables only where there can be one, and not at all for the program's own folder.
// What it leaves out otherwise is the end of main() by pthread_exit.
//
// All of it is glibc's inside, so meson.build takes this file for that version alone, on x86-64, for
// a static program; any other starts as usual. tests/start compares the two.
//
// The linker finds these names here and leaves out glibc's object that has them. Nothing of it may be
// reached by the global offset table before _dl_relocate_static_pie(), hence hidden.
#include <link.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#pragma GCC visibility push(hidden)
extern "C" {

long __x86_data_cache_size = 32L * 1024;
long __x86_data_cache_size_half = 32L * 1024 / 2;
long __x86_shared_cache_size = 1024L * 1024;
long __x86_shared_cache_size_half = 1024L * 1024 / 2;
long __x86_shared_non_temporal_threshold = 1024L * 1024 * 3 / 4;
long __x86_rep_movsb_threshold = 2048;
long __x86_rep_movsb_stop_threshold = 1024L * 1024 * 3 / 4;
long __x86_rep_stosb_threshold = 2048;
int __x86_string_control = 0;

extern void* __libc_stack_end;
extern int __libc_enable_secure;
extern std::uintptr_t* _dl_random;  // 16 random bytes of the kernel, AT_RANDOM
extern const ElfW(Phdr)* _dl_phdr;
extern std::size_t _dl_phnum;
extern const ElfW(Ehdr) __ehdr_start;
extern std::size_t _dl_minsigstacksize;
extern std::uint64_t _dl_hwcap;

void _dl_aux_init(ElfW(auxv_t)*);
void __tunables_init(char** environment);
void _dl_relocate_static_pie();
void __libc_setup_tls();
void __libc_early_init(bool);
void __libc_init_first(int, char** words, char** environment);
void __libc_check_standard_fds();
void* _dl_debug_initialize(ElfW(Addr), long space);
int __cxa_atexit(void (*)(void*), void*, void*);
void _init();
void _fini();

using Constructor = void (*)(int, char**, char**);
[[gnu::weak]] extern const ElfW(Rela) __rela_iplt_start[];
[[gnu::weak]] extern const ElfW(Rela) __rela_iplt_end[];
extern const Constructor __preinit_array_start[], __preinit_array_end[];
extern const Constructor __init_array_start[], __init_array_end[];
extern void (*const __fini_array_start[])();
extern void (*const __fini_array_end[])();

/// Of this program, for libraries named by $ORIGIN: nsbox loads none. -1 is glibc's word for "not known";
/// its own asks procfs, which then has to make the folder of the process.
const char* _dl_get_origin() { return reinterpret_cast<const char*>(-1); }

[[noreturn]] int __libc_start_main(int (*)(int, char**, char**), int, char**, void (*)(), void (*)(), void (*)(void*), void*);
}

namespace {

/// Whether some variable may be GLIBC_TUNABLES or one of the older names of tunables, MALLOC_… and
/// LD_HWCAP_MASK. glibc compares each variable with each of 35 names. No function of the C library can be
/// called yet that has several versions.
__attribute__((no_stack_protector)) bool may_have_tunables(char** environment) {
  for (char** each = environment; *each != nullptr; ++each) {
    const char* const name = *each;
    if (name[0] == 'G' && name[1] == 'L' && name[2] == 'I') return true;
    if (name[0] == 'M' && name[1] == 'A' && name[2] == 'L') return true;
    if (name[0] == 'L' && name[1] == 'D' && name[2] == '_') return true;
  }
  return false;
}

void end(void*) {
  for (auto each = __fini_array_end; each != __fini_array_start;) (*--each)();
  _fini();
}

}  // namespace

// Called by _start (crt1.o). It has no stack guard of its own, since it sets the guard.
__attribute__((no_stack_protector)) int __libc_start_main(int (*main)(int, char**, char**), int count, char** words, void (*)(), void (*)(), void (*at_end)(void*), void* stack) {
  char** environment = words + count + 1;
  __libc_stack_end = stack;
  char** after = environment;
  while (*after++ != nullptr) {
  }
  _dl_aux_init(reinterpret_cast<ElfW(auxv_t)*>(after));
  if (_dl_phdr == nullptr) {  // the first releases of 2.36 do not read them there
    _dl_phdr = reinterpret_cast<const ElfW(Phdr)*>(reinterpret_cast<std::uintptr_t>(&__ehdr_start) + __ehdr_start.e_phoff);
    _dl_phnum = __ehdr_start.e_phnum;
  }
  if (__libc_enable_secure != 0 || may_have_tunables(environment)) __tunables_init(environment);

  // What init_cpu_features() would have said. Before Linux 5.14 the kernel does not tell what a signal
  // takes on the stack; no processor saves more than this.
  if (_dl_minsigstacksize == 0) _dl_minsigstacksize = 16384;
  _dl_hwcap = 2;  // x86-64

  _dl_relocate_static_pie();
  __environ = environment;  // may be reached by the global offset table
  for (auto each = __rela_iplt_start; each < __rela_iplt_end; ++each) {
    *reinterpret_cast<ElfW(Addr)*>(each->r_offset) = reinterpret_cast<ElfW(Addr) (*)()>(each->r_addend)();
  }
  __libc_setup_tls();

  // Where the compiler and setjmp look for them. The lowest byte is 0, which ends a text that runs over.
  __asm__ volatile("mov %0, %%fs:0x28" : : "r"(_dl_random[0] & ~std::uintptr_t{0xff}));
  __asm__ volatile("mov %0, %%fs:0x30" : : "r"(_dl_random[1]));

  if (at_end != nullptr) __cxa_atexit(at_end, nullptr, nullptr);
  __libc_early_init(true);
  __libc_init_first(count, words, environment);
  __cxa_atexit(end, nullptr, nullptr);
  if (__libc_enable_secure != 0) __libc_check_standard_fds();

  for (auto each = __preinit_array_start; each != __preinit_array_end; ++each) (*each)(count, words, __environ);
  _init();
  for (auto each = __init_array_start; each != __init_array_end; ++each) (*each)(count, words, __environ);
  _dl_debug_initialize(0, 0);
  std::exit(main(count, words, __environ));
}
#pragma GCC visibility pop
