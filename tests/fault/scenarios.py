# SPDX-License-Identifier: MIT
"""What is launched: a specification, its caller, the files it needs, and an equal sandbox by bubblewrap."""

import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "box"))
from lib import BEST_EFFORT, KERNEL

LOOK = "/proc/sys/kernel/shmmax /etc/x /etc/y /data /over /made /bound /owned /dev /pts".split()


class Scenario:
    """One command that is spoiled, `argv(launcher, tools)`, with commands before it and after it that are not: `exec`
    needs a sandbox, which `before` starts and `after` ends; what is left is counted behind that. `undo` takes away what
    a launch that has executed its command is to leave. `covered` are folders that the host has mounted something on (a tmpfs, or TYPE:FOLDER);
    `joins` files that hold one of its namespaces; `stdin` is the file at descriptor 0. The payload's line is the first of all that looks like one. DIR is the folder with `files` (None: a folder; `-> …`: a link), NSBOX the program."""

    def __init__(self, name, caller, spec, bwrap=None, files=None, terminal=False, up="spec.yaml", command=None, before=(), after=(), undo=(), joins=(), covered=(), stdin=None):
        self.command = command
        self.name, self.caller, self.spec, self.bwrap, self.terminal = name, caller, spec, bwrap, terminal
        self.up, self.before, self.after, self.undo, self.joins, self.covered, self.stdin = up, before, after, undo, joins, covered, stdin
        self.files = {"tree/file": "a file\n", "tree/sub/deep": "deep\n", "rw/file": "writable\n", "spec.yaml": "nsbox: 1\n" + spec, **(files or {})}

    def argv(self, launcher, tools):
        if launcher == "bwrap":
            return ["/usr/bin/bwrap", *self.bwrap.replace("PROBE", tools["probe"]).split(), "--", "/probe", "look", *LOOK]
        if self.command:
            return self.command.split()
        return [tools["nsbox"], "up", "DIR/" + self.up, "--", "/probe", "look", *LOOK]


MOUNTS = """
mounts:
  - PROBE:/probe
  - {type: proc, target: /proc}
  - {type: dev, target: /dev}
  - {type: tmpfs, target: /tmp, size: 1M, mode: "1777"}
  - DIR/tree:/data
  - DIR/rw:/bound:rw
  - {type: overlay, target: /over, lower: [DIR/tree]}
  - {type: file, target: /etc/x, content: "written\\n"}
  - {type: file, target: /etc/y, content_from: DIR/tree/file}
  - {type: dir, target: /made, mode: "0750"}
  - {type: symlink, target: /link, to: made}
  - {type: mask, target: /data/sub}
  - {type: remount, target: /tmp, noexec: true}
"""
PROCESS = """
hostname: sandbox
domainname: example
namespaces: {time: new}
time_offsets: {monotonic: 1h, boottime: 1h}
sysctl: {kernel.shmmax: 100000}
"""
BWRAP = ("--unshare-all --unshare-user --new-session --die-with-parent --cap-drop ALL --clearenv --setenv A 1 --hostname sandbox --ro-bind PROBE /probe --proc /proc --dev /dev --size 1048576 --tmpfs /tmp"
         " --ro-bind DIR/tree /data --bind DIR/rw /bound --dir /made --symlink made /link --tmpfs /data/sub --remount-ro /data/sub --chdir /made")

