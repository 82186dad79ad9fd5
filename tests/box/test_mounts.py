# SPDX-License-Identifier: MIT
"""Every kind of root and every mount type, seen from inside; and what stays on the host."""
import os, resource, subprocess, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *

USR = """  - /usr
  - {type: symlink, target: /bin, to: usr/bin}
  - {type: symlink, target: /lib, to: usr/lib}
  - {type: symlink, target: /lib64, to: usr/lib64}
"""


def listed(t, spec, path):
    return sorted(t.up(spec, "/probe", "ls", path).out.split())


def stat_of(t, spec, path):
    return t.see(spec, "/probe", "stat", path)


def read(t, spec, path):
    return t.up(spec, "/probe", "read", path).out


def write(t, spec, path, text="x"):
    return t.up(spec, "/probe", "write", path, text).out.strip()


def tree(t, name="tree"):
    """A folder of the host with a bit of everything."""
    t.mkdir(name)
    t.write(name + "/file", "file\n")
    t.mkdir(name + "/sub")
    t.write(name + "/sub/deep", "deep\n")
    os.symlink("sub/deep", t.path(name + "/link"))
    os.symlink("/etc/passwd", t.path(name + "/away"))
    return t.path(name)


def listing(folder):
    found = []
    for where, folders, files in os.walk(folder):
        found += [os.path.relpath(os.path.join(where, name), folder) for name in folders + files]
    return sorted(found)


class Mounted:
    """A tmpfs on a folder of the (our own) host, while it lasts."""

    def __init__(self, path, data=b"mode=0777"):
        self.path, self.data = path.encode(), data

    def __enter__(self):
        mount_another(self.path, self.data)

    def __exit__(self, *_):
        libc.umount2(self.path, 2)


@test()
def binds_are_read_only_unless_written(t):
    tree(t)
    spec = t.spec(PROBE + "  - DIR/tree:/ro\n  - DIR/tree:/rw:rw\n  - DIR/tree/file:/single\n")
    equal(read(t, spec, "/ro/sub/deep"), "deep\n")
    equal(write(t, spec, "/ro/new"), "EROFS")
    equal(write(t, spec, "/single"), "EROFS")
    equal(write(t, spec, "/rw/new"), "ok")
    equal(os.stat(t.path("tree/new")).st_uid, t.uid)
    equal(read(t, spec, "/single"), "file\n")
    info = stat_of(t, spec, "/ro")
    equal((info["readonly"], info["nosuid"], info["nodev"], info["noexec"]), (1, 1, 1, 0))
    equal(stat_of(t, PROBE + "  - DIR/tree:/x:noexec\n", "/x")["noexec"], 1)
    equal(listed(t, PROBE + "  - DIR/none:/x:optional\n", "/"), ["probe", "proc"])
    err = t.sentence(PROBE + "  - DIR/none:/x\n", "/probe")
    check("does not exist" in err and "mounts[2]" in err and ":6:5:" in err, "message", err)


@test()
def what_is_mounted_below_a_bind(t):
    top = tree(t)
    with Mounted(top + "/sub"):
        t.write("tree/sub/inner", "", 0o666)
        spec = t.spec(PROBE + "  - DIR/tree:/x\n")
        equal(listed(t, spec, "/x/sub"), ["inner"])
        equal(write(t, spec, "/x/sub/inner"), "EROFS")
        equal(write(t, PROBE + "  - DIR/tree:/x:rw\n", "/x/sub/inner"), "ok")
        # Not recursive: nothing of what is mounted below.
        equal(listed(t, PROBE + "  - DIR/tree:/x:norecursive\n", "/x/sub"), ["deep"] if t.root else [])


@test()
def tmpfs_options(t):
    spec = t.spec(PROBE + '  - {type: tmpfs, target: /t, size: 1M, mode: "1770", inodes: 10, uid: 0}\n  - {type: tmpfs, target: /ro, readonly: true}\n  - {type: tmpfs, target: /ro/inner/deeper}\n')
    info = stat_of(t, spec, "/t")
    equal((info["mode"], info["total"], info["kind"]), ("1770", 1 << 20, "folder"))
    equal(write(t, spec, "/ro/x"), "EROFS")
    equal(write(t, spec, "/ro/inner/deeper/x"), "ok")
    equal(write(t, spec, "/t/x", "y" * 100), "ok")
    err = t.sentence(PROBE + "  - {type: tmpfs, target: /t, gid: 70000}\n", "/probe")
    check("70000" in err or "Bad value for 'gid'" in err, "message", err)


