"""What it costs to import the toolkit, the recording path and the client, and to import others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory

from tests.bench import peers
from tests.bench.measure import COMPARED, Case, Row, interleaved, medians
from tests.sandbox.published_sdk.environment import python as published

RECORDER = "from keito.billing import Recorder"
CLIENT = "from keito import Keito"
BASELINE = "import httpx; from pydantic import BaseModel"
PUBLISHED = "published SDK"
IN_ALL = "import Keito, CPU, in all"
LANGFUSE = "import Langfuse, CPU, in all"
PAID = "import Paid's tracing, CPU, in all"
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
    ours = {name: (sys.executable, name) for name in (RECORDER, CLIENT, BASELINE)}
    with TemporaryDirectory() as compiled:
        loaded = _run(*ours[RECORDER], compiled)[1:]
        cases = {what: _importing(*how, compiled) for what, how in {**ours, **_others()}.items()}
        interleaved(cases, rounds=1)
        taken = medians(interleaved(cases, rounds=ROUNDS))
    yield Row(
        "import Recorder, CPU",
        f"+ {loaded[0]}" if loaded else _ms(taken[RECORDER]),
        "under 50 ms",
        taken[RECORDER] < 0.050 and not loaded,
        taken,
    )
    extra = taken[CLIENT] - taken[BASELINE]
    what = "import Keito, CPU, above httpx+pydantic"
    yield Row(what, _ms(extra), "at most 30 ms", extra <= 0.030, taken)
    yield from _beside(taken)


def _beside(taken: Mapping[str, float]) -> Iterator[Row]:
    if PUBLISHED not in taken:
        yield Row("import others", "no peers", COMPARED, None)
        return
    extra = taken[PUBLISHED] - taken[f"{PUBLISHED}, {BASELINE}"]
    yield Row("the same of the published SDK", _ms(extra), COMPARED, None, taken)
    for what in (IN_ALL, LANGFUSE, PAID):
        yield Row(what, _ms(taken[what]), COMPARED, None, taken)


def _others() -> dict[str, tuple[str, str]]:
    """What is imported to compare with, and by which interpreter; nothing without a network.

    How long httpx takes depends on what else is installed: it looks for colours for its command.
    So each is held against the httpx that it finds itself.
    """
    try:
        theirs, official = str(peers.python()), str(published())
    except RuntimeError:
        return {}
    return {
        PUBLISHED: (official, CLIENT),
        f"{PUBLISHED}, {BASELINE}": (official, BASELINE),
        IN_ALL: (theirs, CLIENT),
        LANGFUSE: (theirs, "from langfuse import Langfuse"),
        PAID: (theirs, "from paid.tracing import signal"),
    }


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def _importing(interpreter: str, statement: str, compiled: str) -> Case:
    return lambda: float(_run(interpreter, statement, compiled)[0])


def _run(interpreter: str, statement: str, compiled: str) -> list[str]:
    # What is measured is a program's second start, also on a machine (a container, often) that
    # keeps no compiled modules: then compiling would be most of what an import costs.
    environment = {**peers.neutral(), "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [interpreter, "-c", _PROGRAM.format(statement=statement)]
    # The folder comes first in the path, and ours holds a `keito`.
    elsewhere = None if interpreter == sys.executable else compiled
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, cwd=elsewhere
    )
    return done.stdout.split()
