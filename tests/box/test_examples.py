# SPDX-License-Identifier: MIT
"""Every example does what its comment claims, which it asserts from inside; and its launch, traced,
is what its plan says."""
import contextlib, os, subprocess, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *
from test_honest import honest

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(HERE)), "examples")
BOTH, ROOT_ONLY, USER_ONLY = ("root", "user"), ("root",), ("user",)
# What it prints last; who can run it.
RUN = {
    "hello": ("hello from sandbox: I am process 2, user 0, and I see bin lib lib64 proc usr", BOTH),
    "build": ("built in a sandbox", BOTH),
    "untrusted": ("the script could do none of it", BOTH),
    "readonly-host": ("all of the host, none of it writable", BOTH),
    "scratch-root": ("changed everything, kept nothing", ROOT_ONLY),
    "scratch-folder": ("the copy has 2 files, all changed", BOTH),
    "fake-clock": ("up for more than ten days", BOTH),
    "own-processes": ("two processes: 1 is nsbox, 2 is this shell", BOTH),
    "shared-proc-trap": ("its own /proc on the host's tree, and the host keeps its own", BOTH),
    "subids": ("user 33 of a range of ids", USER_ONLY),
    "id-maps": ("I am user 1000 here", BOTH),
    "variant-test": ("the test variant has the source", BOTH),
    "variant-shell": ("user UID with HOME=/tmp", BOTH),
    "lab": ("laboratory in lab", BOTH),
    "secrets": ("hidden what is secret, shown what is needed", BOTH),
    "filter": ("no sockets, and files as ever", BOTH),
    "kernel": ("lo is the only device there is", BOTH),
}


def examples(t):
    folder = t.path("examples")
    shutil.copytree(EXAMPLES, folder)
    for where, folders, files in os.walk(folder):
        for name in [where] + [os.path.join(where, each) for each in folders + files]:
            os.chown(name, t.uid, t.uid)
    return folder


def run_one(t, name, wanted, args=()):
    if name == "build" and not shutil.which("gcc"):
        raise Skip("no gcc on this machine")
    if name == "scratch-root" and KERNEL < (6, 6):
        raise Skip("before Linux 6.6 a folder of a lower layer can't be removed from a layer in memory: tmpfs has no user.* attributes")
    folder = examples(t)
    spec = f"{folder}/{name}.yaml"
    result = t.run([t.nsbox, "up", *args, spec])
    check(result.status == 0, name, result)
    equal(result.out.splitlines()[-1].strip(), wanted.replace("UID", str(t.uid)), name)
    if not args:
        honest(t, spec)


for each, (text, callers) in RUN.items():
    test(callers=callers, name="example_" + each)(lambda t, name=each, wanted=text: run_one(t, name, wanted))


@test()
def example_base(t):
    result = t.run([t.nsbox, "up", examples(t) + "/base.yaml"], stdin=b"echo in a shell\n")
    equal((result.status, result.out), (0, "in a shell\n"), str(result))


@test()
def example_stdin(t):
    result = t.run(["/bin/sh", examples(t) + "/stdin.sh", "a: [b, {c: d}] $x"], env={"NSBOX": t.nsbox, "PATH": "/usr/bin:/bin"})
    equal((result.status, result.out), (0, "a: [b, {c: d}] $x\n"), str(result))


@test()
def example_join_net(t):
    folder = examples(t)
    holder = t.start([t.nsbox, "up", t.spec(PROBE + "security: {capabilities: all}\n", "holder.yaml"), "--", "/probe", "sleep", "30"])
    try:
        equal(holder.stdout.readline(), b"ready\n")
        init = open(f"/proc/{holder.pid}/task/{holder.pid}/children").read().split()[0]
        pid = open(f"/proc/{init}/task/{init}/children").read().split()[0]
        result = t.run([t.nsbox, "up", "--set", "PID=" + pid, folder + "/join-net.yaml"])
        equal((result.status, result.out.strip()), (0, "net is " + os.readlink(f"/proc/{pid}/ns/net")), str(result))
    finally:
        holder.kill()
        holder.communicate()


@contextlib.contextmanager
def names(t):
    """An environment whose state folder is this test's own: for root another /run, in this test's mount
    namespace. All that runs below it is ended."""
    if t.root:
        check(libc.mount(b"none", b"/run", b"tmpfs", 6, b"mode=755") == 0, "a /run of its own")
    env = {**os.environ, "HOME": "/root" if t.root else "/home/" + USER, "XDG_RUNTIME_DIR": t.mkdir("runtime", 0o700)}
    try:
        yield env
    finally:
        left = t.run([t.nsbox, "down", "--all", "--timeout", "0"], env=env)
        if t.root:
            libc.umount2(b"/run", 2)
    equal((left.status, left.err), (0, ""), "down --all")


