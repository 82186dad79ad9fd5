# SPDX-License-Identifier: MIT
"""The rules about file trees, one test or more for each: where a mount point, a source, a device may
come from. The names begin with the number of a rule of SECURITY.md."""
import ctypes, os, shutil, stat, subprocess, sys, time
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

LONG = bool(os.environ.get("NSBOX_LONG"))
AT_FDCWD, RENAME_EXCHANGE = -100, 2
KINDS = ("{type: dir, target: %s%s}", "{type: tmpfs, target: %s%s}", "{type: file, target: %s, content: evil%s}", "{type: symlink, target: %s, to: y%s}",
         "{type: bind, source: DIR/good, target: %s%s}", "{type: mask, target: %s%s}")


class Victim:
    """A folder of the host, the caller's own, that no specification names: only nsbox keeps it as it is."""

    def __init__(self, t):
        self.path = t.mkdir("victim")
        t.write("victim/canary", "canary\n")
        os.utime(self.path, (0, 0))

    def check(self, what, result=None):
        equal(os.listdir(self.path), ["canary"], what)
        equal(open(self.path + "/canary").read(), "canary\n", what)
        equal(os.stat(self.path).st_mtime, 0, f"{what}: made and taken away again: {result}")
        if result:
            check("canary" not in result.out, f"{what}: visible inside", result)


def own_mounts():
    return open("/proc/self/mountinfo").read()


def plant(folder, links):
    os.makedirs(folder, exist_ok=True)
    for name, to in links.items():
        os.symlink(to, os.path.join(folder, name))


def leads(victim):
    """What a payload can plant as `link`, by name."""
    climb = "../" * 20 + victim[1:]
    yield "absolute", {"link": victim}
    yield "climbing", {"link": climb}
    yield "the old root", {"link": "/oldroot" + victim}
    yield "the root of process 1", {"link": "/proc/1/root" + victim}
    yield "the own root", {"link": "/proc/self/root" + victim}
    yield "the own folder", {"link": "/proc/self/cwd/" + climb}
    yield "a descriptor", {"link": "/proc/self/fd/7/" + climb}
    yield "a thread's descriptor", {"link": "/proc/thread-self/fd/3"}
    yield "a chain", {"link": "one", "one": "two", "two": "/" + climb}
    yield "the root", {"link": "/"}
    yield "one up", {"link": ".."}
    yield "in the middle", {"link": "step/..", "step": victim}
    yield "dangling", {"link": victim + "/missing"}
    yield "a file", {"link": victim + "/canary"}
    yield "a loop", {"link": "link"}


@test()
def r01_targets_through_planted_links(t):
    victim, before = Victim(t), own_mounts()
    t.mkdir("good")
    for number, (name, links) in enumerate(some(leads(victim.path))):
        rw = f"rw{number}"
        plant(t.mkdir(rw), links)
        for target in ("/rw/link/x", "/rw/link"):
            for create in ("", ", create: host"):
                for kind in KINDS:
                    entry = kind % (target, create)
                    result = t.up(PROBE + f"  - DIR/{rw}:/rw:rw\n  - {entry}\n", "/probe", "ls", target)
                    what = f"{name}: {entry}"
                    victim.check(what, result)
                    equal(sorted(os.listdir(t.path(rw))), sorted(links), what)
                    check(result.status in (0, 1, 125), what, result)  # 1: the probe finds no folder to list
    equal(own_mounts(), before, "the host's mounts")


@test()
def r01_honest_links_are_followed_inside(t):
    for name in ("", "run", "usr", "usr/bin", "var", "proc"):
        t.mkdir("tree/" + name)
    plant(t.path("tree"), {"bin": "usr/bin"})
    plant(t.path("tree/var"), {"run": "/run", "up": "../run"})
    for root in ("{type: bind, source: DIR/tree}", "{type: overlay, lower: [DIR/tree]}"):
        spec = f"root: {root}\nmounts:\n  - PROBE:/bin/probe\n  - {{type: proc, target: /proc}}\n  - {{type: tmpfs, target: /var/run/new}}\n  - {{type: file, target: /var/up/hello, content: hello}}\n"
        table = mounts(t.see(spec, "/usr/bin/probe")["mounts"])
        check("/run/new" in table and "/run/hello" in table and "/usr/bin/probe" in table, root, sorted(table))
    equal(os.listdir(t.path("tree/run")), [])