@test()
def proc_is_masked(t):
    spec = t.spec(PROBE)
    for name in ("keys", "timer_list", "key-users"):
        if os.path.exists("/proc/" + name):
            equal(stat_of(t, spec, "/proc/" + name)["kind"], "character", name)
    for name in ("sys", "bus", "irq"):
        equal(stat_of(t, spec, "/proc/" + name)["readonly"], 1, name)
    equal(write(t, spec, "/proc/sys/kernel/hostname", "x"), "EROFS")
    check(write(t, spec, "/proc/sysrq-trigger", "h") != "ok", "sysrq-trigger")
    check(write(t, spec, "/proc/sys/kernel/core_pattern", "x") != "ok", "core_pattern")
    names = listed(t, "mounts: [PROBE:/probe, {type: proc, target: /proc, subset: pid, hidepid: invisible}]\n", "/proc")
    check("meminfo" not in names and "self" in names, "subset", names)
    spec = "security: {allow_nested_userns: true}\nmounts: [PROBE:/probe, {type: proc, target: /proc, masked: false}]\n"
    check(stat_of(t, spec, "/proc/keys")["kind"] != "character", "not masked")
    err = t.sentence("namespaces: {pid: host}\nmounts: [PROBE:/probe, {type: proc, target: /proc}]\n", "/probe")
    check("would show the host's processes" in err, "message", err)


@test()
def kernel_file_systems(t):
    spec = t.spec(PROBE + "  - {type: sysfs, target: /sys}\n  - {type: mqueue, target: /dev/mqueue}\n  - {type: cgroup2, target: /cgroup}\n")
    table = mounts(t.see(spec)["mounts"])
    equal((table["/sys"]["type"], table["/dev/mqueue"]["type"], table["/cgroup"]["type"]), ("sysfs", "mqueue", "cgroup2"))
    equal(listed(t, spec, "/sys/class/net"), ["lo"])
    check("ro" in table["/sys"]["options"] and "ro" in table["/cgroup"]["options"], "read-only", table)
    equal(listed(t, spec, "/sys/firmware"), [])
    equal(stat_of(t, spec, "/dev/mqueue")["mode"], "1777")


@test()
def minimal_dev(t):
    spec = t.spec(PROBE + "  - {type: dev, target: /dev}\n")
    equal(listed(t, spec, "/dev"), sorted("null zero full random urandom tty fd stdin stdout stderr ptmx pts shm".split()))
    for name, number in (("null", (1, 3)), ("zero", (1, 5)), ("full", (1, 7)), ("random", (1, 8)), ("urandom", (1, 9)), ("tty", (5, 0))):
        info = stat_of(t, spec, "/dev/" + name)
        equal((info["kind"], os.major(info["rdev"]), os.minor(info["rdev"])), ("character", *number), name)
    equal(write(t, spec, "/dev/null"), "ok")
    equal(write(t, spec, "/dev/shm/x"), "ok")
    equal(stat_of(t, spec, "/dev/shm")["mode"], "1777")
    check(stat_of(t, spec, "/dev/shm")["total"] <= 64 << 20, "bounded")
    equal(stat_of(t, spec, "/dev/ptmx")["link"], "pts/ptmx")
    if os.path.exists("/dev/loop-control"):
        more = PROBE + "  - {type: dev, target: /dev, size: 1M, devices: [/dev/loop-control]}\n"
        equal(stat_of(t, more, "/dev/loop-control")["kind"], "character")
    err = t.sentence(PROBE + "  - {type: dev, target: /dev, devices: [/dev/none]}\n", "/probe")
    check("'/dev/none' does not exist" in err, "message", err)