OLD = "allow_warnings: {landlock-left-open: an old kernel}\n" if BEST_EFFORT else ""
ALLOW = "allow_warnings: {writable-bind-as-root: the test's own folder" + (", landlock-left-open: an old kernel" if BEST_EFFORT else "") + "}\n"
DETACH, DOWN = "NSBOX up --detach --name box DIR/spec.yaml -- /probe sleep 100", "NSBOX down box"
EXEC = "NSBOX exec box -- /probe look " + " ".join(LOOK)
UNMAPPED = "allow_warnings: {idmap-skipped: an old kernel}\n" if KERNEL < (6, 3) else ""  # a tmpfs below a tree, a squashfs
CLOCKED = "namespaces: {time: new}\ntime_offsets: {monotonic: 1h}\nsecurity: {landlock: {read: [/proc, /data, /over, /etc, /bound, /made, /dev], execute: [/probe]" + BEST_EFFORT + "}}\n"
SCENARIOS = [
    Scenario("root", "root", MOUNTS + """
  - {type: devpts, target: /pts}
  - {type: mqueue, target: /dev/mqueue}
  - {type: dir, target: /owned, mode: "0700", uid: 1000, gid: 1000}
  - {type: tmpfs, target: /bound/new/deep, create: host}
""" + PROCESS + """
security:
  landlock: {read: [/proc, /data, /over, /etc, /bound, /made, /owned, /dev, /pts], execute: [/probe], connect_tcp: [443]""" + BEST_EFFORT + """}
""" + OLD + """process:
  cwd: /owned
  env: {A: "1"}
  env_inherit: [SECRET]
  umask: 077
  stdin: DIR/tree/file
  pass_fds: [3]
  user: 1000
  group: 1000
  groups: [1001]
  rlimits: {nofile: 64, core: 0}
  nice: 5
  oom_score_adj: 100
  cpu_affinity: [0]
  die_with_parent: true
""", bwrap=BWRAP),
    Scenario("user", "user", "id_maps: subids\n" + MOUNTS + """  - {type: dir, target: /owned, mode: "0700", uid: 1000, gid: 1000}
""" + PROCESS + """
process:
  cwd: /owned
  env: {A: "1"}
  user: 1000
  group: 1000
  rlimits: {nofile: 64}
  oom_score_adj: 100
""", bwrap=BWRAP),
    Scenario("saved", "root", MOUNTS + """
  - {type: file, target: /over/sub/file, content: "below\\n"}
  - {type: dir, target: /over/sub/dir, mode: "0700"}
  - {type: symlink, target: /over/sub/link, to: dir}
namespaces: {time: new}
time_offsets: {monotonic: 1h, boottime: -500ms}
process: {init: false}
""", up="made.plan", before=["NSBOX plan --out DIR/made.plan DIR/spec.yaml"]),
    Scenario("joined", "root", UNMAPPED + "namespaces: {net: {join: DIR/net}, uts: {join: 'pid:1'}}\nmounts:\n  - PROBE:/probe\n  - {type: proc, target: /proc}\n  - DIR/tree:/data\n  - {type: tmpfs, target: /data/new}\n",
             files={"net": "", "tree/mounted": None, "tree/queue": None}, joins=("net",), covered=["tree/mounted", "mqueue:tree/queue"]),
    Scenario("locked", "user", "mounts:\n  - PROBE:/probe\n  - {type: proc, target: /proc}\n  - DIR/tree:/data\n  - {type: tmpfs, target: /data/new}\nprocess: {notify: true}\n", files={"tree/link": "-> file", "tree/mounted": None}, covered=["tree/mounted"]),
    Scenario("others", "root", """
mounts:
  - PROBE:/probe
  - {type: proc, target: /proc}
  - DIR/tree:/data
  - {type: tmpfs, target: /data/sub}
  - {type: unmount, target: /data/sub}
  - {type: file, target: /etc/passwd, content: "me:x:1000:1000:::\\n"}
  - {type: file, target: /etc/group, content: "mine:x:1001:me\\n"}
process: {user: me, groups: [mine], terminal: new}
""", terminal=True),
    Scenario("rare", "root", """
id_maps:
  uid: [{inside: 0, outside: 100000, count: 1000}]
  gid: [{inside: 0, outside: 100000, count: 1000}]
  setgroups: deny
mounts:
  - PROBE:/probe
  - {type: proc, target: /proc}
  - {type: bind, source: DIR/tree, target: /data}
  - {type: overlay, target: /over, lower: [DIR/tree]}
  - {type: file, target: /over/sub/file, content: "below\n"}
  - {type: file, target: /etc/x, content_from: DIR/rw/file}
  - {type: fs, fstype: tmpfs, source: mine, target: /made}
  - DIR/rw:/bound:rw
allow_warnings: {writable-bind-as-root: the test's own folder}
"""),
    Scenario("whole", "root", "root: host\nnamespaces: {net: host}\nprocess: {terminal: inherit}\nmounts: [{type: proc, target: /proc}]\nallow_warnings: {host-root: the test, unmapped-owner: the test}\n",
             command="NSBOX up DIR/spec.yaml -- PROBE look " + " ".join(LOOK)),
    Scenario("typed", "user", "mounts: [PROBE:/probe, {type: proc, target: /proc}]\nprocess: {terminal: new}\n", files={"nothing": ""}, stdin="nothing"),
    Scenario("shared", "root", "mounts: [PROBE:/probe, {type: proc, target: /proc}]\n", up="joins.yaml", before=[DETACH], after=[DOWN],
             files={"joins.yaml": "nsbox: 1\nnamespaces: {user: {join: 'sandbox:box'}, net: {join: 'sandbox:box'}, uts: {join: 'sandbox:box'}}\nmounts: [PROBE:/probe, {type: proc, target: /proc}]\n"}),
    Scenario("pinned", "root", UNMAPPED + """
namespaces: {net: {pin: DIR/pins/net}, uts: {pin: DIR/pins/uts}, time: {pin: DIR/pins/time}}
mounts:
  - PROBE:/probe
  - {type: proc, target: /proc}
  - {type: image, source: DIR/image, fstype: squashfs, target: /data}
""", files={"pins": None}, before=["mksquashfs DIR/tree DIR/image -quiet -no-progress"], undo=["NSBOX unpin DIR/pins/net DIR/pins/uts DIR/pins/time"]),
    Scenario("sealed", "root", "namespaces: {user: host}\nsecurity: {capabilities: [SYS_PTRACE]}\nallow_warnings: {host-root: the test}\nmounts: [PROBE:/probe, {type: proc, target: /proc}]\n",
             command="NSBOX up - -- /probe look " + " ".join(LOOK), stdin="spec.yaml"),
    Scenario("detach", "root", ALLOW + MOUNTS + CLOCKED, command=DETACH, before=[DETACH, DOWN], after=[EXEC, DOWN]),
    Scenario("ready", "root", "mounts: [PROBE:/probe, {type: proc, target: /proc}]\nprocess: {notify: true}\n", command=DETACH, before=[DETACH, DOWN], after=[EXEC, DOWN]),
    Scenario("exec", "root", ALLOW + MOUNTS, command=EXEC, before=[DETACH, DOWN, DETACH], after=[DOWN]),
    Scenario("down", "root", ALLOW + MOUNTS, command=DOWN, before=[DETACH, DOWN, DETACH, EXEC], after=[DOWN]),
    Scenario("typing", "root", ALLOW + MOUNTS, command=EXEC.replace("exec box", "exec -i -t box"), before=[DETACH], after=[DOWN], terminal=True),
    Scenario("terminal", "user", MOUNTS + "process: {terminal: new, cwd: /made}\n", bwrap=BWRAP, terminal=True),
]