@test()
def r01_trees_whose_own_folders_are_links(t):
    """What nsbox makes by itself is made inside too (CVE-2026-41579, CVE-2025-52565)."""
    victim, before = Victim(t), own_mounts()
    t.mkdir("good")
    entries = {"dev": "{type: dev, target: /dev}", "proc": "{type: proc, target: /proc}", "sys": "{type: sysfs, target: /sys}", "tmp": "{type: tmpfs, target: /tmp}",
               "dev/pts": "{type: devpts, target: /dev/pts}", "dev/shm": "{type: tmpfs, target: /dev/shm}", "etc": "{type: file, target: /etc/hosts, content: x}",
               "dev/console": "{type: bind, source: /dev/null, target: /dev/console}", "dev/null": "{type: mask, target: /dev/null}", "mnt": "DIR/good:/mnt/x"}
    for number, (name, entry) in enumerate(some(entries.items())):
        tree = f"tree{number}"
        t.mkdir(tree + "/bin")
        shutil.copy(t.probe, t.path(tree + "/bin/probe"))
        t.mkdir(os.path.dirname(f"{tree}/{name}"))
        for to in (victim.path, "../" * 20 + victim.path[1:], "/proc/1/root" + victim.path, victim.path + "/canary", "/"):
            plant(t.path(tree), {name: to})
            for root in (f"{{type: bind, source: DIR/{tree}}}", f"{{type: bind, source: DIR/{tree}, readonly: false}}", f"{{type: overlay, lower: [DIR/{tree}]}}"):
                result = t.up(f"root: {root}\nmounts:\n  - {entry}\n", "/bin/probe", "ls", "/" + name)
                victim.check(f"/{name} -> {to}, {root}", result)
                check(result.status in (0, 1, 125), name, result)
            os.unlink(t.path(f"{tree}/{name}"))
    equal(own_mounts(), before, "the host's mounts")


class Swapping:
    """Another process of the host's that renames two names of a folder into one another, without rest."""

    def __init__(self, one, other):
        self.one, self.other = one.encode(), other.encode()

    def __enter__(self):
        self.pid = os.fork()
        if self.pid == 0:
            while True:
                libc.renameat2(AT_FDCWD, self.one, AT_FDCWD, self.other, RENAME_EXCHANGE)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@test()
def r01_names_that_are_swapped_meanwhile(t):
    """CVE-2021-30465, CVE-2024-45310: between folder and link, at any moment of a launch."""
    victim, before = Victim(t), own_mounts()
    t.mkdir("rw/a/b")
    t.mkdir("good")
    plant(t.path("rw"), {"other": victim.path})
    specs = [t.spec(PROBE + "  - DIR/rw:/rw:rw\n" + more, f"swap{number}.yaml") for number, more in enumerate((
        "  - {type: tmpfs, target: /rw/a/b}\n",
        "  - {type: bind, source: DIR/good, target: /rw/a/new/deep, create: host}\n",
        "  - {type: file, target: /rw/a/file, content: evil, create: host}\n",
        "  - DIR/rw/a:/rw2\n",
        "  - {type: overlay, target: /rw2, lower: [DIR/rw/a]}\n",
        "  - {type: file, target: /rw2, content_from: DIR/rw/a/canary}\n"))]
    ends = {0: 0, 125: 0}
    with Swapping(t.path("rw/a"), t.path("rw/other")):
        for number in range(1000 if LONG else 10):
            for spec in specs:
                result = t.run([t.nsbox, "up", spec, "--", "/probe", *(("read", "/rw2") if spec == specs[-1] else ("ls", "/rw2"))])
                victim.check(spec, result)
                status = 0 if result.status == 1 else result.status
                check(status in ends, spec, result)
                ends[status] += 1
    check(ends[125], "the race was never lost by nsbox: nothing was tried", ends)
    equal(own_mounts(), before, "the host's mounts")


