# SPDX-License-Identifier: MIT
"""Real programs under nsbox's own system call filter, each with the specification of
`tests/programs` that asks for as few extra rights as it can. They come from a Debian tree that is
made once, in build/programs-tree, and not from the host; without it the tests are skipped."""
import contextlib, os, re, shutil, socket, subprocess, sys
sys.path.insert(0, os.path.dirname(__file__))
from lib import *
from test_terminal import Terminal

MS_RDONLY, MS_REMOUNT = 1, 32
TESTS = os.path.dirname(HERE)
TREE = os.path.join(os.path.dirname(TESTS), "build/programs-tree")
PACKAGES = "gcc libc6-dev make python3 git nodejs postgresql nginx-light bubblewrap".split()
# What apt, dpkg and the scripts of a package do without, to keep an ordinary user's copy small.
LARGE = ["./dev/*", "./var/cache/*", "./usr/include", "./usr/bin/node", "./usr/bin/x86_64-linux-gnu-*"] + \
    ["./usr/share/" + each for each in ("doc", "i18n", "locale", "man", "nodejs", "zoneinfo")] + \
    ["./usr/lib/" + each for each in ("gcc", "git-core", "llvm*", "postgresql", "python3*")] + \
    ["./usr/lib/x86_64-linux-gnu/" + each for each in ("*.a", "libLLVM*", "libicu*", "libnode*", "lib*san.so*", "libz3*")]
problem = []  # why there is no tree, once that is known


