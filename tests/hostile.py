#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile specifications of up to 1 MiB, each answered by `nsbox validate --no-host` within a
bound on time and memory; printed as TAP. NSBOX is the program."""
import os
import subprocess
import sys
import tempfile
import time

NSBOX = os.environ.get("NSBOX", "build/nsbox")
MIB = 1 << 20
SECONDS = float(os.environ.get("NSBOX_HOSTILE_SECONDS", "0.2"))
PEAK = 64 * MIB
HEAD = "nsbox: 1\n"


def fill(piece, head=HEAD, tail="", size=MIB):
    """`piece` as often as fits into `size` bytes; with {} in it, numbered."""
    room = size - len(head.encode()) - len(tail.encode())
    if "{}" not in piece:
        return head + piece * (room // len(piece.encode())) + tail
    out, i = [], 0
    while room > 0:
        each = piece.replace("{}", str(i))
        room -= len(each)
        if room >= 0:
            out.append(each)
        i += 1
    return head + "".join(out) + tail


def laughs(levels, width):
    out = HEAD + "x-0: &a0 [" + ", ".join(["lol"] * width) + "]\n"
    for i in range(1, levels):
        out += f"x-{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * width) + "]\n"
    return out


CASES = {
    "100000 [": lambda: HEAD + "x: " + "[" * 100000,
    "100000 [ closed": lambda: HEAD + "x: " + "[" * 100000 + "]" * 100000,
    "100000 {": lambda: HEAD + "x: " + "{" * 100000,
    "100000 { with keys": lambda: HEAD + "x: " + "{a: " * 100000,
    "100000 [ on lines of their own": lambda: HEAD + "x:\n" + " [\n" * 100000,
    "100000 [ at the first column": lambda: HEAD + "x:\n" + "[\n" * 100000,
    "100000 {[": lambda: HEAD + "x: " + "{[" * 100000,
    "1 MiB of [": lambda: "[" * MIB,
    "1 MiB of [ in pairs": lambda: HEAD + "x: [" + "[]," * 300000 + "]",
    "1 MiB of ]": lambda: "]" * MIB,
    "flow list of scalars": lambda: fill("a,", HEAD + "x-a: [", "]\n"),
    "flow list of scalars on lines": lambda: fill("a,\n ", HEAD + "x-a: [", "]\n"),
    "flow map of keys": lambda: fill("k{}: 1, ", HEAD + "x-a: {", "}\n"),
    "flow map of keys without values": lambda: fill("k{},", HEAD + "x-a: {", "}\n"),
    "flow of ?": lambda: fill("? ", HEAD + "x-a: {", "}\n"),
    "flow of :": lambda: fill(": ", HEAD + "x-a: {", "}\n"),
    "flow of commas": lambda: fill(",", HEAD + "x-a: [", "]\n"),
    "open flow list of keys": lambda: fill("a: ", HEAD + "x-a: ["),
    "plain scalar": lambda: fill("a", HEAD + "description: ", "\n"),
    "plain scalar of words": lambda: fill("a ", HEAD + "description: ", "b\n"),
    "plain scalar of lines": lambda: fill("  a\n", HEAD + "description:\n"),
    "plain scalar of empty lines": lambda: fill("\n", HEAD + "description: a\n", "  b\n"),
    "quoted scalar": lambda: fill("a", HEAD + 'description: "', '"\n'),
    "quoted scalar of lines": lambda: fill("a\n ", HEAD + 'description: "', '"\n'),
    "quoted scalar of empty lines": lambda: fill("\n", HEAD + 'description: "', '"\n'),
    "quoted scalar of escapes": lambda: fill("\\x41", HEAD + 'description: "', '"\n'),
    "single quotes": lambda: fill("''", HEAD + "description: '", "'\n"),
    "open quote": lambda: fill("a", HEAD + 'description: "'),
    "open quote of lines": lambda: fill("a\n", HEAD + "description: '"),
    "very many quotes": lambda: '"' * MIB,
    "quotes after each other": lambda: fill('"" ', HEAD),
    "quotes on lines": lambda: fill('""\n', HEAD),
    "quoted keys": lambda: fill('"k{}": 1\n', HEAD),
    "block scalar": lambda: fill("  line\n", HEAD + "description: |\n"),
    "block scalar of one line": lambda: fill("a", HEAD + "description: |\n  ", "\n"),
    "block scalar of empty lines": lambda: fill("\n", HEAD + "description: |\n", "  a\n"),
    "folded scalar": lambda: fill("  line\n", HEAD + "description: >\n"),
    "folded scalar of empty lines": lambda: fill("\n", HEAD + "description: >+\n", "  a\n"),
    "folded scalar of deeper lines": lambda: fill("    a\n  b\n", HEAD + "description: >\n"),
    "map of 60000 keys": lambda: HEAD + "x-a:\n" + "".join(f"  k{i}: 1\n" for i in range(60000)),
    "map of 60000 unknown keys": lambda: HEAD + "".join(f"k{i}: 1\n" for i in range(60000)),
    "60000 variables of the environment": lambda: HEAD + "process:\n  env:\n" + "".join(f"    K{i}: v\n" for i in range(60000)),
    "60000 equal keys": lambda: HEAD + "k: 1\n" * 60000,
    "keys": lambda: fill("a{}: 1\n"),
    "keys without values": lambda: fill("a:\n", ""),
    "keys without values, deeper": lambda: HEAD + "".join(" " * i + "a:\n" for i in range(1400)),
    "keys on one line": lambda: fill("a: ", HEAD),
    "dashes": lambda: fill("- ", ""),
    "dashes on lines": lambda: fill("-\n", HEAD + "x-a:\n"),
    "dashes on lines, deeper": lambda: HEAD + "x-a:\n" + "".join(" " * i + "-\n" for i in range(1400)),
    "items": lambda: fill("- a\n", HEAD + "x-a:\n"),
    "empty mounts": lambda: fill("- {}\n", HEAD + "mounts:\n"),
    "wrong mounts": lambda: fill("- a:b:c\n", HEAD + "mounts:\n"),
    "mounts": lambda: fill("- /a{}\n", HEAD + "mounts:\n"),
    "mounts below each other": lambda: HEAD + "mounts:\n" + "".join(f"- {{type: tmpfs, target: /{'a/' * i}}}\n" for i in range(900)),
    "masks": lambda: fill("- {type: mask, target: /a{}}\n", HEAD + "mounts:\n"),
    "mounts over masks": lambda: fill("- {type: mask, target: /a}\n- {type: tmpfs, target: /}\n", HEAD + "mounts:\n"),
    "unmounts": lambda: fill("- {type: unmount, target: /a}\n", HEAD + "root: host\nmounts:\n"),
    "id map entries": lambda: fill('"{}:{}:1", ', HEAD + "id_maps: {uid: [", '], gid: ["0:0:1"]}\n'),
    "passed descriptors": lambda: fill("{},", HEAD + "process: {pass_fds: [", "]}\n"),
    "sysctl names": lambda: fill("  net.a{}: 1\n", HEAD + "sysctl:\n"),
    "limits": lambda: fill("    a{}: 1\n", HEAD + "process:\n  rlimits:\n"),
    "warnings": lambda: fill("  a{}: x\n", HEAD + "allow_warnings:\n"),
    "namespaces": lambda: fill("a,", HEAD + "namespaces: [", "]\n"),
    "namespaces of a type": lambda: fill("net,", HEAD + "namespaces: [", "]\n"),
    "variables": lambda: fill("  a{}: x\n", HEAD + "vars:\n"),
    "variables that refer to others": lambda: fill("  a{}: ${a{}}\n", HEAD + "vars:\n"),
    "null": lambda: fill("- ~\n", HEAD + "mounts:\n"),
    "references": lambda: fill("${UID}", HEAD + "hostname: ", "\n"),
    "references that never end": lambda: fill("${", HEAD + "hostname: ", "\n"),
    "references in references": lambda: HEAD + "hostname: " + "${A:-" * 100000 + "}" * 100000 + "\n",
    "references in references in a short form": lambda: HEAD + "mounts:\n- " + "${A:-" * 100000 + "}" * 100000 + "\n",
    "references that never end in a short form": lambda: fill("${", HEAD + "mounts:\n- ", "\n"),
    "unknown references": lambda: fill("${A}", HEAD + "hostname: ", "\n"),
    "dollars": lambda: fill("$", HEAD + "hostname: ", "\n"),
    "colons in a short form": lambda: fill(":", HEAD + "mounts:\n- /a", "b\n"),
    "commas in a short form": lambda: fill("x,", HEAD + "mounts:\n- /a:", "b\n"),
    "slashes": lambda: fill("/", HEAD + "process: {cwd: ", "}\n"),
    "dots": lambda: fill("/..", HEAD + "process: {stdin: ", "}\n"),
    "anchors": lambda: fill("- &a{} a\n", HEAD + "x-a:\n"),
    "the same anchor": lambda: fill("- &a a\n", HEAD + "x-a:\n"),
    "anchors of anchors": lambda: fill("&a{} ", HEAD + "x-a: ", "a\n"),
    "aliases": lambda: fill("- *a\n", HEAD + "x-a: &a a\nx-b:\n"),
    "aliases of a list": lambda: fill("- *a\n", HEAD + "x-a: &a [a,a,a,a,a,a,a,a,a,a,a,a]\nx-b:\n"),
    "aliases of a big text": lambda: HEAD + "x-a: &a " + "a" * 500000 + "\nx-b: [" + "*a, " * 50000 + "]\n",
    "aliases of a middling text": lambda: HEAD + "x-a: &a [" + "a" * 5000 + "]\nx-b: [" + "*a, " * 40000 + "]\n",
    "aliases as keys": lambda: fill("? *a\n: b\n", HEAD + "x-a: &a [a]\n"),
    "billion laughs": lambda: laughs(9, 9),
    "laughs with big texts": lambda: HEAD + "x-0: &a0 " + "a" * 100000 + "\nx-1: &a1 [" + "*a0, " * 250 + "]\nx-2: [" + "*a1, " * 250 + "]\n",
    "nested anchors": lambda: HEAD + "x-a: " + "".join(f"&a{i} [" for i in range(60)) + "a, " * 90000 + "]" * 60 + "\n",
    "? keys": lambda: fill("? a\n", HEAD),
    "? keys with values": lambda: fill("? a{}\n: b\n", HEAD),
    "? on one line": lambda: fill("? ", ""),
    "comment of one line": lambda: fill("#", ""),
    "comments": lambda: fill("# a\n", HEAD),
    "comments behind values": lambda: fill("# a ", HEAD + "hostname: a "),
    "spaces": lambda: fill(" ", HEAD),
    "tabs": lambda: fill("\t", HEAD),
    "tabs behind a key": lambda: fill("\t", HEAD + "hostname:", "a\n"),
    "empty lines": lambda: fill("\n", "", HEAD),
    "carriage returns": lambda: fill("\r", HEAD),
    "documents": lambda: fill("---\n", HEAD),
    "document ends": lambda: fill("...\n", HEAD),
    "directives": lambda: fill("%YAML 1.2\n", "", "---\n"),
    "directives of tags": lambda: fill("%TAG !a{}! b\n", "", "---\n"),
    "tags": lambda: fill("! ", HEAD + "hostname: "),
    "tag of 1 MiB": lambda: fill("a", HEAD + "hostname: !", " b\n"),
    "anchor of 1 MiB": lambda: fill("a", HEAD + "hostname: &", " b\n"),
    "alias of 1 MiB": lambda: fill("a", HEAD + "hostname: *", "\n"),
    "key of 1 MiB": lambda: fill("a", HEAD, ": b\n"),
    "quoted key of 1 MiB": lambda: fill("a", HEAD + '"', '": b\n'),
    "merge keys": lambda: fill("<<: a\n", HEAD),
    "pipes": lambda: "|" * MIB,
    "ampersands": lambda: "&" * MIB,
    "asterisks": lambda: "*" * MIB,
    "exclamation marks": lambda: "!" * MIB,
    "question marks": lambda: "?" * MIB,
    "colons": lambda: ":" * MIB,
    "percent signs": lambda: "%" * MIB,
    "umlauts": lambda: fill("ä", HEAD + "description: ", "\n"),
    "keys and wide text": lambda: fill("ä{}: ä\n", HEAD),
    "one line of flow maps": lambda: fill("{a: b},", HEAD + "mounts: [", "]\n"),
    "one line of wrong flow maps": lambda: fill("{ä: ä},", HEAD + "mounts: [", "]\n"),
    "extends itself, often": lambda: HEAD + "extends: [" + "./hostile.yaml, " * 60000 + "]\n",
    "extends what is not there": lambda: HEAD + "extends: [" + "a, " * 200000 + "]\n",
    "10 MiB": lambda: HEAD + "x-a: " + "a" * (10 * MIB),
    "10 MiB of [": lambda: "[" * (10 * MIB),
    "30000 mounts": lambda: HEAD + "mounts:\n" + "".join(f"- /a{i}\n" for i in range(30000)),
    "15000 masks": lambda: HEAD + "mounts:\n" + "".join(f"- {{type: mask, target: /a{i}}}\n" for i in range(15000)),
    "15000 descriptors": lambda: HEAD + "process: {pass_fds: [" + ", ".join(str(i + 3) for i in range(60000)) + "]}\n",
}


def run(path):
    """Exit status, seconds, peak memory in bytes."""
    begin = time.monotonic()
    child = subprocess.Popen([NSBOX, "validate", "--no-host", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    # On a busy machine the clock on the wall tells of the others.
    return child.returncode, min(seconds, usage.ru_utime + usage.ru_stime), usage.ru_maxrss * 1024


def main():
    only = sys.argv[1:]
    cases = {name: make for name, make in CASES.items() if not only or any(word in name for word in only)}
    print(f"1..{len(cases)}")
    failed = 0
    slowest = (0.0, "")
    biggest = (0, "")
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(cases, 1):
            path = os.path.join(folder, "hostile.yaml")
            # A child's peak counts what its parent had, so the texts are made in another process.
            if os.fork() == 0:
                with open(path, "wb") as out:
                    out.write(cases[name]().encode())
                os._exit(0)
            os.wait()
            status, seconds, peak = run(path)
            slowest, biggest = max(slowest, (seconds, name)), max(biggest, (peak, name))
            ok = status in (0, 1) and seconds <= SECONDS and peak <= PEAK
            failed += not ok
            print(f"{'ok' if ok else 'not ok'} {number} {name.replace('#', 'hash sign')} - {seconds:.3f} s, {peak / MIB:.0f} MiB", flush=True)
            if status not in (0, 1):
                print(f"# exit status {status}")
    print(f"# slowest: {slowest[0]:.3f} s ({slowest[1]}); biggest: {biggest[0] / MIB:.0f} MiB ({biggest[1]})")
    return 1 if failed else 0


sys.exit(main())