@test()
def overlays(t):
    tree(t)
    t.write("high/file", "high\n")
    t.mkdir("up")
    t.mkdir("work")
    scratch = t.spec(PROBE + "  - {type: overlay, target: /o, lower: [DIR/high, DIR/tree]}\n")
    equal(read(t, scratch, "/o/file"), "high\n")
    equal(read(t, scratch, "/o/sub/deep"), "deep\n")
    equal(write(t, scratch, "/o/sub/new"), "ok")
    equal(sorted(os.listdir(t.path("tree/sub"))), ["deep"], "vanished")
    kept = t.spec(PROBE + "  - {type: overlay, target: /o, lower: [DIR/tree], upper: DIR/up, work: DIR/work}\n", "kept.yaml")
    equal(write(t, kept, "/o/sub/new", "kept"), "ok")
    equal(open(t.path("up/sub/new")).read(), "kept")
    equal(os.stat(t.path("up/sub/new")).st_uid, t.uid)
    equal(read(t, kept, "/o/sub/new"), "kept")
    equal(write(t, PROBE + "  - {type: overlay, target: /o, lower: [DIR/tree], readonly: true}\n", "/o/new"), "EROFS")
    if KERNEL < (6, 6):
        raise Skip("all but the end: before Linux 6.6 a folder of a lower layer can't be removed from a layer in memory: tmpfs has no user.* attributes")
    result = t.up(PROBE + USR + "  - {type: overlay, target: /o, lower: [DIR/tree]}\n", "sh", "-c", "rm -r /o/sub && mkdir /o/sub && ls -A /o/sub && mv /o/file /o/other && cat /o/other")
    equal((result.status, result.out), (0, "file\n"), str(result))


@test()
def a_layer_with_mounts_below(t):
    top = tree(t)
    with Mounted(top + "/sub"):
        spec = PROBE + "  - {type: overlay, target: /o, lower: [DIR/tree]}\n"
        if t.root:
            result = t.up(spec, "/probe", "ls", "/o/sub")
            equal((result.status, result.out.split()), (0, ["deep"]), str(result))
            check("not in the overlay" in result.err and top + "/sub" in result.err, "warning", result)
        else:
            err = t.sentence(spec, "/probe")
            check("refuses a layer with mounts below" in err and top + "/sub" in err, "message", err)


@test()
def files_folders_links(t):
    t.write("from", "from the host\n")
    spec = t.spec(PROBE + """  - {type: file, target: /etc/app.conf, content: "a = 1\\n", mode: 0600}
  - {type: file, target: /etc/copied, content_from: DIR/from}
  - {type: file, target: /etc/free, content: "", readonly: false}
  - {type: dir, target: /var/lib/app, mode: 0700}
  - {type: symlink, target: /var/link, to: lib/app}
  - {type: symlink, target: /var/link, to: lib/app}
  - {type: tmpfs, target: /var/link/t}
""")
    equal(read(t, spec, "/etc/app.conf"), "a = 1\n")
    equal(read(t, spec, "/etc/copied"), "from the host\n")
    equal(stat_of(t, spec, "/etc/app.conf")["mode"], "0600")
    equal(stat_of(t, spec, "/etc/copied")["mode"], "0644")
    equal(write(t, spec, "/etc/copied"), "EROFS")
    equal(write(t, spec, "/etc/free"), "ok")
    equal(stat_of(t, spec, "/var/lib/app")["mode"], "0700")
    equal(stat_of(t, spec, "/var/link")["link"], "lib/app")
    table = mounts(t.see(spec)["mounts"])
    check("/var/lib/app/t" in table, "a link inside the root is followed", sorted(table))
    err = t.sentence(PROBE + "  - {type: dir, target: /x}\n  - {type: symlink, target: /x, to: y}\n", "/probe")
    check("exists already and is not that link" in err, "message", err)
    err = t.sentence(PROBE + "  - {type: file, target: /etc/copied, content_from: DIR/none}\n", "/probe")
    check("does not exist" in err, "message", err)


@test()
def masks(t):
    tree(t)
    # In what the kernel shows, and what nsbox itself has made.
    result = t.up(PROBE + "  - {type: dev, target: /dev}\n" + "".join(f"  - {{type: mask, target: {path}}}\n" for path in ("/proc/uptime", "/proc/tty", "/dev/ptmx", "/dev/null", "/dev/shm")), "/probe", "read", "/proc/uptime")
    equal((result.status, result.out), (0, ""), str(result))
    check("mask-of-nothing" not in result.err, "a warning", result)
    spec = t.spec(PROBE + "  - DIR/tree:/x\n  - {type: mask, target: /x/file}\n  - {type: mask, target: /x/sub}\n  - {type: mask, target: /nothing}\n")
    equal(stat_of(t, spec, "/x/file")["kind"], "character")
    equal(read(t, spec, "/x/file"), "")
    equal(listed(t, spec, "/x/sub"), [])
    equal(write(t, spec, "/x/sub/n"), "EROFS")
    equal(stat_of(t, spec, "/nothing")["kind"], "character")


