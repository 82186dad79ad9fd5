# SPDX-License-Identifier: MIT
"""A terminal with a person at it."""
import fcntl, os, pty, select, signal, struct, termios, time
from lib import SLOW, Failed, equal


class Terminal:
    """nsbox at a pty of ours, as a session leader's foreground job would be."""

    def __init__(self, t, *argv, rows=24, columns=80, shell=False):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 100)
            os.chdir(t.folder)
            t.demote()
            os.environ["TERM"] = "dumb"
            os.execv(argv[0], argv)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, text, seconds=10):
        end = time.time() + seconds * SLOW
        while text.encode() not in self.output:
            left = end - time.time()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise Failed(f"no {text!r} in {self.output!r}")
            try:
                self.output += os.read(self.master, 4096)
            except OSError:
                raise Failed(f"no {text!r} before the end in {self.output!r}")
        at = self.output.index(text.encode()) + len(text)
        seen, self.output = self.output[:at], self.output[at:]
        return seen.decode("utf-8", "replace")

    def killed(self):
        """The exit status after SIGKILL, when the process beside nsbox has taken the modes back."""
        os.kill(self.pid, signal.SIGKILL)
        for _ in range(100):
            if termios.tcgetattr(self.slave) == self.before:
                break
            time.sleep(0.02)
        return self.end()

    def end(self, seconds=10):
        """The exit status, when the terminal is as it was before."""
        limit = time.time() + seconds * SLOW
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.time() > limit:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise Failed(f"no end; output {self.output!r}")
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.output += os.read(self.master, 4096)
                except OSError:
                    pass
        equal(termios.tcgetattr(self.slave), self.before, "the terminal's modes")
        os.close(self.master)
        os.close(self.slave)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