def tree():
    """The cached tree, made now if it is not there or was made otherwise."""
    if not problem:
        lines = []
        with subprocess.Popen([TESTS + "/tree", TREE, *PACKAGES], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as making:
            for line in making.stderr:
                sys.stderr.write(line)
                lines.append(line.strip())
        problem.append("" if making.returncode == 0 else "; ".join(lines[-2:]) or f"tests/tree ended with {making.returncode}")
    if problem[0]:
        raise Skip("no tree with the programs: " + problem[0])
    return TREE


@contextlib.contextmanager
def programs(t):
    """Runs the specification of that name, as the caller; the tree is where the ordinary user can
    reach it, whatever folder this repository lies in."""
    source, bound = tree(), t.mkdir("bound")
    for flags in (MS_BIND, MS_BIND | MS_REMOUNT | MS_RDONLY):  # so that what clears this folder away can't clear the tree
        if libc.mount(source.encode(), bound.encode(), None, flags, None) != 0:
            raise Skip("mount: " + os.strerror(ctypes.get_errno()))
    shutil.copytree(TESTS + "/programs", t.path("programs"), dirs_exist_ok=True)
    os.chmod(t.path("programs"), 0o755)

    def spec(name, more=""):
        """The file itself, or one that extends it."""
        if not more:
            return t.path(f"programs/{name}.yaml")
        return t.write(f"programs/more-{name}.yaml", f"nsbox: 1\nextends: {name}.yaml\n{more}")

    def words(settings):
        return [word for key, value in {"TREE": bound, **settings}.items() for word in ("--set", f"{key}={value}")]

    def run(name, *command, more="", timeout=120, **settings):
        return t.up(spec(name, more), *command, args=words(settings), timeout=timeout)
    run.words, run.spec = words, spec
    try:
        yield run
    finally:
        libc.umount2(bound.encode(), 2)


def ids(t):
    """Where the specification makes the caller a user of its own: root is given a range of ids."""
    return "id_maps: shift\nallow_warnings: {writable-bind-as-root: nobody is user 0 inside}\n" if t.root else ""


def prints(result, *lines):
    """It ended well, and these lines (regular expressions) are among those that it wrote."""
    check(result.status == 0, "status", result)
    for line in lines:
        check(re.search(f"^{line}$", result.out, re.M), f"no line {line!r}", result)


def nobody_in(namespace):
    """No process of the host is in that pid namespace."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/pid") == namespace:
                found.append(int(pid))
    equal(still_alive(found, 2 * SLOW), [], f"left alive in {namespace}")


# Nothing beyond the default.

@test()
def bash_with_job_control(t):
    with programs(t) as run:
        terminal = Terminal(t, t.nsbox, "up", *run.words({}), run.spec("bash"))
        terminal.send("stty -echo; echo shell-$((40+1)) $-\n")
        check(re.search(r"shell-41 \w*m", terminal.wait_for("shell-41") + terminal.wait_for("\n")), "job control is off")
        terminal.send("/job | cat\n")
        terminal.wait_for("started")
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        terminal.send("sleep 200 &\n")
        terminal.send("jobs; echo listed-$((40+2))\n")
        seen = terminal.wait_for("listed-42")
        check(re.search(r"\[1\]\+? +Stopped +/job \| cat", seen) and re.search(r"\[2\]-? +Running +sleep 200", seen), "jobs", seen)
        terminal.send("fg %1\n")
        terminal.wait_for("/job | cat")
        terminal.wait_for("resumed")
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        terminal.send("bg %1\n")
        terminal.wait_for("resumed")
        terminal.send("jobs -r | wc -l; echo running-$((40+3))\n")
        check("2\r\n" in terminal.wait_for("running-43"), "two jobs run")
        terminal.send("kill %1 %2; wait %2; echo ended=$?\n")
        terminal.wait_for("ended=143")
        terminal.send("/job\n")
        terminal.wait_for("started")
        terminal.send("\x03")
        terminal.send("echo after=$?\n")
        terminal.wait_for("after=130")
        terminal.send("exit 7\n")
        equal(terminal.end(), 7)


@test()
def gcc_and_make(t):
    with programs(t) as run:
        prints(run("compile"), "sum 168", "2")


@test()
def python(t):
    with programs(t) as run:
        prints(run("python"), "python did all of it")


@test()
def node(t):
    with programs(t) as run:
        prints(run("node"), "node did all of it")


@test()
def git(t):
    with programs(t) as run:
        prints(run("git"), "6", "## four", "file more other ")


# Servers.

@test()
def postgres(t):
    with programs(t) as run:
        data = t.mkdir("data", 0o700)
        if t.root:
            os.chown(data, 1000, 1000)
        first = run("postgres", more=ids(t), DATA=data)
        prints(first, "number of transactions actually processed: 400/400", "number of failed transactions: 0 .*", "100000 accounts", "server stopped", " +Workers Launched: 2")
        check("creating tables" in first.out, "pgbench -i", first)
        # The data are the caller's, and are kept; now the server is left running when the command ends.
        equal(os.stat(data + "/db/PG_VERSION").st_uid, 1000 if t.root else UID, "the owner of the data")
        second = run("postgres", more=ids(t), DATA=data, STOP="readlink /proc/self/ns/pid")
        prints(second, "number of transactions actually processed: 400/400", "100000 accounts")
        check("creating tables" not in second.out and "server stopped" not in second.out, "the second run", second)
        nobody_in(second.out.splitlines()[-1])
        log = open(data + "/log").read()
        equal(log.count("database system was shut down at"), 2, log)
        equal(log.count("received fast shutdown request"), 1, log)  # what it says after that may be cut off by the end of all


def ask(path):
    """What a server on that unix socket answers, once it is there."""
    for _ in range(100):
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(5)
            client.connect(path)
            client.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
            answer = b""
            while part := client.recv(4096):
                answer += part
            return answer
        time.sleep(0.05)
    raise Failed("no answer from " + path)


@test()
def nginx(t):
    with programs(t) as run:
        folders = {"SITE": t.mkdir("site"), "RUN": t.mkdir("run")}
        t.write("site/index.html", "hello from the site\n")
        if t.root:
            os.chown(folders["RUN"], 33, 33)
        for stop in ({}, {"STOP": "true"}):  # the second leaves its processes to the end of the sandbox
            result = run("nginx", more=ids(t), **folders, **stop)
            prints(result, "hello from the site", r"nginx/[\d.]+", "4 requests", r"user 33 of pid:\[\d+\]")
            nobody_in(result.out.split()[-1])
            if stop:
                os.unlink(folders["RUN"] + "/socket")
        # In the foreground, asked by the host: it ends with a signal to nsbox, and with nsbox.
        for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
            server = t.start([t.nsbox, "up", *run.words(folders), run.spec("nginx", ids(t)), "--", "nginx", "-e", "/tmp/error.log", "-g", "daemon off;"])
            try:
                check(b"200 OK" in ask(folders["RUN"] + "/socket"), "an answer")
                below = family(server.pid)[1:]
                check(len(below) >= 4, "process 1, the master, two workers", below)
            finally:
                server.send_signal(number)
                server.communicate(timeout=20)
            equal(server.returncode, status, f"after signal {number}")
            equal(still_alive(below, 2 * SLOW), [])


# A tree of packages.

def state_of(folder):
    return {path: (seen.st_mode, seen.st_uid, seen.st_gid, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
            for where, folders, files in os.walk(folder) for path in [os.path.join(where, each) for each in folders + files]
            for seen in [os.lstat(path)]}


def tree_of_the_user(t, run):
    """A part of the tree, unpacked by the ordinary user into its own range of ids."""
    into = t.mkdir("tree")
    excluded = ["--exclude=" + each for each in LARGE]
    with subprocess.Popen(["tar", "-C", tree(), "--one-file-system", "--anchored", *excluded, "-c", "."], stdout=subprocess.PIPE) as packing:
        result = t.run([t.nsbox, "up", *run.words({"INTO": into}), run.spec("unpack")], stdin=packing.stdout, timeout=120)
    equal((packing.returncode, result.status, result.err), (0, 0, ""), "unpacking")
    equal((os.stat(into + "/etc/shadow").st_uid, os.stat(into + "/etc/shadow").st_gid), (UID, 300000 + 42 - 1), "owners are shifted")
    check(os.stat(into + "/usr/bin/su").st_mode & 0o7777 == 0o4755, "modes are kept")
    return into


def repository_of(t, run):
    """Two packages, built inside."""
    with open(t.path("repository.tar"), "wb") as archive:
        building = t.start([t.nsbox, "up", *run.words({}), run.spec("package")], stdout=archive)
        err = building.communicate(timeout=60)[1]
    equal(building.returncode, 0, err)
    subprocess.run(["tar", "-xf", t.path("repository.tar"), "-C", t.mkdir("repository")], check=True)
    equal(sorted(os.listdir(t.path("repository"))), ["Packages", "greeter_1.0_all.deb", "plain_1.0_all.deb"])
    return t.path("repository")


@test()
def apt_and_dpkg(t):
    with programs(t) as run:
        settings = {"REPOSITORY": repository_of(t, run)}
        if not t.root:
            settings.update(TREE=tree_of_the_user(t, run), IDS="subids")
        source = settings.get("TREE", TREE)
        before = state_of(source)
        prints(run("apt", **settings), "hello from a package", "-rwxr-sr-x root:greeter", "drwx------ greeter:greeter", "greeter\t1.0", "installed and removed")

        # What the specification says that it needs, it needs, and a plain package needs nothing.
        rights = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"]
        for without in rights:
            less = [each for each in rights if each != without]
            result = run("apt", more=f"security: {{capabilities: [{', '.join(less)}]}}\n", **settings)
            check(result.status == 100 and re.search("Permission denied|not permitted", result.out + result.err), "without " + without, result)
        prints(run("apt", more="security: {capabilities: []}\n", PACKAGE="plain", **settings), "hello from a package", "plain\t1.0", "installed and removed")

        # apt as it is by itself, which loads as _apt.
        own = 'mounts: [{type: file, target: /etc/apt/apt.conf.d/99sandbox, content: ""}]\nsecurity: {capabilities: [%s]}\n'
        result = run("apt", more=own % ", ".join(rights), **settings)
        check(result.status != 0 and "seteuid" in result.err, "as _apt", result)
        prints(run("apt", more=own % ", ".join([*rights, "SETUID", "SETGID"]), **settings), "installed and removed")
        equal(state_of(source), before, "the tree is as it was")


# What the default refuses.

@test()
def nested_namespaces(t):
    with programs(t) as run:
        prints(run("nested", more=ids(t)), "unshare: user 0", "bwrap: user 5, /bin /lib /lib64 /tmp /usr")
        for command, words in ((["unshare", "-Ur", "true"], "unshare failed: Operation not permitted"), (["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"], "namespace")):
            for spec, more in (("base", ""), ("nested", ids(t) + "security: {allow_nested_userns: false}\n")):
                result = run(spec, *command, more=more)
                check(result.status == 1 and words in result.err, "not refused", result)
        prints(run("nested-proc", more=ids(t)), "bwrap: user 5, 2 processes")
        result = run("nested-proc", more=ids(t) + "mounts: [{type: proc, target: /proc}]\n")
        check(result.status == 1 and "proc" in result.err, "a masked /proc", result)


STATIC = """#include <dirent.h>
#include <stdio.h>
int main(void) {
  DIR *root = opendir("/");
  for (struct dirent *each; (each = readdir(root));) if (each->d_name[0] != '.') puts(each->d_name);
  return 0;
}
"""
NARROW = 'void _start(void) { __asm__ volatile("int $0x80" : : "a"(1), "b"(7)); }\n'  # exit(7), by the calls of i386


def compiled(t, run, name, text, *flags):
    """A program of the tree's compiler, on the host."""
    t.write(name + ".c", text)
    result = run("base", "sh", "-ec", f"gcc {' '.join(flags)} -static -o program /program.c; cat program",
                 more=f"mounts: ['{t.path(name)}.c:/program.c']\nprocess: {{stdout: '{t.path(name)}'}}\n")
    equal((result.status, result.err), (0, ""), "gcc")
    os.chmod(t.path(name), 0o755)
    return t.path(name)


@test()
def a_static_program_alone(t):
    with programs(t) as run:
        program = compiled(t, run, "alone", STATIC)
        result = t.run([t.nsbox, "up", "--set", "PROGRAM=" + program, run.spec("static")])
        equal((result.status, result.out, result.err), (0, "program\n", ""))


@test()
def a_program_of_32_bits(t):
    with programs(t) as run:
        program = compiled(t, run, "narrow", NARROW, "-m32", "-nostdlib")
        equal(open(program, "rb").read(5), b"\x7fELF\x01", "its class")
        settings = ["--set", "PROGRAM=" + program]
        result = t.run([t.nsbox, "up", *settings, run.spec("static")])
        check(result.status == 126 and "32-bit" in result.err and "filter" in result.err, "not refused", result)
        # From a shell inside it is the kernel that answers.
        result = run("base", "bash", "-c", "/program; echo status=$?", more=f"mounts: ['{program}:/program']\n")
        check(result.status == 0 and re.search("status=(126|159|139)", result.out), "not refused inside", result)
        result = t.run([t.nsbox, "up", *settings, run.spec("static", "security: {seccomp: off}\nallow_warnings: {no-filter: to compare}\n")])
        check(result.status in (7, 126), "without a filter, where the kernel has the ABI", result)


# What `audit` counts beside what every one of them has: no limits, the tree's shares of the host.
EXTRA = {
    "base": [], "bash": [], "compile": [], "git": [], "node": [], "package": [], "python": [], "static": [],
    "postgres": ["writable-bind"], "nginx": ["writable-bind"],
    "apt": ["strong-capability", "capability", "capability", "capability"], "unpack": ["capability", "capability", "capability", "writable-bind"],
    "nested": ["nested-namespaces"], "nested-proc": ["nested-namespaces", "unmasked-kernel-files"],
}
EVERYWHERE = {"no-process-limit", "no-memory-limit", "groups-kept", "hostname-copied", "writable-bind-as-root"}


@test(callers=("user",))
def audit_counts_every_extra_right(t):
    with programs(t) as run:
        made = {"PROGRAM": t.probe, "IDS": "root", **{key: t.mkdir(key) for key in ("DATA", "RUN", "REPOSITORY", "INTO", "SITE")}}
        for name, wanted in EXTRA.items():
            text = open(run.spec(name)).read() + open(run.spec("base")).read()
            words = run.words({key: value for key, value in made.items() if "${" + key in text})
            result = t.run([t.nsbox, "audit", "--format", "json", *(words[2:] if name == "static" else words), run.spec(name)])
            check(result.status == 0, name, result)
            equal(sorted(each["code"] for each in result.json()["exposures"] if each["code"] not in EVERYWHERE), sorted(wanted), name)


@test(callers=("root",))
def every_specification_is_run(t):
    names = {name[:-5] for name in os.listdir(TESTS + "/programs") if name.endswith(".yaml")}
    mine = open(__file__).read()
    equal(names, set(EXTRA), "counted by audit")
    equal([name for name in sorted(names) if not re.search(rf'(run|run\.spec)\("{name}"', mine)], [], "not run")
    for name in names:
        first = open(f"{TESTS}/programs/{name}.yaml").readline()
        equal(first, "# yaml-language-server: $schema=../../schemas/nsbox-1.schema.json\n", name)


if __name__ == "__main__":
    # Importing the terminal registered its tests here as well: they have their own program.
    tests[:] = [each for each in tests if each[2].__module__ != "test_terminal"]
    if sys.argv[1:] == ["--tree"]:  # no more than that, for tests/run
        with contextlib.suppress(Skip):
            tree()
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