@test()
def remount_and_unmount(t):
    tree(t)
    spec = t.spec(PROBE + "  - DIR/tree:/x:rw\n  - {type: remount, target: /x, readonly: true, noexec: true}\n")
    info = stat_of(t, spec, "/x")
    equal((info["readonly"], info["noexec"], info["nosuid"]), (1, 1, 1))
    equal(listed(t, PROBE + "  - DIR/tree:/x\n  - {type: unmount, target: /x}\n", "/x"), [])
    err = t.sentence("root: host\nmounts: [{type: unmount, target: /proc}]\n", t.probe)
    check("can't be unmounted in a new user namespace" in err, "message", err)


@test()
def missing_targets_below_a_read_only_tree(t):
    top = tree(t)
    before = listing(top)
    t.write("other", "other\n")
    spec = t.spec(PROBE + "  - DIR/tree:/x\n  - {type: tmpfs, target: /x/sub/new/deeper}\n  - DIR/other:/x/sub/single\n  - {type: dir, target: /x/made}\n  - {type: symlink, target: /x/sub/l, to: deep}\n")
    equal(listed(t, spec, "/x/sub"), ["deep", "l", "new", "single"])
    equal(listed(t, spec, "/x"), ["away", "file", "link", "made", "sub"])
    equal(read(t, spec, "/x/sub/single"), "other\n")
    equal(read(t, spec, "/x/sub/l"), "deep\n")
    equal(write(t, spec, "/x/sub/new/deeper/file"), "ok")
    equal(write(t, spec, "/x/sub/here"), "EROFS", "the layer is read-only at the end")
    equal(write(t, spec, "/x/here"), "EROFS")
    equal(stat_of(t, spec, "/x/sub")["mode"], "0755")
    equal(listing(top), before, "the host's tree")
    # A mount made before, below the folder that gets the layer, is still there.
    equal(stat_of(t, PROBE + "  - DIR/tree:/x\n  - {type: tmpfs, target: /x/sub, mode: 0711}\n  - DIR/other:/x/single\n", "/x/sub")["mode"], "0711")
    err = t.sentence(PROBE + "  - DIR/tree:/x\n  - {type: tmpfs, target: /x/none, create: never}\n", "/probe")
    check("'/x/none' does not exist in the sandbox" in err, "message", err)


@test()
def missing_targets_beside_mounts_of_the_host(t):
    top = tree(t)
    with Mounted(top + "/sub"):
        t.write("tree/sub/inner", "", 0o666)
        spec = t.spec(PROBE + "  - DIR/tree:/x\n  - {type: tmpfs, target: /x/new}\n")
        equal(listed(t, spec, "/x"), ["away", "file", "link", "new", "sub"])
        equal(listed(t, spec, "/x/sub"), ["inner"], "what is mounted below is kept")
        equal(read(t, spec, "/x/file"), "file\n")
        for path in ("/x/file", "/x/fresh", "/x/sub/inner"):
            equal(write(t, spec, path), "EROFS", path)
        equal(write(t, spec, "/x/new/a"), "ok")
        equal(stat_of(t, spec, "/x")["mode"], "0755")


@test()
def missing_targets_below_a_writable_tree(t):
    top = tree(t)
    before = listing(top)
    err = t.sentence(PROBE + "  - DIR/tree:/x:rw\n  - {type: tmpfs, target: /x/new}\n", "/probe")
    check("would write to the host's" in err and "create: host" in err, "message", err)
    equal(listing(top), before)
    equal(write(t, PROBE + "  - DIR/tree:/x:rw\n  - {type: tmpfs, target: /x/new/deep, create: host}\n", "/x/new/deep/file"), "ok")
    equal(listing(top), before, "made and taken away")
    equal(read(t, PROBE + "  - DIR/tree:/x:rw\n  - {type: file, target: /x/nf, content: hi, create: host}\n", "/x/nf"), "hi")
    equal(listing(top), before, "made and taken away")


