# SPDX-License-Identifier: MIT
"""Terminals, signals, and the end of things: what a person at a keyboard, a shell or a kill does."""
import os, signal, sys, termios, time
sys.path.insert(0, os.path.dirname(__file__))
from lib import *
from terminal import Terminal

USR = """
mounts:
  - /usr
  - {type: symlink, target: /bin, to: usr/bin}
  - {type: symlink, target: /lib, to: usr/lib}
  - {type: symlink, target: /lib64, to: usr/lib64}
  - {type: proc, target: /proc}
  - {type: tmpfs, target: /tmp, mode: "1777"}
  - PROBE:/probe
"""
DEV = "  - {type: dev, target: /dev}\n"


@test()
def a_new_terminal(t):
    for dev in (DEV, ""):  # a pty of the sandbox's own, or of the host
        spec = t.spec(USR + dev + "process: {command: [sh, -i]}\n")
        terminal = Terminal(t, t.nsbox, "up", spec)
        terminal.send("stty size; PS1=\n")
        terminal.wait_for("24 80")
        terminal.resize(30, 100)
        os.kill(terminal.pid, signal.SIGWINCH)
        pause(0.2)
        terminal.send("stty size\n")
        terminal.wait_for("30 100")
        # Ctrl-C interrupts the command there, and not nsbox.
        terminal.send("sleep 100; echo interrupted=$?\n")
        pause(0.3)
        terminal.send("\x03")
        pause(0.2)
        terminal.send("echo after-$((40+2))\n")
        terminal.wait_for("after-42")
        # Ctrl-Z stops the job, and the shell inside goes on.
        terminal.send("sleep 100\n")
        pause(0.3)
        terminal.send("\x1a")
        pause(0.2)
        terminal.send("jobs; kill -9 %1; wait; jobs; echo stopped-$((40+3))\n")
        terminal.wait_for("stopped-43")
        terminal.send("exit 7\nexit 7\n")
        equal(terminal.end(), 7)


@test()
def a_new_terminal_belongs_to_the_sandbox(t):
    terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV), "--", "sh", "-c", "tty; ls -l /dev/console /dev/pts/0 | cut -c1; /probe ioctl 0x5412; /probe; echo done")
    seen = terminal.wait_for("done")
    check("/dev/pts/0" in seen, "tty", seen)
    check("EPERM" in seen, "TIOCSTI", seen)
    check('"ctty":1' in seen.replace(" ", ""), "a controlling terminal", seen)
    equal(terminal.end(), 0)


@test()
def keys_reach_a_single_command(t):
    """The command is no session leader, so Ctrl-C and Ctrl-\\ act on it as on any job."""
    terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV), "--", "/probe", "sleep", "100")
    terminal.wait_for("ready")
    terminal.send("\x03")
    equal(terminal.end(), 130)


@test()
def terminal_input_is_refused_everywhere(t):
    for kind in ("inherit", "new"):
        terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV + f"process: {{terminal: {kind}}}\n"), "--", "sh", "-c", "/probe ioctl 0x5412; /probe ioctl 0x541C; /probe ioctl 0x100005412; echo done")
        seen = terminal.wait_for("done")
        equal(seen.count("EPERM"), 3, seen)
        equal(terminal.end(), 0)


@test()
def an_inherited_terminal(t):
    terminal = Terminal(t, "/bin/sh", "-i")
    terminal.send("PS1=; set -m\n")
    spec = t.spec(USR + "process: {terminal: inherit}\n")
    terminal.send(f"{t.nsbox} up {spec} -- /probe sleep 100\n")
    terminal.wait_for("ready")
    # Ctrl-Z stops nsbox and the command: the caller's shell is back, fg brings both on.
    terminal.send("\x1a")
    pause(0.5)
    terminal.send("echo shell-$((40+2)); jobs\n")
    terminal.wait_for("shell-42")
    terminal.wait_for("Stopped")
    terminal.send("fg\n")
    pause(0.5)
    terminal.send("\x03")
    pause(0.5)
    terminal.send("echo status=$?\n")
    terminal.wait_for("status=130")
    terminal.send("exit\n")
    terminal.end()


@test()
def no_terminal_to_inherit(t):
    """Standard input is none, or all three are."""
    spec = t.spec(USR + "process: {terminal: inherit}\n")
    equal(t.up(spec, "sh", "-c", "tty; echo done").out, "not a tty\ndone\n")
    terminal = Terminal(t, "/bin/sh", "-c", f"exec {t.nsbox} up {spec} -- sh -c 'tty; /probe; echo done' </dev/null")
    terminal.wait_for("not a tty")
    terminal.wait_for("done")
    equal(terminal.end(), 0)