@test()
def r01_sources_below_a_writable_bind(t):
    """Run 1 replaces what it can write by a link; run 2 must not follow it (CVE-2024-42472)."""
    victim = Victim(t)
    out = t.mkdir("out")
    t.mkdir("outer")
    os.symlink(t.path("rw"), t.path("alias"))  # the same folder by another, honest name
    os.symlink("rw/persist/log", t.path("into"))
    entries = {"a bind": "  - DIR/rw/persist:/p\n", "a later remount": "  - DIR/rw/persist:/p\n", "by another name": "  - DIR/alias/persist:/p\n", "deeper": "  - DIR/rw/persist/log:/p\n", "by a link into it": "  - DIR/into:/p\n",
               "a layer": "  - {type: overlay, target: /p, lower: [DIR/rw/persist]}\n", "a copy": "  - {type: file, target: /p, content_from: DIR/rw/persist/canary}\n",
               "input": "process: {stdin: DIR/rw/persist/canary}\n", "output": "process: {stdout: DIR/rw/persist/canary}\n", "an upper layer": "  - {type: overlay, target: /p, lower: [DIR/out], upper: DIR/rw/persist/up, work: DIR/rw/persist/work}\n"}
    for name, entry in entries.items():
        shutil.rmtree(t.path("rw"), ignore_errors=True)
        for folder in ("rw", "rw/persist", "rw/persist/log", "rw/persist/up", "rw/persist/work"):
            t.mkdir(folder)
        t.write("rw/persist/canary", "mine\n")
        spec = t.spec(PROBE + ("  - DIR/rw:/rw\n  - {type: remount, target: /rw, readonly: false}\n" if name == "a later remount" else "  - DIR/rw:/rw:rw\n") + entry)
        result = t.up(spec, "/probe", "exit", "0")
        equal(result.status, 0, f"{name}: {result}")
        os.rename(t.path("rw/persist"), t.path("rw/old"))
        os.symlink(victim.path, t.path("rw/persist"))
        for file in ("log", "up", "work"):
            os.path.exists(victim.path + "/" + file) or os.mkdir(victim.path + "/" + file)
            t.owned(victim.path + "/" + file)
        # What the link leads to is as good as the real one, but for its place.
        result = t.up(spec, "/probe", "exit", "0")
        equal(result.status, 125, f"{name}: {result}")
        check("a link below a folder that the sandbox can write" in result.err, name, result)
        equal(open(victim.path + "/canary").read(), "canary\n", name)
        shutil.rmtree(victim.path)
        victim = Victim(t)