@test()
def every_kind_of_root(t):
    top = tree(t, "rootfs")
    for name in ("proc", "dev", "bin"):
        t.mkdir("rootfs/" + name)
    shutil.copy(t.probe, top + "/bin/probe")
    before = listing(top)
    bind = t.spec("root: {type: bind, source: DIR/rootfs}\nmounts: [{type: proc, target: /proc}, {type: dev, target: /dev}]\n")
    equal(t.up(bind, "/bin/probe", "write", "/new", "x").out.strip(), "EROFS")
    equal(t.up(bind, "/bin/probe", "read", "/file").out, "file\n")
    equal(t.up("root: {type: bind, source: DIR/rootfs, readonly: false}\n", "/bin/probe", "write", "/new", "x").out.strip(), "ok")
    os.unlink(top + "/new")
    equal(t.up("root: {type: bind, source: DIR/rootfs}\nmounts: [{type: tmpfs, target: /missing/place}]\n", "/bin/probe", "write", "/missing/place/f", "x").out.strip(), "ok")
    overlay = "root: {type: overlay, lower: [DIR/rootfs]}\nmounts: [{type: proc, target: /proc}]\n"
    equal(t.up(overlay, "/bin/probe", "write", "/new", "x").out.strip(), "ok")
    equal(mounts(t.see(overlay, "/bin/probe")["mounts"])["/"]["type"], "overlay")
    equal(listing(top), before, "the folder on the host")
    host = t.see("root: host\nmounts: [{type: proc, target: /proc}]\n", t.probe)
    equal((host["pid"], host["processes"]), (2, [1, 2]))
    check(all("shared" not in " ".join(each["tags"]) for each in mounts(host["mounts"]).values()), "private")
    whole = t.see("root: {type: bind, source: /}\nmounts: [{type: proc, target: /proc}, {type: tmpfs, target: /tmp, mode: \"1777\"}]\n", t.probe)
    check("ro" in mounts(whole["mounts"])["/"]["options"], "read-only host")
    readonly = t.see("root: {type: tmpfs, readonly: true}\n" + PROBE)
    check("ro" in mounts(readonly["mounts"])["/"]["options"], "read-only tmpfs")
    for seen in (host, whole, readonly):
        equal(sum(1 for line in seen["mounts"].splitlines() if line.split()[4] == "/"), 1, "one mount on /")


@test()
def more_mounts_than_descriptors(t):
    """The limit on open files is raised as far as the trees need it, and is the caller's again for the command."""
    t.mkdir("tree")
    spec = t.spec(PROBE + "".join(f"  - DIR/tree:/m/{number}\n" for number in range(1100)))
    seen = t.see(spec, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096)))
    equal(seen["rlimits"]["nofile"], [256, 4096])
    equal(sum(1 for target in mounts(seen["mounts"]) if target.startswith("/m/")), 1100)
    result = t.up(spec, "/probe", before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1000)))
    capable = int(next(line for line in open("/proc/self/status") if line.startswith("CapEff")).split()[1], 16) >> 24 & 1  # CAP_SYS_RESOURCE
    if t.root and capable:
        equal(result.json()["rlimits"]["nofile"], [256, 1000])
    else:
        check(result.status == 125 and "raise_files" in result.err and "(ulimit -Hn)" in result.err, "a hard limit", result)


@test(callers=("user",))
def a_mask_where_only_the_sandbox_gets_to(t):
    """What belongs to a subordinate id is out of the caller's reach, and within that of the sandbox."""
    t.write("tree/private/secret", "secret\n")
    for name, mode in (("tree/private/secret", 0o600), ("tree/private", 0o700)):
        os.chmod(t.path(name), mode)
        os.chown(t.path(name), 300000, 300000)
    seen = t.see(PROBE + "  - DIR/tree:/data\n  - {type: mask, target: /data/private/secret}\nid_maps: subids\n")
    check("/data/private/secret" in mounts(seen["mounts"]), "the mask", seen["mounts"])


@test(callers=("root",))
def a_writable_image(t):
    if not shutil.which("mke2fs") or not os.path.exists("/dev/loop-control"):
        raise Skip("no mke2fs, or no loop devices")
    t.write("tree/file", "old\n")
    image = t.path("image.ext4")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", t.path("tree"), image, "4M"], check=True, stdout=subprocess.DEVNULL)
    spec = t.spec(PROBE + "  - {type: image, source: DIR/image.ext4, fstype: ext4, target: /i, readonly: false}\n")
    equal(t.up(spec, "/probe", "write", "/i/file", "new").status, 0)
    equal(read(t, spec, "/i/file"), "new")


