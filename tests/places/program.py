"""A program that a place runs, with all the processes it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.billing.sending import PATIENCE
from tests.sandbox.waiting import eventually

ROOT = Path(__file__).parents[2]


class Program:
    """One that runs in a session of its own, so that none of its processes outlives the test."""

    def __init__(
        self, *words: str, env: Mapping[str, str], log: Path, within: Sequence[str] = ()
    ) -> None:
        self._log = log
        self._contained = bool(within)
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                [*within, sys.executable, *words],
                cwd=ROOT,
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """The process that does the work: in a container the first one of it."""
        pid = self.popen.pid
        if not self._contained:
            return pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())

    def says(self, text: str, *, times: int = 1) -> bool:
        """Whether it says this, so many times, while it runs and we are patient."""

        def said() -> bool:
            return self.log.count(text) >= times

        eventually(lambda: said() or self.popen.poll() is not None, within=PATIENCE)
        return said()

    def hear(self, line: str) -> None:
        """Tell it something."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n".encode())
        self.popen.stdin.flush()

    def ends(self) -> int:
        """Wait for it, and return its exit code."""
        return self.popen.wait(PATIENCE)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and return its exit code, 128 and more from a container."""
        os.kill(self.pid, number)
        return self.ends()

    def close(self) -> None:
        """Kill what is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.communicate()
