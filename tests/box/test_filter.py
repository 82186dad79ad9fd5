# SPDX-License-Identifier: MIT
"""R8: the system call filter, from inside: every number of every ABI answers as the plan says, and
the programs of everyday life run under it."""
import os, shutil, socket, subprocess, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

TOOLS = """
extends: BASE
hostname: tools
mounts:
  - {type: tmpfs, target: /work, mode: "1777"}
process: {cwd: /work, env: {HOME: /work}}
"""


def tools(t, *command, more="", **options):
    base = os.path.join(os.path.dirname(os.path.dirname(HERE)), "examples/base.yaml")
    shutil.copy(base, t.path("base.yaml"))
    os.chmod(t.path("base.yaml"), 0o644)
    return t.up(TOOLS.replace("BASE", "base.yaml") + more, *command, **options)


def need(program):
    if not shutil.which(program):
        raise Skip(f"no {program} on this machine")


def plan_of(t, spec):
    plan = t.run([t.nsbox, "plan", "--format", "json", t.spec(spec)]).json()
    return [step for step in plan["steps"] if step["name"] == "set_filter"][0]


def sweep(t, spec, abi="native", numbers=()):
    seen = {}
    for line in t.up(spec, "/probe", "sweep", abi, *map(str, numbers)).out.splitlines():
        number, answer = line.split()
        seen[int(number)] = answer
    equal(len(seen), len(numbers) or 1024, f"numbers that were tried: {abi}")
    return seen


@test()
def r08_every_number_answers_as_the_plan_says(t):
    for more in ("", "security: {allow_nested_userns: true}\n", "security: {seccomp: {deny: [getcwd], enosys: [sync], kill: [times], allow: [keyctl]}}\n",
                 "security: {capabilities: [FSETID]}\n"):
        filter = plan_of(t, PROBE + more)
        seen = sweep(t, PROBE + more)
        wanted = {name: verdict for verdict, names in filter["lists"].items() for name in names}
        for number, name in names().items():
            if number not in seen or seen[number] == "-":
                continue
            verdict = wanted.get(name)
            if verdict in ("EPERM", "ENOSYS"):
                equal(seen[number], verdict, name)
            elif verdict == "kill":
                equal(seen[number], "SIGSYS", name)
            elif verdict in ("allow", "log") and name in ("getpid", "getuid", "sched_yield", "gettid"):
                check(seen[number] not in ("EPERM", "ENOSYS", "SIGSYS"), name, seen[number])
        for number in range(600, 1024):
            equal(seen[number], "ENOSYS", f"number {number}")


@test()
def r08_every_number_of_the_other_abis_is_refused(t):
    if os.uname().machine != "x86_64":
        raise Skip("this machine has no x32 and no i386")
    for number, answer in sweep(t, PROBE, "x32").items():
        check(answer in ("ENOSYS", "EPERM"), "x32", number, answer)
    equal(set(sweep(t, PROBE, "i386").values()), {"SIGSYS"}, "i386")


NAMESPACES = {"NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000, "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000}
O_CREAT, O_TMPFILE, SETUID, SETGID = 0o100, 0o20200000, 0o4755, 0o2755


def answers(t, spec, abi="native"):
    """A function of a call and its arguments: the errno's name."""
    path = t.spec(spec)
    numbers = {name: number for number, name in names(32 if abi == "i386" else 64).items()}
    return lambda call, *arguments: t.run([t.nsbox, "up", path, "--", "/probe", "call", abi, str(numbers.get(call, call)), *map(str, arguments)]).out.strip()


