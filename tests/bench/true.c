// SPDX-License-Identifier: MIT
// The payload of the bench: only exits. Without libc (cc -static -nostdlib), so that what is timed is
// the launcher.
void _start(void) {
#if defined(__x86_64__)
  __asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall");
#elif defined(__aarch64__)
  __asm__ volatile("mov x8, #93; mov x0, #0; svc #0");
#else
#error "how does one exit on this machine?"
#endif
  __builtin_unreachable();
}
