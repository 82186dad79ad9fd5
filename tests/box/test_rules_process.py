# SPDX-License-Identifier: MIT
"""The rules about processes, one test or more for each: what the payload inherits, what it may become,
and what of the launcher it can reach. The names begin with the number of a rule of SECURITY.md."""
import fcntl, hashlib, os, re, shutil, signal, subprocess, sys, time
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

CALLS = ("clone3", "openat2", "open_tree", "fsopen", "fsconfig", "fsmount", "move_mount", "mount_setattr", "mkdirat", "mount", "pivot_root", "umount2", "fchdir", "sethostname", "keyctl", "setsid", "capset", "prctl",
         "close_range", "seccomp", "socketpair", "pidfd_open", "signalfd4", "rt_sigprocmask", "mmap", "personality", "getcwd", "statx", "prlimit64")


def strace(t, *argv, env=None):
    """A traced launch; strace is root's, so that newuidmap keeps its right."""
    if not shutil.which("strace"):
        raise Skip("strace is not there")
    user = [] if t.root else ["-u", USER]
    done = subprocess.run(["strace", "-f", "-qq", *user, *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=t.folder, env=env, timeout=60)
    return Result(done.returncode, done.stdout, done.stderr)


def sum_of(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


@test()
def r03_settings_land_in_the_real_proc(t):
    """Whatever a specification lays over /proc: nsbox's own writes and what it promised are real."""
    t.mkdir("fake")
    for cover in ("{type: tmpfs, target: /proc}", "{type: bind, source: DIR/fake, target: /proc}", "{type: tmpfs, target: /proc/sys}", "{type: bind, source: DIR/fake, target: /proc/self, optional: true}",
                  "{type: bind, source: DIR/fake, target: /proc/self/attr}", "{type: file, target: /proc/self/setgroups, content: x}", "{type: symlink, target: /proc/self/x, to: /}"):
        spec = PROBE + f"  - {cover}\n  - {{type: proc, target: /real}}\nsysctl: {{kernel.msgmax: 4096}}\nprocess: {{oom_score_adj: 500}}\n"
        result = t.up(spec, "/probe", "read", "/real/self/status")
        if result.status == 125:
            check(re.search(r": error: mounts\[2\]: ", result.err), cover, result)
            continue
        status = dict(line.split(":\t", 1) for line in result.out.splitlines() if ":\t" in line)
        equal((int(status["CapPrm"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"], status["Seccomp"]), (0, 0, "1", "2"), cover)
        for path, value in (("self/oom_score_adj", "500"), ("sys/kernel/msgmax", "4096"), ("sys/user/max_user_namespaces", "0")):
            equal(t.up(spec, "/probe", "read", "/real/" + path).out.strip(), value, f"{path} with {cover}")
    equal(os.listdir(t.path("fake")), [])


@test()
def r03_a_false_proc_of_the_host_is_refused(t):
    """The caller's own /proc may be a masked or a made-up one."""
    for target, word in (("/proc", "is not the kernel's proc file system"), ("/proc/sys", "EXDEV")):
        real = os.open("/proc", os.O_RDONLY)
        check(libc.mount(b"tmpfs", target.encode(), b"tmpfs", 0, b"mode=0777") == 0, "mount")
        try:
            os.makedirs(target + ("/sys/user" if target == "/proc" else "/user"))
            for folder, _, _ in os.walk(target):
                os.chmod(folder, 0o777)
            file = target + ("/sys" if target == "/proc" else "") + "/user/max_user_namespaces"
            open(file, "w").close()
            os.chmod(file, 0o666)
            result = t.up("mounts: [PROBE:/probe]\n", "/probe", "exit", "0")
            equal(open(file).read(), "", "written to")
        finally:
            libc.umount2(target.encode(), 2)
            os.close(real)
        equal(result.status, 125, f"{target}: {result}")
        check(word in result.err, target, result)


@test()
def r03_no_setting_smuggles_another(t):
    """CVE-2022-0811."""
    for name, value in (("net.x", '"1\\nkernel.core_pattern=|/x"'), ("kernel.core_pattern", "x"), ("net/../kernel/core_pattern", "x"), ("net.../kernel.core_pattern", "x"), ("kernel.msgmax\\nkernel.core_pattern", "1"), ("net.x", '""'),
                        ("kernel.shm/../core_pattern", "x"), ("kernel.semx", "x"), ("user.max_user_namespaces", "1"), ("vm.overcommit_memory", "1"), ("fs.file-max", "1"), ("net.", "1"), ("kernel.hostname", "x")):
        result = t.up(PROBE + f'sysctl: {{"{name}": {value}}}\n', "/probe", "exit", "0")
        equal(result.status, 125, f"{name}: {result}")
        check(f":6:{'10' if name else ''}" in result.err and "error: sysctl" in result.err, name, result)


@test()
def r04_no_descriptor_and_no_folder_of_the_host(t):
    """CVE-2024-21626."""
    t.write("victim/canary", "canary\n")
    t.mkdir("rw")
    forms = [f"/proc/self/fd/{number}" for number in range(3, 21)] + ["/proc/self/fd/7/../../..", "/proc/1/cwd", "/proc/self/cwd", "/proc/1/root", "/proc/self/root/..", "/proc/thread-self/root"]
    for number, form in enumerate(forms):
        os.symlink(form, t.path(f"rw/{number}"))
    for number, form in enumerate(forms):
        for cwd in (form, f"/rw/{number}"):
            result = t.up(PROBE + f"  - DIR/rw:/rw:rw\nprocess: {{cwd: {cwd}}}\n", "/probe", "exit", "0")
            equal(result.status, 125, f"{cwd}: {result}")
    os.symlink(t.path("victim"), t.path("rw/away"))
    os.symlink("/rw/inner", t.path("rw/honest"))
    t.mkdir("rw/inner")
    equal(t.up(PROBE + "  - DIR/rw:/rw:rw\nprocess: {cwd: /rw/away}\n", "/probe", "exit", "0").status, 125)
    equal(t.see(PROBE + "  - DIR/rw:/rw:rw\nprocess: {cwd: /rw/honest}\n")["cwd"], "/rw/inner")
    # Folders of the host that the caller has open, without close-on-exec, do not get inside.
    folder = os.open(t.path("victim"), os.O_RDONLY)

    def many():
        for number in range(500):
            os.dup2(folder, 100 + number)
    seen = t.see(PROBE, before=many, close_fds=False)
    os.close(folder)
    equal((seen["fds"], seen["cwd"]), ([0, 1, 2], "/"))
    names = t.up(PROBE, "/probe", "ls", "/../../../..").out.split()
    equal(sorted(names), ["probe", "proc"])


@test()
def r04_a_descriptor_that_is_not_there(t):
    """By then a file of nsbox's own may have its number: the specification, or the host's /proc."""
    for number in range(3, 30):
        result = t.up(PROBE + f"process: {{pass_fds: [{number}]}}\n", "/probe", "exit", "0")
        check(result.status == 125 and f"descriptor {number} is not open" in result.err, f"descriptor {number}", result)


@test()
def r04_standard_files_that_are_closed(t):
    """No file of nsbox, nor of the host, becomes the payload's 0, 1 or 2."""
    out = t.mkdir("out")
    spec = t.spec(PROBE + "  - DIR/out:/out:rw\n" + "process: {command: [/probe, write, /out/ok, x]}\n")
    for closed in range(8):
        def close():
            for fd in range(3):
                if closed >> fd & 1:
                    os.close(fd)
        equal(t.run([t.nsbox, "up", spec], before=close).status, 0, f"closed {closed:03b}")
        os.unlink(out + "/ok")
        result = t.run([t.nsbox, "up", "--report", t.path("report"), spec, "--", "/probe", "stat", "/proc/self/fd/0"], before=close)
        report = open(t.path("report")).read()
        check(result.status == 0 and report.startswith("{") and report.endswith("}\n"), f"closed {closed:03b}: something was written among it", result, report)
        equal(open(spec).read()[:8], "nsbox: 1")


@test()
def r04_init_holds_nothing_of_the_host(t):
    """Nor any right but the one to kill (R10), and it can't gain one."""
    launch = t.start([t.nsbox, "up", t.spec(PROBE), "--", "/probe", "sleep", "20"])
    try:
        equal(launch.stdout.readline(), b"ready\n")
        init = open(f"/proc/{launch.pid}/task/{launch.pid}/children").read().split()[0]
        for _ in range(200):  # it goes on when the command has been executed, at about the same time
            files = sorted(os.readlink(f"/proc/{init}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{init}/fd"))
            if len(files) == 2:
                break
            time.sleep(0.01)
        equal(files, ["anon_inode", "socket"], "its channel and its signals")
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{init}/status").read().splitlines() if ":\t" in line)
        equal((int(status["CapPrm"], 16), int(status["CapEff"], 16), int(status["CapInh"], 16), int(status["CapAmb"], 16), status["NoNewPrivs"]), (1 << 5, 1 << 5, 0, 0, "1"))
        equal(os.stat(f"/proc/{init}/fd").st_uid, 0, "not dumpable: root's")
    finally:
        launch.kill()
        launch.communicate()


@test()
def r05_r06_nothing_of_nsbox_can_be_reached(t):
    """CVE-2019-5736, CVE-2016-9962: neither its memory nor its descriptors nor its program."""
    before = sum_of(t.nsbox)
    equal(t.up(PROBE, "/probe", "peek", "1").out, "")
    equal(t.up(PROBE + "security: {capabilities: [SYS_PTRACE, DAC_OVERRIDE, SYS_ADMIN]}\n", "/probe", "peek", "1").out, "")
    check(" ok" not in t.up(PROBE, "/probe", "exes").out.replace("2 ok", ""), "exes")
    # Where the caller's processes are seen, the launcher is among them.
    for text in ("namespaces: {pid: host}\nmounts: [/proc, /var/tmp]\n", "namespaces: []\n", "namespaces: [user]\n"):
        spec = t.spec(text)
        launcher = t.start([t.nsbox, "up", spec, "--", t.probe, "sleep", "20"])
        try:
            equal(launcher.stdout.readline(), b"ready\n")
            # The host's root may count the descriptors of any process, whatever rights it has lost.
            counted = "fd\n" if t.root and "[]" in text else ""
            equal(t.up(spec, t.probe, "peek", str(launcher.pid)).out, counted, f"the launcher, {text}")
            check(f"\n{launcher.pid} ok" not in t.up(spec, t.probe, "exes").out, "the launcher's program")
        finally:
            launcher.kill()
            launcher.communicate()
    # Programs that are nsbox itself: it has no more rights there than any other.
    for text in ("#!/proc/self/exe\n", "#!/proc/1/exe\n", "#!/proc/self/fd/3\n"):
        t.write("script", text, 0o755)
        result = t.up(PROBE + "  - DIR/script:/script\n", "/script")
        check(result.status in (125, 126, 127, 2, 1), text, result)
        result = t.up(PROBE, text[2:].strip())
        check(result.status in (125, 126, 127, 2, 1), text, result)
    equal(sum_of(t.nsbox), before, "nsbox itself")


@test(callers=("root",))
def r06_who_may_trace_nsbox_finds_a_sealed_copy(t):
    """With the host's CAP_SYS_PTRACE pid 1 can be looked at, and its program is not the file."""
    before = sum_of(t.nsbox)
    text = PROBE + "namespaces: {user: host}\nsecurity: {capabilities: [SYS_PTRACE, DAC_OVERRIDE]}\n"
    seen = t.up(text, "/probe", "exes")
    check("1 EPERM" in seen.out or "1 ETXTBSY" in seen.out or "1 EACCES" in seen.out, "pid 1", seen)
    launch = t.start([t.nsbox, "up", t.spec(text), "--", "/probe", "sleep", "20"])
    try:
        equal(launch.stdout.readline(), b"ready\n")
        check(os.readlink(f"/proc/{launch.pid}/exe").startswith("/memfd:nsbox"), "the launcher's program")
        with open(f"/proc/{launch.pid}/exe", "rb") as program:
            equal(fcntl.fcntl(program, fcntl.F_GET_SEALS) & 15, 15, "sealed: nothing can be written, cut, added, or unsealed")
    finally:
        launch.kill()
        launch.communicate()
    # A specification from standard input is read once, and found again.
    result = t.run([t.nsbox, "up", "-", "--", "/probe", "args", "a b", "--"], stdin=("nsbox: 1\n" + text.replace("PROBE", t.probe)).encode())
    equal((result.status, result.out), (0, "a b\n--\n"), str(result))
    equal(result.err.count("[host-root]"), 1, "what it warns of, before its copy and in it")
    equal(sum_of(t.nsbox), before, "nsbox itself")


@test(callers=("user",))
def r06_the_keeper_can_not_be_traced(t):
    """The process beside nsbox that takes back what a kill would leave has the rights of its caller."""
    t.mkdir("rw")
    launch = t.start([t.nsbox, "up", t.spec(PROBE + "  - DIR/rw:/rw:rw\n  - {type: tmpfs, target: /rw/new, create: host}\n"), "--", "/probe", "sleep", "20"])
    try:
        equal(launch.stdout.readline(), b"ready\n")
        keeper = open(f"/proc/{launch.pid}/task/{launch.pid}/children").read().split()[0]
        equal(t.run([t.probe, "peek", keeper]).out, "")
    finally:
        launch.terminate()
        launch.communicate()


@test()
def r07_no_signal_and_no_byte_to_the_caller(t):
    """kill(0), TIOCSTI and TIOCLINUX, whatever the upper half of the request is (CVE-2019-10063)."""
    killed = str(128 + signal.SIGUSR1)
    for spec, probe, status in ((PROBE, "/probe", killed), (PROBE + "process: {init: false}\n", "/probe", "0"), ("namespaces: {pid: host}\nmounts: [PROBE:/probe]\n", "/probe", killed), ("namespaces: []\n", t.probe, killed)):  # a pid 1 survives itself
        group = subprocess.Popen([sys.executable, "-c", "import subprocess,sys,os\n"
                                  "other = subprocess.Popen(['sleep', '30'])\n"
                                  "one = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)\n"
                                  "alive = other.poll() is None\n"
                                  "other.kill()\n"
                                  "print(one.returncode, alive, one.stderr)\n", t.nsbox, "up", t.spec(spec), "--", probe, "kill", "0", str(int(signal.SIGUSR1))],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: (os.setpgid(0, 0), t.demote()), text=True)
        out, err = group.communicate(timeout=30)
        equal(out.split()[:2], [status, "True"], f"{spec}: {out}{err}")
    for request in (0x5412, 0x541C):
        for upper in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
            for more in ("", "security: {seccomp: off}\n"):
                equal(t.up(PROBE + more, "/probe", "ioctl", str(upper << 32 | request)).out.strip(), "EPERM", hex(request) + more)
        if os.uname().machine == "x86_64":
            equal(t.up(PROBE + "security: {seccomp: off}\n", "/probe", "call", "i386", "54", "0", str(request), "0").out.strip(), "EPERM", "by the gate of 32-bit programs")
    equal(t.up(PROBE, "/probe", "ioctl", "0x5413").out.strip(), "ENOTTY", "another request")


@test()
def r08_nested_user_namespaces_are_off(t):
    equal(t.up(PROBE, "/probe", "unshare", "0x10000000").out.strip(), "EPERM", "by the filter")
    equal(t.up(PROBE + "security: {seccomp: off}\n", "/probe", "unshare", "0x10000000").out.strip(), "ENOSPC", "by the limit")
    equal(t.up(PROBE + "security: {allow_nested_userns: true}\n", "/probe", "unshare", "0x10000000").out.strip(), "ok")


@test()
def r10_capabilities_are_exactly_those(t):
    seen = t.see(PROBE + "security: {capabilities: [NET_ADMIN, cap_sys_time]}\n")
    equal({int(value, 16) for value in seen["caps"].values()}, {1 << 12 | 1 << 25})
    seen = t.see(PROBE + "security: {capabilities: [NET_ADMIN]}\nprocess: {user: 1}\n" + ("" if t.root else "id_maps: subids\n"))
    equal({int(value, 16) for value in seen["caps"].values()}, {1 << 12}, "kept by a user other than 0")
    equal(seen["uid"], [1] * 3)
    seen = t.see(PROBE + "security: {capabilities: all}\n")
    last = int(open("/proc/sys/kernel/cap_last_cap").read())
    equal(int(seen["caps"]["CapEff"], 16), (1 << last + 1) - 1)
    seen = t.see(PROBE)
    equal(({int(value, 16) for value in seen["caps"].values()}, seen["nnp"]), ({0}, 1))
    # NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, and that none of them, nor KEEP_CAPS, can change.
    equal(seen["securebits"], 0b11101111)
    seen = t.see(PROBE + "security: {no_new_privs: false}\n")
    equal((seen["nnp"], seen["seccomp"], {int(value, 16) for value in seen["caps"].values()}), (0, "2", {0}))


@test()
def r10_what_the_caller_has_is_not_inherited(t):
    """CVE-2022-29162: inheritable and ambient capabilities."""
    if not shutil.which("setpriv"):
        raise Skip("setpriv is not there")
    user = [] if t.root else ["--reuid", str(UID), "--regid", str(UID), "--clear-groups"]
    for namespaces, probe in (("", "/probe"), ("namespaces: []\n", t.probe), ("namespaces: {user: host}\n" if t.root else "namespaces: [user]\n", "/probe" if t.root else t.probe)):
        spec = t.spec(namespaces + (PROBE if probe == "/probe" else ""))
        done = subprocess.run(["setpriv", *user, "--inh-caps", "+net_raw,+net_admin", "--ambient-caps", "+net_raw,+net_admin", t.nsbox, "up", spec, "--", probe], capture_output=True, text=True, cwd=t.folder)
        equal(done.returncode, 0, done.stderr)
        caps = Result(0, done.stdout, "").json()["caps"]
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            equal(int(caps[name], 16), 0, f"{name}, {namespaces}")


@test(callers=("user",))
def r11_never_with_rights_that_the_caller_has_not(t):
    for name, change in (("setuid", lambda path: os.chmod(path, 0o4755)), ("setgid", lambda path: os.chmod(path, 0o2755)), ("capable", lambda path: subprocess.run(["setcap", "cap_net_raw+ep", path], check=True))):
        if name == "capable" and not shutil.which("setcap"):
            raise Skip("setcap is not there")
        path = t.path(name)
        shutil.copy(t.nsbox, path)
        os.chown(path, 0, 0)
        os.chmod(path, 0o755)
        change(path)
        result = t.run([path, "up", t.spec(PROBE), "--", "/probe", "exit", "0"])
        check(result.status == 125 or SANITIZED, name, result)  # a sanitizer has an end of its own
        check("refuses to run set-user-ID, set-group-ID or with file capabilities" in result.err and result.out == "", name, result)
        equal(t.run([path, "version"]).out, "", name)
        os.unlink(path)


@test()
def r12_words_are_taken_literally(t):
    """CVE-2024-32462, CVE-2022-31214: no shell, and no option among the payload's words."""
    words = ["--bind", "/", "-x", "--", ";id", "$(id)", "`id`", "a b", "*", "~", "${HOME}", "", "|cat", ">out", "\\", "'", '"']
    equal(t.up(PROBE, "/probe", "args", *words).out, "".join(word + "\n" for word in words))
    listed = ", ".join("'" + word.replace("'", "''").replace("${", "$${") + "'" for word in words)
    equal(t.up(PROBE + f"process: {{command: [/probe, args, {listed}]}}\n").out, "".join(word + "\n" for word in words))
    for command in (["--bind", "/", "/host"], ["--help"], ["-c", "id"], [";id"], ["$(id)"]):
        for result in (t.up(PROBE, *command), t.up(PROBE + "process: {command: [" + ", ".join(f"'{word}'" for word in command) + "]}\n")):
            equal(result.status, 127, f"{command}: {result}")
            check("is not in the sandbox's PATH" in result.err, "message", result)
    trace = strace(t, "-e", "trace=execve", t.nsbox, "up", t.spec(PROBE), "--", "/probe", "args", "$(id)")
    equal([line.split('"')[1] for line in trace.err.splitlines() if "execve(" in line][1:], ["/probe"])


@test()
def r16_the_environment_changes_nothing(t):
    """CVE-2021-21261."""
    env = {"PATH": os.environ["PATH"], "LD_PRELOAD": t.path("x.so"), "LD_LIBRARY_PATH": t.folder, "LD_AUDIT": t.path("x.so"), "GLIBC_TUNABLES": "glibc.malloc.check=3", "NSBOX_NAME": "x", "NSBOX_SPEC": t.path("x"), "NSBOX_LOG": "trace", "BASH_ENV": t.path("x"), "ENV": t.path("x"), "IFS": "/",
           "MALLOC_TRACE": t.path("traced"), "LOCPATH": t.folder, "TMPDIR": t.folder, "SHELL": t.path("x"), "HOME": t.path("x"), "UID": "7", "USER": "other"}
    for inherit in ("", "process: {env_inherit: true}\n", 'process: {env_inherit: ["*"]}\n', 'process: {env_inherit: ["LD_*", "N*", "?FS", "BASH_*", "E*", "GLIBC*"]}\n'):
        plain = t.up(PROBE + inherit, "/probe", env={"PATH": env["PATH"]}).json()
        seen = t.up(PROBE + inherit, "/probe", env=env).json()
        for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GLIBC_TUNABLES", "NSBOX_NAME", "NSBOX_SPEC", "NSBOX_LOG", "BASH_ENV", "ENV", "IFS"):
            check(name not in seen["env"], f"{name} inside, {inherit}")
        for key in ("uid", "caps", "nnp", "seccomp", "fds", "cwd", "hostname", "umask", "rlimits"):
            equal(seen[key], plain[key], key)
    trace = strace(t, "-e", "trace=openat,openat2,open", "-E", "LD_PRELOAD=" + t.path("x.so"), "-E", "GLIBC_TUNABLES=glibc.malloc.check=3", t.nsbox, "up", t.spec(PROBE), "--", "/probe", "exit", "0")
    equal(trace.status, 0, str(trace))
    check(SANITIZED or "x.so" not in trace.err, "opened", trace.err)
    equal(t.up(PROBE + "hostname: u${UID}\n", "/probe", env=env).json()["hostname"], f"u{t.uid}", "a built-in name is the kernel's")
    check(not os.path.exists(t.path("traced")), "MALLOC_TRACE")


@test()
def r17_a_guard_that_fails_ends_the_launch(t):
    """No call that a sandbox is made of can fail and the payload run."""
    t.mkdir("out")
    spec = t.spec(PROBE + "hostname: h\n" + "process: {cwd: /proc}\n")
    wrong = []
    for call in some(CALLS):
        result = strace(t, "-o", "/dev/null", "-e", "trace=" + call, "-e", f"inject={call}:error=EPERM", t.nsbox, "up", spec, "--", "/probe", "args", "ran")
        if "ran" in result.out or result.status == 0:
            wrong.append((call, result.status, result.out, result.err))
    equal(wrong, [])


def traced(t, spec, *more):
    """The calls of a traced launch, those of each process in their order."""
    trace = t.write("trace", "")
    result = strace(t, "-o", trace, *more, t.nsbox, "up", spec, "--", "/probe", "args", "ran")
    found = {}
    for line in open(trace):
        pid, call = line.split(" ", 1)
        found.setdefault(pid, []).append(call.strip())
    return result, found


@test()
def r17_what_was_only_said_to_be_done_is_found_out(t):
    """A call that answers 0 and has done nothing: what guards the host is read back."""
    maps = "" if t.root else "id_maps: subids\n"
    plain = t.spec(PROBE + maps + "process: {user: 7, group: 8, groups: [9]}\n")
    # With it the kernel takes a filter from one who can gain privileges as well.
    capable = t.spec(PROBE + "security: {capabilities: [SYS_ADMIN]}\n", "capable.yaml")
    calls = {"prctl": ("PR_SET_SECUREBITS", "PR_SET_NO_NEW_PRIVS"), "capset": ("",), "setgroups": ("",), "setresuid": ("",), "setresgid": ("",)}
    missed = []
    for call, words in calls.items():
        for word in words:
            spec = capable if word == "PR_SET_NO_NEW_PRIVS" else plain
            _, processes = traced(t, spec, "-e", "trace=" + call + ",execve")
            payload = next(each for each in processes.values() if any(line.startswith('execve("/probe"') for line in each))
            own = [line for line in payload if line.startswith(call + "(")]
            numbers = [number for number, line in enumerate(own, 1) if word in line]
            check(numbers, f"no {call} {word}", payload)
            result, _ = traced(t, spec, "-e", "trace=" + call, "-e", f"inject={call}:retval=0:when={numbers[-1]}")
            if result.status != 125 or result.out:
                missed.append((call, word, str(result)))
    equal(missed, [])


@test(callers=("user",))
def r17_without_user_namespaces_nothing_runs(t):
    script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\""
    result = t.run(["unshare", "-Urm", "sh", "-c", script, "sh", t.nsbox, "up", t.spec(PROBE), "--", "/probe", "args", "ran"])
    equal((result.status, result.out), (125, ""), str(result))
    check("ENOSPC" in result.err or "max_user_namespaces" in result.err, "message", result)


@test(callers=("user",))
def r18_a_group_cannot_be_dropped(t):
    """CVE-2014-8989: a file that denies a group must go on denying its members."""
    path = t.write("denied", "secret\n")
    os.chown(path, 0, UID + 1)
    os.chmod(path, 0o604)
    seen = None
    for command in (("/probe", "read", "/denied"), ("/probe",)):
        done = subprocess.run(["setpriv", "--reuid", str(UID), "--regid", str(UID), "--groups", str(UID + 1), t.nsbox, "up", t.spec(PROBE + "  - DIR/denied:/denied\n"), "--", *command], capture_output=True, text=True, cwd=t.folder)
        seen = Result(done.returncode, done.stdout, done.stderr)
        if len(command) > 1:
            equal(seen.out, "EACCES", str(seen))
    equal(seen.json()["setgroups"].strip(), "deny")
    err = t.sentence(PROBE + "process: {groups: [5]}\n", "/probe")
    check("setgroups: deny" in err, "message", err)


@test()
def r18_groups_are_exactly_the_plan_s(t):
    """CVE-2022-2989, CVE-2016-3697: a number is no name, and nothing of the caller's comes along."""
    t.write("etc/passwd", "1000:x:0:0::/:\n+1:x:0:0:::\napp:x:33:44::/:\n")
    t.write("etc/group", "1000:x:0:app\nextra:x:0:app,1000\n")
    maps = "" if t.root else "id_maps: subids\n"
    base = PROBE + "  - DIR/etc:/etc\n" + maps
    for process, uid, gid, groups in (("user: 1000", 1000, 0, []), ("user: 1000, group: 1000", 1000, 1000, []), ("user: app", 33, 44, []), ("user: app, groups: [1000]", 33, 44, [1000]), ("user: 1000, groups: [7, 5, 6]", 1000, 0, [5, 6, 7])):
        seen = t.see(base + f"process: {{{process}}}\n")
        equal((seen["uid"], seen["gid"], sorted(seen["groups"])), ([uid] * 3, [gid] * 3, groups), process)
    if t.root:
        done = subprocess.run(["setpriv", "--groups", "4,24,27", t.nsbox, "up", t.spec(PROBE), "--", "/probe"], capture_output=True, text=True, cwd=t.folder)
        equal(Result(0, done.stdout, done.stderr).json()["groups"], [], "the caller's groups")
    for name in ("1000:0:0", "", "-1", "1000 ", "extra:x"):
        equal(t.up(base + f"process: {{user: '{name}'}}\n", "/probe").status, 125, repr(name))


@test(callers=("root",))
def r24_root_inside_is_not_the_host_s_root(t):
    seen = t.see(PROBE)
    check(all(int(line.split()[1]) >= 65536 for line in (seen["uid_map"] + seen["gid_map"]).splitlines()), "the host's ids", seen["uid_map"])
    for spec in (PROBE, PROBE + "id_maps: root\n", PROBE + "namespaces: {user: host}\n", PROBE + "security: {capabilities: all}\n"):
        for path in ("kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "vm/overcommit_memory"):
            check(t.up(spec, "/probe", "open", "/proc/sys/" + path).out.strip() in ("EACCES", "EROFS", "ENOENT"), f"{path}, {spec}")
        check(t.up(spec, "/probe", "open", "/proc/sysrq-trigger").out.strip() in ("EACCES", "EROFS", "ENOENT"), f"sysrq-trigger, {spec}")
    unmasked = "security: {allow_nested_userns: true}\nmounts: [PROBE:/probe, {type: proc, target: /proc, masked: false}]\n"
    equal(t.up(unmasked, "/probe", "open", "/proc/sys/kernel/core_pattern").out.strip(), "EACCES", "by its ids alone")
    t.mkdir("rw")
    t.up(PROBE + "  - DIR/rw:/rw:rw\nnamespaces: {user: host}\n", "/probe", "exit", "0")
    warned = t.run([t.nsbox, "validate", t.spec(PROBE + "id_maps: root\n")])
    check("host-root" in warned.err + warned.out, "warning", warned)


@test()
def r25_the_caller_s_keys_stay_outside(t):
    def with_key():
        keyctl, add_key = 250, 248  # the numbers of x86-64
        libc.syscall(keyctl, 1, None)
        check(libc.syscall(add_key, b"user", b"nsbox-canary", b"secret", 6, -3) > 0, "add_key")
    if os.uname().machine != "x86_64":
        raise Skip("the test knows the numbers of x86-64 alone")
    equal(t.run([t.probe, "key", "nsbox-canary"], before=with_key).out.strip(), "ok", "outside")
    for spec, probe in ((PROBE, "/probe"), (PROBE + "process: {init: false}\n", "/probe"), ("namespaces: []\n", t.probe)):
        equal(t.up(spec, probe, "key", "nsbox-canary", before=with_key).out.strip(), "ENOSYS", spec)
        check(t.up(spec + "security: {seccomp: off}\n", probe, "key", "nsbox-canary", before=with_key).out.strip() in ("ENOKEY", "EACCES"), spec)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
