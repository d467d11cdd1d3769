"""A place among the processes: whoever sits there is followed by the next when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.chaos.orders import Orders
from tests.chaos.plan import Fate

ROOT = Path(__file__).parents[2]
PATIENCE = 6.0
"""Seconds in which a process has to come to its step."""


class Seat:
    """One running process and its fate."""

    def __init__(self, orders: Orders, fate: Fate, *, errors: Path) -> None:
        self.orders = orders
        self.fate = fate
        self.killed = False
        self._errors = errors
        self.stops = 0
        self._since = time.monotonic()
        self._until = self._since + (PATIENCE if fate.step else fate.after)
        self._still = 0.0
        with errors.open("a") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.process", orders.text()], cwd=ROOT, stderr=file
            )

    @property
    def missed(self) -> bool:
        """Whether it did not come to its step."""
        reached = Path(self.orders.notes).exists() and '"reached"' in self._notes()
        return bool(self.orders.step) and not reached

    def ended(self) -> bool:
        """Look after it: send the signals that are due; whether it has ended.

        Raises:
            AssertionError: It ended by itself, and not as it should.
        """
        now = time.monotonic()
        if self._look(now):
            code = self._process.returncode
            assert code in (0, -signal.SIGKILL), self._errors.read_text()[-2000:]
            self.killed = code != 0
            return True
        if self._still:
            if now >= self._still:
                self._still = 0.0
                self._process.send_signal(signal.SIGCONT)
        elif now >= self._until and self.fate.how != "leaves":
            self._signal()
        return False

    def kill(self) -> None:
        """End it now, whatever it does."""
        self._process.kill()
        self._process.wait()

    def _signal(self) -> None:
        if self.fate.how != "stopped" or self.stops:
            self._process.kill()
            return
        self._process.send_signal(signal.SIGSTOP)

    def _look(self, now: float) -> bool:
        # Sending a signal reaps a process that has just ended: nobody is left to wait for then.
        if self._process.returncode is not None:
            return True
        pid, status = os.waitpid(self._process.pid, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            self.stops += 1
            self._still = now + self.fate.still
            # It goes on for a while afterwards: what it holds may no longer be its own.
            self._until = self._still + self.fate.after
        elif pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode is not None

    def _notes(self) -> str:
        return Path(self.orders.notes).read_text()
