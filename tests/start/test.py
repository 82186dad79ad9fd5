# SPDX-License-Identifier: MIT
"""nsbox starts by src/base/start.cpp where it can. A program that starts so finds what it finds after
glibc's own start, and the processor is not asked."""
import os, shutil, subprocess, sys, tempfile

BUILD = os.environ.get("NSBOX_BUILD", "build")
PROGRAMS = [os.path.join(BUILD, "tests", name) for name in ("start_by_glibc", "start_by_nsbox")]
NOBODY = 65534


def found(program, words=(), environment=None, before=None, **more):
    done = subprocess.run(["itself", *words], executable=os.path.abspath(program), env=environment or {}, preexec_fn=before,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return f"{done.stdout}status {done.returncode}\n"


def close_all():
    for each in (0, 2):
        os.close(each)


def asks(program):
    """How many instructions of it ask the processor."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], capture_output=True, text=True, check=True).stdout
    return sum(line.split()[-1] == "cpuid" for line in code.splitlines() if line)


def left_out(program):
    """The functions of it that src/base/start.cpp does not provide for."""
    names = {line.split()[-1] for line in subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines()}
    return sorted(names & {"pthread_exit", "pthread_cancel", "__pthread_unwind", "setlocale"})


def set_uid(program, folder):
    copy = os.path.join(folder, os.path.basename(program))
    shutil.copy(program, copy)
    os.chmod(copy, 0o4755)
    return copy


def ways():
    """(name, what is said of a program, what is to be in that)"""
    yield "words and variables", lambda program: found(program, ["a", "", "-b"], {"LANG": "C", "A": "b=c"}), ["words 4", "variable A=b=c", "variable SET_BEFORE_MAIN=1", "variables are those of the C library 1", "mapping r-xp", "mapping rw-p", "secure_getenv C", "constructors 1 2 3", "status 42", "atexit\nobject's end\nlast\n"]
    yield "no variables", lambda program: found(program), ["words 1", "mapped blocks 1", "wrong copies 0", "stack guard is of AT_RANDOM 1", "pointer guard is of AT_RANDOM 1"]
    yield "an exception that nobody catches", lambda program: found(program, ["throw"]), ["status -6"]
    yield "tunables", lambda program: found(program, environment={"GLIBC_TUNABLES": "glibc.pthread.rseq=0:glibc.pthread.stack_cache_size=4096"}), ["restartable sequences 0"]
    yield "tunables by older names", lambda program: found(program, environment={"LANG": "C", "MALLOC_MMAP_THRESHOLD_": "10000000"}), ["mapped blocks 0"]
    yield "a limit of the stack", lambda program: found(program, before=lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_STACK, (3 << 20, 3 << 20))), ["stack of a thread %d" % (3 << 20)]
    yield "closed descriptors", lambda program: found(program, before=close_all), ["descriptor 0 closed"]


def set_uid_ways(folder):
    secure = {"LANG": "C", "GLIBC_TUNABLES": "glibc.pthread.rseq=0", "LD_LIBRARY_PATH": "/x", "TMPDIR": "/x"}
    yield "a set-user-ID program", lambda program: found(set_uid(program, folder), environment=secure, user=NOBODY), ["secure 1", "secure_getenv none", "status 42"]
    yield "a set-user-ID program with closed descriptors", lambda program: found(set_uid(program, folder), environment=secure, user=NOBODY, before=close_all), ["secure 1", "descriptor 0 7"]


def main():
    names = ["the processor is not asked", "nsbox has nothing that its start does not provide for", *(name for name, _, _ in ways()), *(name for name, _, _ in set_uid_ways(""))]
    print(f"1..{len(names)}")
    if not os.path.exists(PROGRAMS[1]):
        for number, name in enumerate(names, 1):
            print(f"ok {number} - {name} # SKIP this build starts by the C library: it is not static, or not by glibc 2.36 on x86-64")
        return
    number = 1
    asked = [asks(each) for each in (PROGRAMS[0], os.path.join(BUILD, "nsbox"))]
    good = asked[0] > 0 and asked[1] == 0
    print(f"{'ok' if good else 'not ok'} {number} - {names[0]}")
    if not good:
        print(f"#   {asked[1]} cpuid instructions in nsbox; glibc's start has {asked[0]}")
    number, odd = 2, left_out(os.path.join(BUILD, "nsbox"))
    print(f"{'not ok' if odd else 'ok'} {number} - {names[1]}")
    for each in odd:
        print(f"#   {each}")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="nsbox-test-") as folder:
        os.chmod(folder, 0o755)
        for name, way, wanted in [*ways(), *set_uid_ways(folder)]:
            number += 1
            if name.startswith("a set-user-ID") and (os.geteuid() != 0 or os.statvfs(folder).f_flag & os.ST_NOSUID):
                print(f"ok {number} - {name} # SKIP only root can make one, and not where such programs are disregarded")
                continue
            theirs, ours = map(way, PROGRAMS)
            missing = [each for each in wanted if each not in theirs]
            print(f"{'not ok' if missing or theirs != ours else 'ok'} {number} - {name}")
            for each in missing:
                print(f"#   glibc's start does not say {each!r}")
            for each in set(theirs.splitlines()) ^ set(ours.splitlines()):
                print(f"#   only after {'glibc' if each in theirs.splitlines() else 'nsbox'}'s start: {each}")


main()