class Held:
    """A launch that is held for a moment at the first (or a later) CALL, so that the host can change meanwhile."""

    def __init__(self, t, call, spec, *command, when=1):
        if not shutil.which("strace"):
            raise Skip("strace is not there")
        user = [] if t.root else ["-u", USER]
        trace = t.write("trace", "")
        self.process = subprocess.Popen(["strace", "-f", "-qq", "-o", trace, *user, "-e", "trace=" + call, "-e", f"inject={call}:delay_enter=1000000:when={when}", t.nsbox, "up", spec, "--", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        while open(trace).read().count(call + "(") < when:
            check(self.process.poll() is None, f"no {call} number {when}", self.process.returncode)
            time.sleep(0.01)

    def end(self):
        out, err = self.process.communicate(timeout=60)
        return Result(self.process.returncode, out, err)


@test()
def r01_a_folder_that_is_a_link_by_now(t):
    """The same once, at the worst moment: after the plan, before the first mount."""
    victim = Victim(t)
    for folder in ("b", "f"):
        t.mkdir("victim/" + folder) if folder == "b" else t.write("victim/f", "")
    os.utime(victim.path, (0, 0))
    t.mkdir("good")
    for bind, entry in ((":rw", "{type: tmpfs, target: /rw/a/b}"), (":rw", "{type: mask, target: /rw/a/f}"), (":rw", "{type: bind, source: DIR/good, target: /rw/a/new, create: host}"), (":rw", "{type: file, target: /rw/a/new, content: x, create: host}"),
                        ("", "{type: bind, source: DIR/good, target: /rw/a/b}"), ("", "{type: tmpfs, target: /rw/a/new}"), ("", "{type: symlink, target: /rw/a/new, to: x}")):
        shutil.rmtree(t.path("rw"), ignore_errors=True)
        for folder in ("rw", "rw/a", "rw/a/b"):
            t.mkdir(folder)
        t.write("rw/a/f", "")
        plant(t.path("rw"), {"other": victim.path})
        call = "socketpair" if "host" in entry else "fsopen"
        launch = Held(t, call, t.spec(PROBE + f"  - DIR/rw:/rw{bind}\n  - {entry}\n"), "/probe", "ls", "/rw/a")
        libc.renameat2(AT_FDCWD, t.path("rw/a").encode(), AT_FDCWD, t.path("rw/other").encode(), RENAME_EXCHANGE)
        result = launch.end()
        equal(result.status, 125, f"{entry}: {result}")
        equal((sorted(os.listdir(victim.path)), os.stat(victim.path).st_mtime), (["b", "canary", "f"], 0), entry)


@test()
def r01_a_layer_that_has_moved_by_now(t):
    """What is made in a throw-away layer, after the host has put a link in the layer's place."""
    victim = Victim(t)
    t.mkdir("ro")
    t.mkdir("ro/a")
    plant(t.path("ro"), {"other": victim.path})
    spec = t.spec(PROBE + "  - DIR/ro:/ro\n  - {type: dir, target: /ro/a/one}\n  - {type: mqueue, target: /mq}\n  - {type: dir, target: /ro/a/two}\n")
    steps = t.run([t.nsbox, "plan", "--format", "json", spec, "--", "x"]).json()["steps"]
    mounted = [step["object"] for step in steps if "mount" in step["calls"]]
    launch = Held(t, "mount", spec, "/probe", "ls", "/ro/a", when=mounted.index("mqueue") + 1)
    libc.renameat2(AT_FDCWD, t.path("ro/a").encode(), AT_FDCWD, t.path("ro/other").encode(), RENAME_EXCHANGE)
    result = launch.end()
    equal(result.status, 125, str(result))
    victim.check("the layer", result)


@test()
def r01_a_source_that_is_another_by_now(t):
    """The plan's device and inode are those that are mounted, or nothing is."""
    victim = Victim(t)
    entries = {"  - DIR/src:/x\n": "open_tree", "  - {type: overlay, target: /x, lower: [DIR/src]}\n": "open_tree"}
    if t.root:
        entries["  - {type: image, target: /x, source: DIR/src/canary, fstype: squashfs}\n"] = "socketpair"
    for entry, call in entries.items():
        t.write("src/canary", "another\n")
        launch = Held(t, call, t.spec(PROBE + entry), "/probe", "ls", "/x")
        os.rename(t.path("src"), t.path("was"))
        os.rename(victim.path, t.path("src"))
        result = launch.end()
        os.rename(t.path("src"), victim.path)
        shutil.rmtree(t.path("was"))
        equal(result.status, 125, f"{entry}: {result}")
        check("is no longer what the plan was made for" in result.err and result.out == "", entry, result)


@test()
def r01_a_report_is_not_written_through_a_link(t):
    victim = Victim(t)
    os.symlink(victim.path + "/canary", t.path("report"))
    err = t.sentence(PROBE, "/probe", args=("--report", t.path("report")))
    check("it is a symbolic link" in err, "message", err)
    victim.check("--report")


@test()
def r02_null_is_the_null_device(t):
    """CVE-2025-31133: what hides a file is the host's /dev/null, proved by its number."""
    victim = Victim(t)
    t.write("tree/secret", "secret\n")
    t.mkdir("tree/dev")
    os.chown(t.path("tree"), t.uid, t.uid)
    # In the tree it may be anything.
    for to in ("/proc/sys/kernel/core_pattern", victim.path + "/canary"):
        plant(t.path("tree/dev"), {"null": to})
        spec = "root: {type: bind, source: DIR/tree}\nmounts: [{type: dir, target: /bin}, {type: bind, source: PROBE, target: /bin/probe}, {type: proc, target: /proc}, {type: mask, target: /secret}]\n"
        info = t.see(spec, "/bin/probe", "stat", "/secret")
        equal((info["kind"], info["rdev"]), ("character", os.makedev(1, 3)))
        check(t.up(spec, "/bin/probe", "open", "/proc/sys/kernel/core_pattern").out.strip() in ("EROFS", "EACCES"), "core_pattern")
        os.unlink(t.path("tree/dev/null"))
    # On the host nothing else is taken for it.
    fake = t.write("fake", "fake\n", 0o666)
    check(libc.mount(fake.encode(), b"/dev/null", None, MS_BIND, None) == 0, "mount")
    try:
        for entry in ("{type: mask, target: /x}", "{type: proc, target: /proc}", "{type: dev, target: /dev}"):
            result = t.up(f"mounts: [PROBE:/probe, {entry}]\n", "/probe", "exit", "0")
            equal(result.status, 125, f"{entry}: {result}")
            check("device" in result.err, "message", result)
    finally:
        libc.umount2(b"/dev/null", 2)
    equal(open(fake).read(), "fake\n")
    victim.check("/dev/null")


@test()
def r15_only_what_was_made_is_taken_away(t):
    """CVE-2026-34079: the way to a mount point is another by the end."""
    victim = Victim(t)
    for name in ("new", "file"):
        t.write(f"victim/{name}/x" if name == "new" else "victim/file", "")
    os.mkdir(victim.path + "/new/deep")
    shell = "  - /usr\n  - {type: symlink, target: /bin, to: usr/bin}\n  - {type: symlink, target: /lib, to: usr/lib}\n  - {type: symlink, target: /lib64, to: usr/lib64}\n"
    spec = t.spec(PROBE + shell + "  - DIR/rw:/rw:rw\n  - DIR/rw:/again:rw\n  - {type: tmpfs, target: /rw/new/deep, create: host}\n  - {type: file, target: /rw/file, content: x, create: host}\n")
    cases = {"nothing": ("true", []),
             "a link for a folder above": (f"mv /rw/new /rw/moved && ln -s {victim.path} /rw/new", ["moved", "new"]),
             "a file for a folder above": ("mv /rw/new /rw/moved && echo x >/rw/new", ["moved", "new"]),
             "more in the folder": ("touch /rw/new/mine", ["new"]),
             "content in the file": ("echo content >/again/file", ["file"])}
    for name, (script, left) in cases.items():
        t.mkdir("rw")
        result = t.up(spec, "/bin/sh", "-c", script)
        equal(result.status, 0, f"{name}: {result}")
        equal(sorted(os.listdir(t.path("rw"))), left, name)
        shutil.rmtree(t.path("rw"))
        equal(sorted(os.listdir(victim.path)), ["canary", "file", "new"], name)
        equal(sorted(os.listdir(victim.path + "/new")), ["deep", "x"], name)
    # The host itself puts something of the same kind, empty too, in its place.
    t.mkdir("rw")
    launch = t.start([t.nsbox, "up", spec, "--", "/probe", "sleep", "1"])
    equal(launch.stdout.readline(), b"ready\n")
    os.rename(t.path("rw/file"), t.path("rw/was"))
    t.write("rw/file", "")
    launch.communicate()
    equal(sorted(os.listdir(t.path("rw"))), ["file", "was"], "another file")
    # It takes away what nsbox has made.
    shutil.rmtree(t.path("rw"))
    t.mkdir("rw")
    launch = t.start([t.nsbox, "up", spec, "--", "/probe", "sleep", "1"])
    equal(launch.stdout.readline(), b"ready\n")
    os.unlink(t.path("rw/file"))
    err = launch.communicate()[1]
    check(launch.returncode == 0 and b"take away" not in err, "it is gone already", err)
    equal(os.listdir(t.path("rw")), [])


@test()
def r15_no_more_is_made_than_is_known_of(t):
    """What `create: host` makes has room for its names, and for so many."""
    t.mkdir("rw")
    deep = "/".join("d" for _ in range(140))
    err = t.sentence(PROBE + f"  - DIR/rw:/rw:rw\n  - {{type: tmpfs, target: /rw/{deep}, create: host}}\n", "/probe")
    check("longer than fits" in err or "more than" in err, "so many folders", err)
    equal(os.listdir(t.path("rw")), [])
    long = "n" * 256
    err = t.sentence(PROBE + f"  - DIR/rw:/rw:rw\n  - {{type: tmpfs, target: /rw/{long}, create: host}}\n", "/probe")
    check(f"/{long}' in the sandbox can't be reached: File name too long (ENAMETOOLONG)" in err, "so long a name", err)
    if not t.root:
        os.chown(t.mkdir("rw/closed", 0o700), 0, 0)
        err = t.sentence(PROBE + "  - DIR/rw:/rw:rw\n  - {type: tmpfs, target: /rw/closed/x}\n", "/probe")
        check("'/rw/closed/x' in the sandbox can't be reached: Permission denied (EACCES)" in err, "a closed folder", err)
        os.rmdir(t.path("rw/closed"))
    equal(os.listdir(t.path("rw")), [])


@test(["user"])
def a_program_that_can_not_be_read(t):
    """The kernel makes who executes it not dumpable: then nobody but root may write its maps."""
    t.mkdir("rw")
    hidden = t.path("hidden")
    shutil.copy(t.nsbox, hidden)
    os.chmod(hidden, 0o711)
    os.chown(hidden, 0, 0)
    result = t.run([hidden, "up", t.spec(PROBE + "  - DIR/rw:/rw:rw\n  - {type: tmpfs, target: /rw/new, create: host}\n"), "--", "/probe"])
    check(result.status == 125 and result.err.count("\n") <= 4, "one message", result)
    equal(os.listdir(t.path("rw")), [])


@test()
def r15_a_killed_nsbox_leaves_nothing(t):
    t.mkdir("rw")
    launch = t.start([t.nsbox, "up", t.spec(PROBE + "  - DIR/rw:/rw:rw\n  - {type: tmpfs, target: /rw/new/deep, create: host}\n  - {type: file, target: /rw/file, content: x, create: host}\n"), "--", "/probe", "sleep", "100"])
    equal(launch.stdout.readline(), b"ready\n")
    equal(sorted(os.listdir(t.path("rw"))), ["file", "new"])
    launch.kill()
    launch.communicate()  # until nobody holds its output any more, the keeper neither
    equal(os.listdir(t.path("rw")), [])


@test(["root"])
def r15_a_killed_nsbox_leaves_no_pin(t):
    """At the opening of the gate, by when all are there; a pin stays once the command runs."""
    t.mkdir("pins")
    spec = t.spec(PROBE + "namespaces: {net: {pin: DIR/pins/net}, uts: {pin: DIR/pins/uts}}\n")
    before = own_mounts()
    killed = t.run([os.environ["NSBOX_INJECT"], "-o", t.path("report"), "0", "sendmsg", "1", "signal", "9", "--", t.nsbox, "up", spec, "--", "/probe", "sleep", "100"])
    equal(open(t.path("report")).read().split("\n")[:2], ["hit", "signal 9"], str(killed))
    equal((os.listdir(t.path("pins")), own_mounts()), ([], before))
    launch = t.start([t.nsbox, "up", spec, "--", "/probe", "sleep", "100"])
    equal(launch.stdout.readline(), b"ready\n")
    pause(0.2)  # until nsbox knows it as well
    launch.kill()
    launch.communicate()
    equal(t.run([t.nsbox, "unpin", t.path("pins/net"), t.path("pins/uts")]).status, 0)
    equal((os.listdir(t.path("pins")), own_mounts()), ([], before))


@test()
def r17_a_mask_is_not_uncovered(t):
    t.write("tree/sub/secret", "secret\n")
    bind, mask = "  - DIR/tree:/x\n", "  - {type: mask, target: /x/sub}\n"
    spec = t.spec(PROBE + bind + mask)
    equal(t.up(spec, "/probe", "ls", "/x/sub").out, "")
    lines = [line for line in t.run([t.nsbox, "plan", spec]).out.splitlines() if " move_mount /x" in line]
    check(len(lines) == 2 and "/x/sub" in lines[1], "the plan's order", lines)
    for later in ("  - DIR/tree:/x\n", "  - DIR/tree/sub:/x/sub\n", "  - {type: tmpfs, target: /x}\n"):
        err = t.sentence(PROBE + bind + mask + later, "/probe")
        check("would uncover '/x/sub'" in err, "message", err)
    equal(t.up(PROBE + bind + mask + "  - {type: bind, source: DIR/tree/sub, target: /x/sub, override: true}\n", "/probe", "ls", "/x/sub").out, "secret\n")


@test()
def r20_cgroups_are_the_sandbox_own_and_read_only(t):
    spec = t.spec(PROBE + "  - {type: cgroup2, target: /cgroup}\n  - {type: sysfs, target: /sys}\n")
    equal(t.up(spec, "/probe", "read", "/proc/self/cgroup").out.splitlines()[-1], "0::/")
    for path in ("/cgroup/cgroup.procs", "/cgroup/cgroup.subtree_control"):
        check(t.up(spec, "/probe", "open", path).out.strip() != "ok", path)
    check(t.up(spec, "/probe", "open", "/cgroup/release_agent").out.strip() == "ENOENT", "release_agent")
    equal(t.up(spec, "/probe", "stat", "/cgroup").json()["readonly"], 1)


@test()
def r23_nothing_beside_the_tree_is_configuration(t):
    """CVE-2026-40226. And R6 (CVE-2019-14271): nsbox itself reads nothing of the tree but what the plan says."""
    if not shutil.which("strace"):
        raise Skip("strace is not there")
    if SANITIZED:
        return
    for name in (".nsbox", "nsbox.conf", ".nsbox.yaml", "nsbox.yaml", "etc/nsbox.yaml", "etc/ld.so.preload", "etc/nsswitch.conf", "etc/locale.alias", "etc/localtime", "etc/ld.so.cache", "lib/libnss_files.so.2", "usr/lib/gconv/gconv-modules"):
        t.write("tree/" + name, "nonsense: [\n")
    for name in ("tree.nsbox", "tree.yml", "tree.yaml"):
        t.write(name, "nonsense: [\n")
    t.write("tree/etc/passwd", "app:x:0:0::/:\n")
    t.mkdir("tree/bin")
    shutil.copy(t.probe, t.path("tree/bin/probe"))
    spec = t.spec("root: {type: bind, source: DIR/tree}\nprocess: {user: app, cwd: /etc}\n", "the-spec")
    trace = t.path("trace")
    open(trace, "w").close()
    os.chmod(trace, 0o666)
    env = {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LOCPATH": t.path("tree"), "GCONV_PATH": t.path("tree"), "TZ": ":" + t.path("tree/etc/localtime"), "PATH": os.environ["PATH"]}
    argv = ["strace", "-f", "-o", trace, "-e", "trace=open,openat,openat2,execve", *([] if t.root else ["-u", USER]), t.nsbox, "up", spec, "--", "/bin/probe", "exit", "0"]
    result = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=t.path("tree"))
    equal(result.returncode, 0, result.stderr)
    text = open(trace).read()
    opened = [line.split('"')[1] for line in text.splitlines() if "open" in line and '"' in line and "ENOENT" not in line]
    allowed = ("/proc", "self/", "sys/user/", "/etc/subuid", "/etc/subgid", "/etc/passwd", "/dev/null", "/sys/", spec)
    # And the command's first bytes: whether it is a program of this ABI.
    inside = {"/", "etc/passwd", "/etc", ".", "etc", "/bin/probe"}
    more = [path for path in opened if path not in inside and not path.startswith(allowed) and not path.split("/")[0].isdigit()]
    equal(more, [], "opened")


@test()
def r26_binds_are_restricted_with_all_below(t):
    t.mkdir("tree/sub")
    mount_another(t.path("tree/sub").encode())
    try:
        for folder in ("tree", "tree/sub"):
            os.mknod(t.path(folder + "/null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
            os.chmod(t.path(folder + "/null"), 0o666)
            shutil.copy(t.probe, t.path(folder + "/setuid"))
            os.chmod(t.path(folder + "/setuid"), 0o4755)
        for options, readonly in (("", 1), (":rw", 0)):
            spec = t.spec(PROBE + f"  - DIR/tree:/x{options}\n")
            for place in ("/x", "/x/sub"):
                info = t.see(spec, "/probe", "stat", place)
                equal((info["readonly"], info["nosuid"], info["nodev"]), (readonly, 1, 1), place + options)
                equal(t.up(spec, "/probe", "read", place + "/null").out, "EACCES", place + "/null")
        root = t.see("root: {type: bind, source: DIR/tree}\nmounts: [PROBE:/setuid]\n", "/setuid", "stat", "/sub")
        equal((root["readonly"], root["nosuid"], root["nodev"]), (1, 1, 1), "as the root")
        # Written: given, and nothing else with it.
        spec = PROBE + "  - {type: bind, source: DIR/tree/null, target: /null, nodev: true}\n"
        equal(t.up(spec, "/probe", "read", "/null").out, "EACCES")
    finally:
        libc.umount2(t.path("tree/sub").encode(), 2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