@test()
def r08_arguments_decide(t):
    """What the default filter refuses by a call's arguments; a number below is an address that is not there."""
    ask = answers(t, PROBE + "security: {capabilities: [SYS_ADMIN]}\n")  # so that the kernel refuses none of it
    for call in ("clone", "unshare"):
        for name, bit in some(NAMESPACES.items()):
            for upper in (0, 1 << 32):
                equal(ask(call, upper | bit), "EPERM", f"{call} {name}")
    equal((ask("unshare", 0x80), ask("unshare", 0x400), ask("clone", 17)), ("EPERM", "ok", "ok"), "NEWTIME, FILES, a fork")
    for call, arguments, wanted in (
            ("clone3", (0, 0), "ENOSYS"), ("openat2", (0, 0, 0, 0), "ENOSYS"), ("keyctl", (0,), "ENOSYS"), ("io_uring_setup", (1, 0), "ENOSYS"), (700, (), "ENOSYS"),
            ("mount", (0,), "EPERM"), ("setns", (0xffffffff, 0), "EPERM"), ("chroot", (0,), "EPERM"), ("pidfd_getfd", (0xffffffff, 0, 0), "EPERM"),
            ("personality", (8,), "ok"), ("personality", (0xffffffff,), "ok"), ("personality", (0x40000,), "EPERM"), ("personality", (0x400000,), "EPERM"), ("personality", (1 << 32 | 0x400000,), "EPERM"),
            ("socket", (1, 1, 0), "ok"), ("socket", (2, 1, 0), "ok"), ("socket", (16, 3, 0), "ok"), ("socketpair", (1, 1, 0, 0), "EFAULT"), ("socketpair", (2, 1, 0, 0), "EAFNOSUPPORT"),
            ("socket", (17, 3, 0), "EAFNOSUPPORT"), ("socket", (38, 5, 0), "EAFNOSUPPORT"), ("socket", (40, 1, 0), "EAFNOSUPPORT"), ("socket", (2, 10, 0), "EAFNOSUPPORT"),
            ("socket", (1 << 32 | 17, 3, 0), "EAFNOSUPPORT"), ("socket", (16, 3, 9), "EAFNOSUPPORT"), ("socket", (16, 3, 16), "EAFNOSUPPORT")):
        equal(ask(call, *arguments), wanted, f"{call} {arguments}")


@test()
def r08_no_set_id_bit_can_be_set(t):
    bits = ((SETUID, "EPERM"), (SETGID, "EPERM"), (1 << 32 | SETUID, "EPERM"), (0o1755, None))
    forms = (("chmod", lambda mode: (0, mode)), ("fchmod", lambda mode: (0xffffffff, mode)), ("fchmodat", lambda mode: (0, 0, mode)), ("fchmodat2", lambda mode: (0, 0, mode, 0)), ("creat", lambda mode: (0, mode)),
             ("mknod", lambda mode: (0, 0o100000 | mode)), ("mknodat", lambda mode: (0, 0, 0o100000 | mode)), ("open", lambda mode: (0, O_CREAT, mode)), ("open", lambda mode: (0, O_TMPFILE, mode)),
             ("openat", lambda mode: (0, 0, O_CREAT, mode)), ("openat", lambda mode: (0, 0, O_TMPFILE, mode)))
    ask, more = answers(t, PROBE), None
    known = set(names().values())
    for call, form in some(forms):
        number = call if call in known else {"fchmodat2": 452}[call]
        for mode, wanted in bits:
            seen = ask(number, *form(mode))
            check(seen == wanted if wanted else seen in ("EFAULT", "EBADF", "EINVAL", "ENOSYS"), f"{call} {mode:o}", seen)
    equal((ask("open", 0, 0, SETUID), ask("openat", 0, 0, 0, SETUID)), ("EFAULT", "EFAULT"), "a mode that does not count")
    more = answers(t, PROBE + "security: {capabilities: [FSETID]}\n")
    equal((more("chmod", 0, SETUID), more("openat2", 0, 0, 0, 0)), ("EFAULT", "EINVAL"), "with CAP_FSETID")


@test()
def r08_lists_are_obeyed(t):
    lists = {"getcwd": "EPERM", "sync": "ENOSYS", "times": "SIGSYS", "keyctl": "EOPNOTSUPP"}
    numbers = {name: number for number, name in names().items() if name in lists}
    def seen(security):
        found = sweep(t, PROBE + f"security: {{seccomp: {security}}}\n", "native", numbers.values())
        return {name: found[number] for name, number in numbers.items()}
    equal(seen("{deny: [getcwd], enosys: [sync], kill: [times], allow: [keyctl]}"), lists)
    open_lists = seen("{default: log, deny: [getcwd]}")
    equal((open_lists["getcwd"], open_lists["keyctl"]), ("EPERM", "EOPNOTSUPP"), "a default of its own")


