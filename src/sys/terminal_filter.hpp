// SPDX-License-Identifier: MIT
// The filter that is always there: ioctl TIOCSTI (push a byte into a terminal's input queue) and
// TIOCLINUX (paste the console's selection) answer EPERM, for every ABI of the machine. The kernel
// looks at the low 32 bits of the request alone, so the filter does too (CVE-2019-10063).
#pragma once
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include <cstddef>

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

namespace nsbox::sys {

// Offsets of the low halves: little-endian machines only, which the build checks.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

#if defined(__x86_64__)
inline constexpr unsigned native_arch = AUDIT_ARCH_X86_64, native_ioctl = 16;
inline constexpr unsigned other_arch = AUDIT_ARCH_I386, other_ioctl = 54;
inline constexpr unsigned third_ioctl = 0x40000000u | 514u;  // x32 shares the architecture
#elif defined(__aarch64__)
inline constexpr unsigned native_arch = AUDIT_ARCH_AARCH64, native_ioctl = 29;
inline constexpr unsigned other_arch = AUDIT_ARCH_ARM, other_ioctl = 54;
inline constexpr unsigned third_ioctl = native_ioctl;
#else
#error "no terminal filter for this architecture"
#endif

#define NSBOX_JUMP(code, value, yes, no) {static_cast<unsigned short>(BPF_JMP | (code) | BPF_K), yes, no, value}
#define NSBOX_LOAD(offset) {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(offset)}
#define NSBOX_RETURN(value) {BPF_RET | BPF_K, 0, 0, value}

inline constexpr struct sock_filter terminal_filter[] = {
    /* 0*/ NSBOX_LOAD(offsetof(struct seccomp_data, arch)),
    /* 1*/ NSBOX_JUMP(BPF_JEQ, native_arch, 2, 0),
    /* 2*/ NSBOX_JUMP(BPF_JEQ, other_arch, 4, 0),
    /* 3*/ NSBOX_RETURN(SECCOMP_RET_ERRNO | ENOSYS),  // an ABI that nobody knows
    /* 4*/ NSBOX_LOAD(offsetof(struct seccomp_data, nr)),
    /* 5*/ NSBOX_JUMP(BPF_JEQ, native_ioctl, 4, 0),
    /* 6*/ NSBOX_JUMP(BPF_JEQ, third_ioctl, 3, 6),
    /* 7*/ NSBOX_LOAD(offsetof(struct seccomp_data, nr)),
    /* 8*/ NSBOX_JUMP(BPF_JEQ, other_ioctl, 1, 0),
    /* 9*/ NSBOX_RETURN(SECCOMP_RET_ALLOW),
    /*10*/ NSBOX_LOAD(offsetof(struct seccomp_data, args[1])),
    /*11*/ NSBOX_JUMP(BPF_JEQ, TIOCSTI, 2, 0),
    /*12*/ NSBOX_JUMP(BPF_JEQ, TIOCLINUX, 1, 0),
    /*13*/ NSBOX_RETURN(SECCOMP_RET_ALLOW),
    /*14*/ NSBOX_RETURN(SECCOMP_RET_ERRNO | EPERM),
};

#undef NSBOX_JUMP
#undef NSBOX_LOAD
#undef NSBOX_RETURN

}  // namespace nsbox::sys
