# SPDX-License-Identifier: MIT
"""R8: the system call filter, from inside: every number of every ABI answers as the plan says, and
the programs of everyday life run under it."""
import os, shutil, subprocess, sys
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


PROFILE = """{
\t"defaultAction": "SCMP_ACT_ALLOW",
\t"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
\t"syscalls": [
\t\t{"names": ["getcwd", "sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13},
\t\t{"names": ["keyctl"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_CHOWN"]}},
\t\t{"names": ["dup"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95, "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]},
\t\t{"names": ["times"], "action": "SCMP_ACT_KILL_PROCESS"}
\t]
}
"""


@test()
def a_profile_of_the_oci_runtimes(t):
    t.write("profile.json", PROFILE)
    spec = PROBE + "security: {seccomp: ./profile.json}\n"
    wanted = {"getcwd": "EACCES", "sync": "EACCES", "keyctl": "EPERM", "times": "SIGSYS", "dup": "EBADF"}  # -1 has 64 bits
    def answers(abi, bits, spec=spec):
        numbers = {name: number for number, name in names(bits).items() if name in wanted}
        seen = sweep(t, spec, abi, numbers.values())
        return {name: seen[number] for name, number in numbers.items()}
    equal(answers("native", 64), wanted)
    check(answers("native", 64, spec.replace("{seccomp", "{capabilities: [CHOWN], seccomp"))["keyctl"] != "EPERM", "the condition on a capability")
    if os.uname().machine == "x86_64":
        equal(answers("i386", 32), {**wanted, "dup": "EOPNOTSUPP"}, "i386")
        equal(t.up(spec, "/probe", "int80").out.strip().isdigit(), True)
        equal(t.run([t.nsbox, "audit", "--format", "json", t.spec(spec)]).json()["exposures"][0]["code"], "calls-passed")
    err = t.sentence(PROBE + "security: {seccomp: ./nowhere.json}\n", "/probe")
    check("nowhere.json' can't be read: No such file or directory" in err, "message", err)


def names(bits=64):
    """The kernel's names by number, from its header."""
    found = {}
    for line in open(f"/usr/include/x86_64-linux-gnu/asm/unistd_{bits}.h"):
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
def landlock_refuses_but_what_is_listed(t):
    if libc.syscall(444, None, 0, 1) < 4:
        raise Skip("this kernel has no Landlock of version 4")
    t.write("secret", "canary")
    t.write("listed", "canary")
    t.mkdir("out")
    rules = "security: {landlock: {read: [/listed], execute: [/probe], write: [/out]}}\n"
    spec = PROBE + "  - DIR/secret:/secret\n  - DIR/listed:/listed\n  - DIR/out:/out:rw\n" + rules
    equal(t.up(spec, "/probe", "read", "/listed").out, "canary")
    equal(t.up(spec, "/probe", "read", "/secret").out.strip(), "EACCES")
    equal(t.up(spec, "/probe", "write", "/out/file", "x").out.strip(), "ok")
    equal(t.up(spec, "/probe", "write", "/file", "x").out.strip(), "EACCES")
    err = t.sentence(spec.replace("execute: [/probe]", "execute: []"), "/probe", status=126)
    check("landlock.execute" in err, "message", err)
    # Without any namespace.
    rules = f"namespaces: []\nsecurity: {{landlock: {{execute: [{t.probe}]}}}}\n"
    equal(t.up(rules, t.probe, "read", t.path("secret")).out.strip(), "EACCES")
    err = t.sentence(PROBE + "security: {landlock: {read: [/nowhere]}}\n", "/probe")
    check("allow_path '/nowhere'" in err and "ENOENT" in err, "message", err)


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
    check(result.status == 125 and "openat2" in result.err, "not refused", result)
    more = spec.replace("{type: proc, target: /proc}", "{type: proc, target: /proc, masked: false}") + "security: {allow_nested_userns: true}\n"
    result = t.up(more, "/nsbox", "up", "/inner.yaml")
    equal(result.status, 7, str(result))


sys.exit(main(sys.argv[1:]))
