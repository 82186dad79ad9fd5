#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The figures of a launch that do not depend on how busy the machine is, held against the file
`budgets`; printed as TAP. NSBOX is the program, build/nsbox by default.

calls         system calls with all processes, by strace; and which they are
faults        minor page faults with all processes, the fewest of some launches
peak          peak memory of the largest process in kB, the least of some launches
instructions  in user space with all processes, by the kernel's single steps (steps.c): about half a
              minute for a launch, so only as root

`steady.py --accept` writes the present figures with a little slack as the budgets."""
import os, sys, textwrap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *

BUDGETS = HERE + "/budgets"
SLACK = {"calls": 0.02, "faults": 0.03, "peak": 0.03, "instructions": 0.02}
HEAD = """# SPDX-License-Identifier: MIT
# What a launch may take at most: figure, case, caller, most allowed. Below `calls` stands how often each
# was made when the budget was set. Written by tests/bench/steady.py --accept, which adds 2 or 3 percent.
"""


class Missing(Exception):
    """The reason why a figure can't be had here."""


def calls(bench, caller, argv):
    found = bench.calls(caller, argv)
    if not found:
        raise Missing("strace is not installed or can't trace")
    return sum(found.values()), found


def faults(bench, caller, argv):
    return min(bench.clock(caller, argv)[0][3] for _ in range(15)), None


def peak(bench, caller, argv):
    return min(bench.clock(caller, argv)[0][4] for _ in range(15)), None


def instructions(bench, caller, argv):
    done = caller.run([bench.path("steps"), *argv])
    if done.returncode != 0:
        raise Missing("the kernel does not let it be traced step by step")
    return int(done.stdout.split()[0]), None


FIGURES = {"calls": calls, "faults": faults, "peak": peak, "instructions": instructions}


def read_budgets():
    """{(figure, case, caller): (most, {call: how often})}"""
    found, key = {}, None
    for line in open(BUDGETS):
        words = line.split()
        if not words or words[0] == "#":
            continue
        if "=" in line:
            found[key][1].update((name, int(number)) for name, number in (word.split("=") for word in words))
        else:
            key = tuple(words[:3])
            found[key] = (int(words[3]), {})
    return found


def accept(bench, present):
    with open(BUDGETS, "w") as file:
        file.write(HEAD)
        for (figure, case, caller), launch in present.items():
            most, which = FIGURES[figure](bench, *launch)
            file.write(f"{figure} {case} {caller} {round(most * (1 + SLACK[figure]))}\n")
            if which:
                words = " ".join(f"{name}={number}" for name, number in sorted(which.items(), key=lambda each: (-each[1], each[0])))
                file.write(textwrap.fill(words, 110, initial_indent="  ", subsequent_indent="  ") + "\n")


def test(bench, present):
    budgets = read_budgets()
    print(f"1..{len(present)}", flush=True)
    failures = 0
    for number, ((figure, case, caller), launch) in enumerate(present.items(), 1):
        most, before = budgets[figure, case, caller]
        label = f"{number} - {figure} of {case} as {caller}"
        try:
            found, which = FIGURES[figure](bench, *launch)
        except Missing as reason:
            print(f"ok {label} # SKIP {reason}", flush=True)
            continue
        print(f"{'ok' if found <= most else 'not ok'} {label}: {found}, at most {most}", flush=True)
        if found <= most:
            continue
        failures += 1
        print(f"#   {figure} grew: {found - most} ({100 * (found - most) / most:.1f} %) over the budget")
        for name in sorted(which or ()):
            if which[name] > before.get(name, 0):
                print(f"#   {name}: {which[name]}, and {before.get(name, 0)} when the budget was set")
    return 1 if failures else 0


def main():
    with Bench(os.environ.get("NSBOX", ROOT + "/build/nsbox")) as bench:
        present = {}
        for caller in callers():
            argv = bench.argv("nsbox", "nonet", caller)
            bench.clock(caller, argv)  # a launch that fails ends the test here; one that does not fills the page cache
            for figure in FIGURES:
                if figure != "instructions" or caller.uid == 0:
                    present[figure, "nonet", caller.name] = caller, argv
        return accept(bench, present) if sys.argv[1:] == ["--accept"] else test(bench, present)


sys.exit(main())