@test()
def the_terminal_is_restored_after_a_kill(t):
    terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV), "--", "sh", "-c", "echo pid-$$; kill -9 $$")
    equal(terminal.end(), 137)
    terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV), "--", "/nothing")
    equal(terminal.end(), 127)
    terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV), "--", "/probe", "sleep", "100")
    terminal.wait_for("ready")
    os.kill(terminal.pid, signal.SIGTERM)
    equal(terminal.end(), 143)
    # Nobody can take modes back who is killed itself; the process beside it does.
    terminal = Terminal(t, t.nsbox, "up", t.spec(USR + DEV), "--", "/probe", "sleep", "100")
    terminal.wait_for("ready")
    check(termios.tcgetattr(terminal.slave) != terminal.before, "raw meanwhile")
    equal(terminal.killed(), -9)


@test()
def a_file_is_typed_into_a_new_terminal(t):
    """To its end, however long it is, and whether or not its last line is a whole one."""
    spec = t.spec(USR + "process: {terminal: new}\n")
    for text in ("", "a line\n", "half a line", "x" * 70 + "\n", "0123456789\n" * 3000):
        result = t.run([t.nsbox, "up", spec, "--", "sh", "-c", "stty -echo; sleep 0.3; echo; wc -c"], stdin=text.encode(), timeout=5)
        equal((result.status, result.out.split()[-1], result.err), (0, str(len(text)), ""), text[:20])  # behind what is echoed
    with open("/proc/self/mem", "rb") as unreadable:  # EIO at its first page
        result = subprocess.run([t.nsbox, "up", spec, "--", "cat"], stdin=unreadable, capture_output=True, text=True, timeout=20)
    check(result.returncode == 125 and "supervision of 'standard input': read: " in result.stderr, "what can't be read", result.returncode, result.stderr)


@test()
def a_reader_that_takes_its_time(t):
    """Output that does not wait for room is written all the same, in full."""
    spec = t.spec(USR + "process: {terminal: new}\n")
    end, start = os.pipe()
    os.set_blocking(start, False)
    process = subprocess.Popen([t.nsbox, "up", spec, "--", "sh", "-c", "stty -onlcr; yes | head -n 200000"], stdin=subprocess.DEVNULL, stdout=start, preexec_fn=t.demote, cwd=t.folder)
    os.close(start)
    time.sleep(0.3)
    with os.fdopen(end, "rb") as pipe:
        out = pipe.read()
    equal((process.wait(), out.count(b"y\n"), len(out)), (0, 200000, 400000))


@test()
def without_a_terminal(t):
    seen = t.see(PROBE)
    equal((seen["tty"], seen["ctty"]), ([0, 0, 0], 0))
    equal(seen["sid"], seen["pid"], "a session of its own")


@test()
def signals_are_passed_on(t):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT):
        process = t.start([t.nsbox, "up", t.spec(PROBE), "--", "/probe", "sleep", "100"])
        equal(process.stdout.readline(), b"ready\n")
        process.send_signal(number)
        process.communicate(timeout=10 * SLOW)
        equal(process.returncode, 128 + number, str(number))
    # Without init the kernel keeps from pid 1 what it has no handler for; a second one kills.
    process = t.start([t.nsbox, "up", t.spec(PROBE + "process: {init: false}\n"), "--", "/probe", "sleep", "100"])
    equal(process.stdout.readline(), b"ready\n")
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)  # less than a second, on a slow machine too
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10 * SLOW)
    equal(process.returncode, 137)


@test()
def a_signal_in_the_first_moment_is_for_the_command(t):
    """The payload runs before its init has told the launcher so, which on a busy machine takes long."""
    busy = [t.start([t.probe, "spin"]) for _ in range(2 * os.cpu_count())]
    try:
        for _ in range(15):
            process = t.start([t.nsbox, "up", t.spec(PROBE), "--", "/probe", "sleep", "100"])
            equal(process.stdout.readline(), b"ready\n")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20 * SLOW)
            equal(process.returncode, 143)
    finally:
        for process in busy:
            process.kill()
            process.communicate()


@test()
def a_second_signal_kills(t):
    process = t.start([t.nsbox, "up", t.spec(USR), "--", "sh", "-c", "trap '' INT TERM; echo ready; while :; do sleep 1; done"])
    equal(process.stdout.readline(), b"ready\n")
    process.send_signal(signal.SIGTERM)
    pause(0.2)
    check(process.poll() is None, "one is for the command")
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5 * SLOW)
    equal(process.returncode, 137)


@test()
def stop_and_continue(t):
    process = t.start([t.nsbox, "up", t.spec(PROBE), "--", "/probe", "sleep", "100"])
    equal(process.stdout.readline(), b"ready\n")
    process.send_signal(signal.SIGTSTP)
    for _ in range(100):
        if open(f"/proc/{process.pid}/stat").read().rsplit(")")[1].split()[0] == "T":
            break
        time.sleep(0.02)
    else:
        raise Failed("not stopped")
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5 * SLOW)
    equal(process.returncode, 143)


