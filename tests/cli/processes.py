"""The command as a process, with and without a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

COMMAND = [sys.executable, "-m", "keito.cli"]


class Process:
    """A command that runs, and what it has said so far."""

    def __init__(self, words: tuple[str, ...], env: Mapping[str, str]) -> None:
        self.popen = subprocess.Popen(
            [*COMMAND, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
        )
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def said(self, text: str, *, within: float = 30) -> str:
        """Wait for a line that holds this text, and return it."""
        with self._more:
            found = self._more.wait_for(lambda: [x for x in self.lines if text in x], within)
        assert found, (self.lines, self.popen.poll())
        return found[0]

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, and return the exit code and the standard error."""
        self.popen.send_signal(number)
        assert self.popen.stderr
        self.popen.wait(30)
        self._reader.join(30)
        return self.popen.returncode, self.popen.stderr.read()

    def close(self) -> None:
        """Kill it, if it runs."""
        self.popen.kill()
        self.popen.wait()
        self._reader.join(30)
        for stream in (self.popen.stdout, self.popen.stderr):
            if stream:
                stream.close()

    def _read(self) -> None:
        assert self.popen.stdout
        for line in self.popen.stdout:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()


@contextmanager
def running(*words: str, env: Mapping[str, str]) -> Iterator[Process]:
    """Run a command for the time of a block."""
    process = Process(words, env)
    try:
        yield process
    finally:
        process.close()


def in_terminal(
    *words: str, env: Mapping[str, str], columns: int = 80, into: Path | None = None
) -> tuple[int, str]:
    """Run a command in a terminal of its own; return its exit code and all that it shows.

    Args:
        words: The command.
        env: Its environment.
        columns: How wide the terminal is.
        into: A file that its results go to, like with `>`.
    """
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    ignored = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    ours_too = {name: value for name, value in os.environ.items() if name not in ignored}
    settings = {**ours_too, "TERM": "xterm-256color", **env}
    with open(into or os.devnull, "wb") as file:
        process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=theirs,
            stdout=file if into else theirs,
            stderr=theirs,
            env=settings,
        )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            # Linux says so when the last one has closed the other end.
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return process.wait(30), shown.decode()