def pair(t, name, wanted):
    folder = examples(t)
    with names(t) as env:
        alone = t.run([t.nsbox, "up", f"{folder}/{name}-b.yaml"], env=env)
        check(alone.status == 125 and "there is none of that name" in alone.err, "the second without the first", alone)
        first = t.run([t.nsbox, "up", "--detach", f"{folder}/{name}-a.yaml"], env=env)
        equal((first.status, first.out, first.err), (0, "", ""), "detached")
        for _ in range(2):
            second = t.run([t.nsbox, "up", f"{folder}/{name}-b.yaml"], env=env)
            equal((second.status, second.out, second.err), (0, wanted + "\n", ""), "the second")
        down = t.run([t.nsbox, "down", name + "-a"], env=env)
        equal((down.status, down.out, down.err), (0, "", ""), "down")


@test()
def example_queue(t):
    pair(t, "queue", "you said: hello from another sandbox")


@test()
def example_socket(t):
    pair(t, "socket", "welcome to port 7000, socket-b")


@test(callers=ROOT_ONLY)
def example_pin(t):
    folder, pins = examples(t), t.mkdir("pins")
    again = [t.nsbox, "up", "--set", "PINS=" + pins, folder + "/join-pin.yaml"]
    result = t.run([t.nsbox, "up", "--set", "PINS=" + pins, folder + "/pin.yaml"])
    equal((result.status, result.out, result.err), (0, "a queue is left behind\n", ""), "pin")
    try:
        for _ in range(2):
            result = t.run(again)
            equal((result.status, result.out, result.err), (0, "the queue is still there\n", ""), "join")
    finally:
        result = t.run([t.nsbox, "unpin", pins + "/lesson-ipc", pins + "/lesson-user"])
    equal((result.status, result.out, result.err, os.listdir(pins)), (0, "", "", []), "unpin")
    result = t.run(again)
    check(result.status == 125 and "it does not exist" in result.err, "nothing is left to join", result)


@test(callers=ROOT_ONLY)
def example_image(t):
    folder = examples(t)
    if not shutil.which("mksquashfs") or not os.path.exists("/dev/loop-control"):
        raise Skip("no mksquashfs, or no loop devices")
    subprocess.run(["mksquashfs", folder + "/build-src", t.path("image.sqfs"), "-quiet", "-no-progress"], check=True, stdout=subprocess.DEVNULL)
    for name in ("lower", "upper", "work"):
        t.mkdir("state/" + name)
    result = t.run([t.nsbox, "up", "--set", "IMAGE=" + t.path("image.sqfs"), "--set", "STATE=" + t.path("state"), folder + "/image.yaml"])
    equal((result.status, result.out.strip()), (0, "an image, and a state that is kept"), str(result))
    equal(open(t.path("state/upper/file")).read(), "kept\n")
    equal(sorted(os.listdir(t.path("state"))), ["lower", "upper", "work"], "what `create: host` made is gone")


def small_root(t):
    """A root of a shell and its libraries, for where debootstrap would take too long."""
    root = t.mkdir("rootfs")
    for name in ("bin", "lib", "lib64", "etc", "proc", "dev", "sys", "tmp", "usr/bin"):
        t.mkdir("rootfs/" + name)
    for program in ("/bin/sh", "/bin/cat", "/usr/bin/touch"):
        shutil.copy(program, root + program)
        for line in subprocess.run(["ldd", program], capture_output=True, text=True).stdout.splitlines():
            for word in line.split():
                if word.startswith("/") and os.path.exists(word):
                    os.makedirs(root + os.path.dirname(word), exist_ok=True)
                    shutil.copy(word, root + word)
    shutil.copy("/bin/cat", root + "/usr/bin/cat")
    t.write("rootfs/etc/hostname", "old\n")
    t.write("rootfs/etc/os-release", "ID=small\n")
    return root


@test()
def example_rootfs(t):
    folder = examples(t)
    result = t.run([t.nsbox, "up", "--set", "ROOT=" + small_root(t), folder + "/rootfs.yaml"])
    equal((result.status, result.out.strip()), (0, "inside small"), str(result))


@test()
def example_labels(t):
    """Runs only where a kernel has both modules, so that it is refused everywhere else."""
    result = t.run([t.nsbox, "up", examples(t) + "/labels.yaml"])
    check(result.status == 125 and "is not active in this kernel" in result.err, "the refusal", result)


@test(callers=ROOT_ONLY)
def every_example_is_here(t):
    other = {"base", "join-net", "image", "labels", "rootfs", "queue-a", "queue-b", "socket-a", "socket-b", "pin", "join-pin"}
    names = {name[:-5] for name in os.listdir(EXAMPLES) if name.endswith(".yaml")}
    equal(names, set(RUN) | other, "examples")
    for name in names:
        first = open(f"{EXAMPLES}/{name}.yaml").readline()
        equal(first, "# yaml-language-server: $schema=../schemas/nsbox-1.schema.json\n", name)


if __name__ == "__main__":
    # Importing the traced test registered it here as well: it has its own program.
    tests[:] = [each for each in tests if each[2].__module__ != "test_honest"]
    sys.exit(main(sys.argv[1:]))