@test()
def everything_dies_with_nsbox(t):
    for more in ("", "process: {init: false}\n", "namespaces: {pid: host, mount: host}\n"):
        spec = t.spec(more + ("" if "host" in more else PROBE))
        process = t.start([t.nsbox, "up", spec, "--", "/probe" if "host" not in more else t.probe, "sleep", "100"])
        equal(process.stdout.readline(), b"ready\n", more)
        below = family(process.pid)[1:]
        check(below, "processes")
        process.kill()
        process.wait()
        left = still_alive(below, 2 * SLOW)
        for pid in filter(alive, below):
            os.kill(pid, signal.SIGKILL)
        process.communicate()
        equal(left, [], f"alive after SIGKILL of nsbox ({more})")


@test()
def killed_at_any_moment(t):
    """SIGKILL of nsbox while it is setting up: nothing lives on, nothing is left on the host."""
    spec = t.spec(USR + DEV)
    before = open("/proc/self/mountinfo").read()
    for step in range(60):
        process = t.start([t.nsbox, "up", spec, "--", "/probe", "sleep", "100"])
        time.sleep(step * 0.0003)
        below = family(process.pid)[1:]
        process.kill()
        process.communicate()
        equal(still_alive(below, 8 * SLOW), [])  # a busy machine takes its time to undo a mount namespace
    equal(open("/proc/self/mountinfo").read(), before)
    equal(os.listdir(t.folder), ["spec.yaml"])


@test()
def die_with_parent(t):
    inner = f"{t.nsbox} up {t.spec(PROBE + 'process: {die_with_parent: true}' + chr(10))} -- /probe sleep 100 & echo $!; sleep 100"
    process = t.start(["/bin/sh", "-c", inner])
    nsbox = int(process.stdout.readline())
    equal(process.stdout.readline(), b"ready\n")
    below = family(nsbox)
    process.kill()
    process.wait()
    equal(still_alive(below, 2 * SLOW), [])


@test()
def timeouts(t):
    started = time.time()
    result = t.up(USR + "process: {timeout: 500ms, stop_signal: USR1, stop_timeout: 5s}\n", "sh", "-c", "trap 'echo got USR1; exit 3' USR1; while :; do sleep 0.1; done")
    equal((result.status, result.out), (124, "got USR1\n"), str(result))
    result = t.up(USR + "process: {timeout: 300ms, stop_timeout: 300ms}\n", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    equal(result.status, 124)
    check(time.time() - started < 8 * SLOW, "in time")
    check("timeout of 300ms" in result.err, "message", result)


@test()
def reports(t):
    report = t.path("report.json")
    spec = t.spec(PROBE)
    equal(t.run([t.nsbox, "up", "--report", report, spec, "--", "/probe", "exit", "5"]).status, 5)
    seen = json.load(open(report))
    equal((seen["executed"], seen["reason"], seen["exit"], seen["signal"], seen["status"]), (True, "exited", 5, None, 5))
    check(len(seen["steps"]) > 50 and seen["namespaces"]["mnt"] != os.stat("/proc/self/ns/mnt").st_ino, "steps and namespaces", seen)
    equal(t.run([t.nsbox, "up", "--report", report, spec, "--", "/probe", "signal", "15"]).status, 143)
    seen = json.load(open(report))
    equal((seen["reason"], seen["signal"]), ("signal", "TERM"))
    equal(t.run([t.nsbox, "up", "--report", report, spec, "--", "/nothing"]).status, 127)
    seen = json.load(open(report))
    equal((seen["executed"], seen["reason"], seen["setup"]["name"], seen["setup"]["stage"]), (False, "setup", "find_command", "credentials"))
    equal(t.run([t.nsbox, "up", "--report", report, t.write("bad.yaml", "nsbox: 1\nhostnme: x\n")]).status, 125)
    equal(json.load(open(report))["diagnostics"][0]["code"], "unknown-key")
    os.symlink("/etc/passwd", t.path("link"))
    result = t.run([t.nsbox, "up", "--report", t.path("link"), spec, "--", "/probe", "exit", "0"])
    equal(result.status, 125, "a link is not followed")
    read, write = os.pipe()
    equal(t.run([t.nsbox, "up", "--status-fd", str(write), spec, "--", "/probe", "exit", "4"], pass_fds=(write,)).status, 4)
    os.close(write)
    events = [json.loads(line) for line in os.read(read, 65536).decode().splitlines()]
    equal([each["event"] for each in events], ["executed", "ended"])
    equal(events[1]["exit"], 4)
    result = t.run([t.nsbox, "up", "--timings", spec, "--", "/probe", "exit", "0"])
    check("stage mounts" in result.err and "execve" in result.err, "timings", result)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
