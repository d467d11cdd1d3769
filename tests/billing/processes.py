"""Processes that tests start, kill and listen to: `victim` and `family`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keito.testing import LocalKeito

ROOT = Path(__file__).parents[2]
Start = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def starting(module: str, local: LocalKeito, *, outbox: str) -> Iterator[Start]:
    """Return what starts a scenario of a module; whatever happens, all are gone at the end."""
    started: list[subprocess.Popen[str]] = []
    settings = {**os.environ, **local.env, "KEITO_OUTBOX": outbox}

    def start(*scenario: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"tests.billing.{module}", *scenario],
            cwd=ROOT,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def said(process: subprocess.Popen[str]) -> str:
    """Wait for the next line that a process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