@test(callers=("root",))
def images(t):
    tree(t)
    os.mkdir(t.path("tree/bin"))
    shutil.copy(t.probe, t.path("tree/bin/probe"))
    image = t.path("image.sqfs")
    if not shutil.which("mksquashfs") or not os.path.exists("/dev/loop-control"):
        raise Skip("no mksquashfs, or no loop devices")
    subprocess.run(["mksquashfs", t.path("tree"), image, "-quiet", "-no-progress"], check=True, stdout=subprocess.DEVNULL)
    equal(read(t, PROBE + "  - {type: image, source: DIR/image.sqfs, fstype: squashfs, target: /i}\n", "/i/sub/deep"), "deep\n")
    equal(t.up("root: {type: image, source: DIR/image.sqfs, fstype: squashfs}\n", "/bin/probe", "read", "/file").out, "file\n")
    used = subprocess.run(["losetup", "-a"], capture_output=True, text=True).stdout
    check(image not in used, "the loop device went with it", used)
    err = t.sentence(PROBE + "  - {type: image, source: DIR/tree/file, fstype: squashfs, target: /i}\n", "/probe")
    check("open_image" in err, "message", err)


@test(callers=("user",))
def images_need_root(t):
    t.write("image", "x")
    err = t.sentence(PROBE + "  - {type: image, source: DIR/image, fstype: squashfs, target: /i}\n", "/probe")
    check("needs CAP_SYS_ADMIN" in err, "message", err)


@test()
def other_file_systems(t):
    equal(stat_of(t, PROBE + "  - {type: fs, fstype: ramfs, target: /r, data: mode=0700}\n", "/r")["mode"], "0700")
    err = t.sentence(PROBE + "  - {type: fs, fstype: nosuchfs, target: /r}\n", "/probe")
    check("does not know the file system 'nosuchfs'" in err and "ENODEV" in err, "message", err)
    err = t.sentence(PROBE + "  - {type: fs, fstype: tmpfs, target: /r, data: nonsense=1}\n", "/probe")
    check("Unknown parameter" in err and "nonsense" in err, "message", err)


@test()
def propagation_types(t):
    for kind, tag in (("private", ""), ("slave", "master"), ("shared", "shared")):
        seen = t.see("propagation: " + kind + "\n" + PROBE)
        tags = " ".join(mounts(seen["mounts"])["/"]["tags"])
        check(tag in tags if kind == "shared" else "shared" not in tags, f"{kind}: {tags}")
    table = mounts(t.see(PROBE + "  - {type: tmpfs, target: /s, propagation: shared}\n  - {type: tmpfs, target: /u, propagation: unbindable}\n")["mounts"])
    check("shared" in " ".join(table["/s"]["tags"]) and "unbindable" in table["/u"]["tags"], "single mounts", table)


@test()
def a_shared_host_gets_nothing(t):
    """Where the host's mounts are shared, as systemd makes them, no mount of a sandbox appears there."""
    inner = ("import ctypes, os, subprocess, sys\n"
             "libc = ctypes.CDLL(None)\n"
             f"libc.mount(None, b'/', None, {MS_REC | 1 << 20}, None)\n"
             "before = open('/proc/self/mountinfo').read()\n"
             "assert 'shared:' in before\n"
             "for spec in sys.argv[2:]:\n"
             f"    status = subprocess.run([sys.argv[1], 'up', spec, '--', {t.probe!r}, 'exit', '0'], preexec_fn=lambda: ({t.root} or (os.setgroups([]), os.setresgid({UID}, {UID}, {UID}), os.setresuid({UID}, {UID}, {UID})))).returncode\n"
             "    assert status == 0, (spec, status)\n"
             "after = open('/proc/self/mountinfo').read()\n"
             "assert before == after, after\n")
    specs = [t.spec("root: host\nmounts: [{type: proc, target: /proc}, {type: tmpfs, target: /mnt}]\n", "host.yaml"),
             t.spec("root: host\npropagation: slave\nmounts: [{type: tmpfs, target: /mnt}]\n", "slave.yaml"),
             t.spec("root: {type: bind, source: /}\nmounts: [{type: proc, target: /proc}]\n", "bind.yaml"),
             t.spec(f"mounts: [{t.probe}, {{type: dev, target: /dev}}]\n", "tmpfs.yaml")]
    if t.root:  # with a new user namespace the kernel itself keeps the mounts inside
        specs.append(t.spec("namespaces: {user: host}\nroot: host\nmounts: [{type: proc, target: /proc}, {type: tmpfs, target: /mnt}]\n", "user.yaml"))
    result = subprocess.run(["unshare", "--mount", sys.executable, "-c", inner, t.nsbox, *specs], capture_output=True, text=True)
    equal(result.returncode, 0, result.stdout + result.stderr)


@test()
def many_mounts(t):
    for number in range(300):
        t.mkdir(f"many/{number}")
    lines = "".join(f"  - DIR/many/{number}:/m/{number}\n" for number in range(300))
    equal(len(listed(t, PROBE + lines, "/m")), 300)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
