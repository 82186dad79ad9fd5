# SPDX-License-Identifier: MIT
"""What runs between clone and exec needs nothing from outside but this list: wrappers of single
system calls and functions on memory. No allocation, no locks, no formatting, no exceptions."""
import os, subprocess, sys

ALLOWED = set("""
__errno_location __stack_chk_fail memcpy memmove memset strchr strlen strncmp strnlen strrchr
__memcpy_chk __memmove_chk __strncpy_chk __read_chk __pread_chk __pread64_chk __recv_chk __readlinkat_chk __poll_chk __openat_2 __openat64_2 __open_2 __open64_2 __fdelt_chk
_exit chdir clock_gettime close dup2 execve faccessat fchdir fchmodat fchownat fcntl fcntl64 fstat fstat64 fstatat fstatat64 geteuid getgid getpgid getuid
ioctl kill mkdirat mknodat mount open open64 openat openat64 personality poll prctl pread pread64 prlimit prlimit64
read readlinkat recv recvmsg sched_setaffinity sendmsg setns setpgid setpriority setsid sigaddset sigemptyset
signalfd bind socket statx symlinkat syscall tcgetattr tcsetattr cfmakeraw umask umount2 unlinkat unshare waitpid write
_GLOBAL_OFFSET_TABLE_
""".split())


def main():
    build = os.environ.get("NSBOX_BUILD", "build")
    archive = os.path.join(build, "libfence.a")
    lines = subprocess.run(["nm", archive], capture_output=True, text=True, check=True).stdout.splitlines()
    needs = {line.split()[-1] for line in lines if " U " in line}
    has = {line.split()[-1] for line in lines if len(line.split()) == 3}
    odd = sorted(each for each in needs - has - ALLOWED if not each.startswith("_ZN5nsbox"))
    print("1..2")
    print(("not ok" if odd else "ok") + " 1 the fence needs nothing that allocates, throws or locks")
    for each in odd:
        print("#   " + each)
    # A thrown or typed thing would show in these even where it is defined inside.
    bad = sorted(each for each in needs | has if each.startswith(("_Zn", "_Zd", "__cxa_", "_ZTI", "_ZTV")) or each in ("malloc", "free", "realloc", "calloc"))
    print(("not ok" if bad else "ok") + " 2 no exceptions, no type information, no allocation")
    for each in bad:
        print("#   " + each)
    return 1 if odd or bad else 0


sys.exit(main())
