"""What it costs to import the toolkit: the recording path, and the client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from tests.bench.measure import Case, Row, interleaved, medians

RECORDER = "from keito.billing import Recorder"
CLIENT = "from keito import Keito"
BASELINE = "import httpx; from pydantic import BaseModel"
ROUNDS = 7

# The modules are asked for in the same process, after the clock has stopped.
_PROGRAM = """
import sys, time
started = time.process_time()
{statement}
print(time.process_time() - started, *({{"httpx", "pydantic"}} & set(sys.modules)))
"""


def rows() -> Iterator[Row]:
    """CPU of each import, each time in a fresh interpreter."""
    with TemporaryDirectory() as compiled:
        loaded = _run(RECORDER, compiled)[1:]
        cases = {name: _importing(name, compiled) for name in (RECORDER, CLIENT, BASELINE)}
        interleaved(cases, rounds=1)
        taken = medians(interleaved(cases, rounds=ROUNDS))
    recorder, extra = taken[RECORDER], taken[CLIENT] - taken[BASELINE]
    yield Row(
        "import Recorder, CPU",
        f"+ {loaded[0]}" if loaded else f"{recorder * 1e3:.0f} ms",
        "under 50 ms",
        recorder < 0.050 and not loaded,
        taken,
    )
    yield Row(
        "import Keito, CPU, above httpx+pydantic",
        f"{extra * 1e3:.0f} ms",
        "at most 30 ms",
        extra <= 0.030,
        taken,
    )


def _importing(statement: str, compiled: str) -> Case:
    return lambda: float(_run(statement, compiled)[0])


def _run(statement: str, compiled: str) -> list[str]:
    # What is measured is a program's second start, also on a machine (a container, often) that
    # keeps no compiled modules: then compiling would be most of what an import costs.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", _PROGRAM.format(statement=statement)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return told.stdout.split()