PROFILE = """{
\t"defaultAction": "SCMP_ACT_ALLOW",
\t"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
\t"syscalls": [
\t\t{"names": ["getcwd", "sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13},
\t\t{"names": ["keyctl"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_CHOWN"]}},
\t\t{"names": ["sysinfo"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_CHOWN"]}},
\t\t{"names": ["dup"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95, "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]},
\t\t{"names": ["times"], "action": "SCMP_ACT_KILL_PROCESS"}
\t]
}
"""


@test()
def a_profile_of_the_oci_runtimes(t):
    t.write("profile.json", PROFILE)
    spec = PROBE + "security: {seccomp: ./profile.json}\n"
    wanted = {"getcwd": "EACCES", "sync": "EACCES", "keyctl": "EPERM", "times": "SIGSYS", "sysinfo": "EFAULT", "dup": "EBADF"}  # -1 has 64 bits
    def seen(abi, bits, spec=spec):
        numbers = {name: number for number, name in names(bits).items() if name in wanted}
        found = sweep(t, spec, abi, numbers.values())
        return {name: found[number] for name, number in numbers.items()}
    equal(seen("native", 64), wanted)
    capable = seen("native", 64, spec.replace("{seccomp", "{capabilities: [CHOWN], seccomp"))
    equal((capable["keyctl"] == "EPERM", capable["sysinfo"]), (False, "EPERM"), "the conditions on a capability")
    if os.uname().machine == "x86_64":
        equal(seen("i386", 32), {**wanted, "dup": "EOPNOTSUPP"}, "i386")
        equal(t.up(spec, "/probe", "int80").out.strip().isdigit(), True)
        equal(t.run([t.nsbox, "audit", "--format", "json", t.spec(spec)]).json()["exposures"][0]["code"], "calls-passed")
    # By default it refuses with EPERM: known numbers alone, the others are for a newer kernel.
    allowed = plan_of(t, PROBE)["lists"]["allow"]
    t.write("profile.json", json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": allowed, "action": "SCMP_ACT_ALLOW"}]}))
    ask = answers(t, spec)
    equal((ask("keyctl", 0), ask("pidfd_getfd", 0xffffffff, 0, 0), ask(700), ask(0x40000000 | 700)), ("EPERM", "EPERM", "ENOSYS", "ENOSYS"), "numbers that nobody knows")
    many = ["read"] * 400, [{"index": 0}] * 400
    t.write("profile.json", json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": many[0], "action": "SCMP_ACT_ALLOW", "args": many[1]}]}))
    err = t.sentence(spec, "/probe", timeout=10)
    check("at most 65536" in err, "message", err)
    err = t.sentence(PROBE + "security: {seccomp: ./nowhere.json}\n", "/probe")
    check("nowhere.json' can't be read: No such file or directory" in err, "message", err)


def names(bits=64):
    """The kernel's names by number, from its header."""
    found = {}
    path = f"/usr/include/x86_64-linux-gnu/asm/unistd_{bits}.h"
    if not os.path.exists(path):
        raise Skip(path + " is not there (the package linux-libc-dev has it)")
    for line in open(path):
        words = line.split()
        if len(words) == 3 and words[1].startswith("__NR_"):
            found[int(words[2])] = words[1][5:]
    return found


@test()
def r08_the_other_abi_is_refused(t):
    if os.uname().machine == "x86_64":
        equal(t.up(PROBE, "/probe", "int80").status, 128 + signal.SIGSYS)
        narrow = t.path("narrow")
        with open(narrow, "wb") as file:  # an ELF header of 32 bits
            file.write(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x03\x00" + bytes(64))
        os.chmod(narrow, 0o755)
        err = t.sentence(PROBE + "  - DIR/narrow:/narrow\n", "/narrow", status=126)
        check("32-bit" in err and "filter" in err, "message", err)


@test()
def the_hash_in_the_plan_is_of_the_program(t):
    first, second = plan_of(t, PROBE), plan_of(t, PROBE + "security: {seccomp: {deny: [sync]}}\n")
    check(first["details"]["sha256"] != second["details"]["sha256"] and len(first["details"]["sha256"]) == 64, "hash", first["details"], second["details"])
    equal(plan_of(t, PROBE + "security: {seccomp: default}\n")["details"]["sha256"], first["details"]["sha256"])


@test()
def a_filter_of_its_own(t):
    spec = PROBE + "security: {seccomp: {default: log, deny: [getcwd]}}\n"
    equal(t.see(spec)["seccomp"], "2")
    equal(t.up(PROBE + "security: {seccomp: off}\n", "/probe", "unshare", "64").out.strip() in ("ok", "EPERM", "ENOSPC", "EINVAL"), True)
    check("no-filter" in t.run([t.nsbox, "validate", t.spec(PROBE + "security: {seccomp: off}\n")]).err, "no warning")


@test()
def a_label_that_the_kernel_can_not_give(t):
    """Never left out silently: without the module nothing is run."""
    for key, there in (("apparmor", "/sys/module/apparmor/parameters/enabled"), ("selinux", "/sys/fs/selinux/enforce")):
        if os.path.exists(there):
            raise Skip(f"this kernel has {key}")
        err = t.sentence(PROBE + f"security: {{{key}: some-label}}\n", "/probe")
        check("is not active in this kernel" in err and f"security.{key}" in err, "message", err)


@test()
def an_apparmor_label(t):
    """The command has it from its exec on, and no other; where there is no such profile nothing is run."""
    enabled = "/sys/module/apparmor/parameters/enabled"
    if not os.path.exists(enabled) or open(enabled).read() != "Y\n":
        raise Skip("this kernel has no AppArmor, or has it switched off")
    need("apparmor_parser")
    t.write("listed", "canary")
    t.write("secret", "canary")
    spec = PROBE + "  - DIR/listed:/listed\n  - DIR/secret:/secret\nsecurity: {apparmor: nsbox-test}\n"
    err = t.sentence(spec, "/probe")
    check("set_exec_label 'nsbox-test': " in err and "ENOENT" in err and "no profile of that name is loaded" in err, "message", err)
    profile = t.write("profile", "profile nsbox-test flags=(attach_disconnected) { file, capability, signal, ptrace, unix, deny /secret r, }\n")
    subprocess.run(["apparmor_parser", "-qK", profile], check=True)
    try:
        for more in ("", "process: {init: false}\n", "security: {apparmor: nsbox-test, no_new_privs: false, seccomp: 'off'}\n"):
            for path, wanted in (("/proc/self/attr/current", "nsbox-test (enforce)"), ("/listed", "canary"), ("/secret", "EACCES")):
                equal(t.up(spec.replace("security: {apparmor: nsbox-test}\n", "") + more if more.startswith("security") else spec + more, "/probe", "read", path).out.strip(), wanted, more + path)
    finally:
        subprocess.run(["apparmor_parser", "-qR", profile], check=True)


@test()
def landlock_refuses_but_what_is_listed(t):
    if LANDLOCK < 1:
        raise Skip("this kernel has no Landlock")
    t.write("secret", "canary")
    t.write("listed", "canary")
    t.mkdir("out")
    rules = "security: {landlock: {read: [/listed], execute: [/probe], write: [/out]" + BEST_EFFORT + "}}\n"
    spec = PROBE + "  - DIR/secret:/secret\n  - DIR/listed:/listed\n  - DIR/out:/out:rw\n" + rules
    equal(t.up(spec, "/probe", "read", "/listed").out, "canary")
    equal(t.up(spec, "/probe", "read", "/secret").out.strip(), "EACCES")
    equal(t.up(spec, "/probe", "write", "/out/file", "x").out.strip(), "ok")
    equal(t.up(spec, "/probe", "write", "/file", "x").out.strip(), "EACCES")
    err = t.sentence(spec.replace("execute: [/probe]", "execute: []"), "/probe", status=126)
    check("landlock.execute" in err, "message", err)
    # Without any namespace.
    rules = f"namespaces: []\nsecurity: {{landlock: {{execute: [{t.probe}]{BEST_EFFORT}}}}}\n"
    equal(t.up(rules, t.probe, "read", t.path("secret")).out.strip(), "EACCES")
    err = t.sentence(PROBE + "security: {landlock: {read: [/nowhere]" + BEST_EFFORT + "}}\n", "/probe")
    check("allow_path '/nowhere'" in err and "ENOENT" in err, "message", err)


TRIES = """if True:
    import errno, os, socket, sys
    os.chdir(sys.argv[1])
    def put(path):
        with socket.socket(socket.AF_UNIX) as each: each.bind(path)
    def port(call):
        with socket.socket() as each: getattr(each, call)(("127.0.0.1", int(sys.argv[2])))
    for name, what in {"write": lambda: open("file", "r+"), "truncate": lambda: os.truncate("file", 0), "make": lambda: open("new", "w"), "mkdir": lambda: os.mkdir("new"), "rmdir": lambda: os.rmdir("empty"),
                       "unlink": lambda: os.unlink("file"), "symlink": lambda: os.symlink("x", "new"), "mkfifo": lambda: os.mkfifo("new"), "socket": lambda: put("new"), "link": lambda: os.link("file", "empty/new"),
                       "list": lambda: os.listdir("."), "read": lambda: open("file"), "bind": lambda: port("bind"), "connect": lambda: port("connect")}.items():
        try: what(); print(name, "ok")
        except OSError as problem: print(name, errno.errorcode[problem.errno])
"""


@test()
def landlock_refuses_every_kind_of_change(t):
    """What is mounted writable and may only be executed or read; ports; and kernels that can refuse less."""
    if LANDLOCK < 4:
        raise Skip(f"this kernel's Landlock is of version {LANDLOCK}: it can't refuse {'ports' if LANDLOCK == 3 else 'ports, nor to cut files short'}")
    folder = t.mkdir("folder")
    t.mkdir("folder/empty")
    t.write("folder/file", "content")
    system = [each for each in ("/usr", "/lib", "/lib64", "/etc") if os.path.exists(each)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        def seen(read, ports):
            result = t.up(f"namespaces: []\nsecurity: {{landlock: {{execute: [{', '.join(system)}], read: [{', '.join(system + read)}], {ports}}}}}\n", "/usr/bin/python3", "-c", TRIES, folder, str(port))
            check(result.status == 0, "the tries", result)
            return dict(line.split() for line in result.out.splitlines())
        refused = dict.fromkeys("write truncate make mkdir rmdir unlink symlink mkfifo socket link list read bind connect".split(), "EACCES")
        equal(seen([], "connect_tcp: []"), refused, "nothing is listed")
        equal(seen([folder], f"connect_tcp: [{port}]"), {**refused, "list": "ok", "read": "ok", "connect": "ok"}, "to be read")
        equal(seen([folder], f"bind_tcp: [{port}]"), {**refused, "list": "ok", "read": "ok", "bind": "EADDRINUSE"}, "a port")
    equal((sorted(os.listdir(folder)), open(folder + "/file").read()), (["empty", "file"], "content"))
    if not shutil.which("strace"):
        raise Skip("strace is not there")
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", *([] if t.root else ["-u", USER]), "-e", "trace=landlock_create_ruleset"]
    for answer, rules, word in (("retval=2", "read: [/probe]", "to cut files short"), ("retval=3", "connect_tcp: []", "to refuse ports"), ("error=EOPNOTSUPP", "read: [/probe]", "has not: Landlock")):
        old = [*trace, "-e", f"inject=landlock_create_ruleset:{answer}:when=1", t.nsbox, "up"]
        result = subprocess.run([*old, t.spec(PROBE + f"security: {{landlock: {{execute: [/], {rules}}}}}\n"), "--", "/probe", "args", "ran"], capture_output=True, text=True, cwd=t.folder)
        check(result.returncode == 125 and word in result.stderr and result.stdout == "", answer, result)
        result = subprocess.run([*old[:-1], "plan", t.spec(PROBE + f"security: {{landlock: {{execute: [/], best_effort: true, {rules}}}}}\n")], capture_output=True, text=True, cwd=t.folder)
        check(result.returncode == 0 and word in result.stderr and "it stays open" in result.stderr, f"{answer}, accepted", result)


@test()
def shells_and_compilers(t):
    need("gcc")
    result = tools(t, "bash", "-c", """set -em
        printf '%s\\n' '#include <stdio.h>' '#include <pthread.h>' 'static void *f(void *p) { return p; }' \
          'int main(void) { pthread_t t; return pthread_create(&t, 0, f, 0) || pthread_join(t, 0) || puts("compiled") < 0; }' > a.c
        printf 'a: a.c\\n\\tgcc -O2 -pthread -o a a.c\\n' > Makefile
        if command -v make >/dev/null; then make -s -j2; else gcc -pthread -o a a.c; fi
        sleep 5 & kill %1; wait || true
        ./a""", timeout=120)
    equal((result.status, result.out.splitlines()[-1:]), (0, ["compiled"]), str(result))


@test()
def language_runtimes(t):
    need("python3")
    result = tools(t, "python3", "-c", """if True:
        import concurrent.futures, multiprocessing, os, socket, sqlite3, subprocess, tempfile, threading
        with concurrent.futures.ThreadPoolExecutor() as pool: assert sum(pool.map(int, "123")) == 6
        a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
        server = socket.create_server(("127.0.0.1", 0)); socket.create_connection(server.getsockname()).close()
        with tempfile.NamedTemporaryFile() as file:
            db = sqlite3.connect(file.name); db.execute("create table a(b)"); db.commit()
        subprocess.run(["/bin/true"], check=True)
        print("ran")
        """, timeout=60)
    equal((result.status, result.out), (0, "ran\n"), str(result))


@test()
def version_control(t):
    need("git")
    result = tools(t, "sh", "-ec", "git init -q a; cd a; echo x > f; git add f; git -c user.name=n -c user.email=e commit -qm m; git clone -q . ../b; git -C ../b log --oneline | wc -l", timeout=60)
    equal((result.status, result.out.strip()), (0, "1"), str(result))


@test()
def nested_sandboxes(t):
    """A launcher inside: refused by default, and working where it is asked for."""
    if os.environ.get("NSBOX_BUILD") == "build-sanitize":
        raise Skip("this build is not static, and the sandbox has no libraries for it")
    inner = "nsbox: 1\nmounts: [/probe]\nprocess: {init: false, command: [/probe, exit, '7']}\n"
    t.write("inner.yaml", inner)
    spec = PROBE + "  - DIR/inner.yaml:/inner.yaml\n  - " + t.nsbox + ":/nsbox\n" + ("process: {user: 1000, group: 1000}\n" if t.root else "id_maps: keep\n")
    result = t.up(spec, "/nsbox", "up", "/inner.yaml")
    check(result.status == 125 and "openat2" in result.err and "allow_nested_userns: true" in result.err, "not refused, or not said how", result)
    more = spec.replace("{type: proc, target: /proc}", "{type: proc, target: /proc, masked: false}") + "security: {allow_nested_userns: true}\n"
    result = t.up(more, "/nsbox", "up", "/inner.yaml")
    equal(result.status, 7, str(result))
    masked = t.up(more.replace("masked: false", "masked: true"), "/nsbox", "up", "/inner.yaml")
    check(masked.status == 125 and "write_sysctl" in masked.err and "this /proc has mounts over it" in masked.err and "masked: false" in masked.err, "the masks are not named", masked)
    if t.root:
        result = t.up(more.replace("user: 1000, group: 1000", "user: 0"), "/nsbox", "up", "/inner.yaml")
        check(result.status == 125 and "let another user start nsbox" in result.err, "0 without capabilities", result)


sys.exit(main(sys.argv[1:]))
