"""What it costs to hand over one event, a run for us, while it is delivered meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

from keito.testing import sandbox
from tests.bench import peers
from tests.bench.measure import COMPARED, Row, medians, ratio
from tests.bench.server import serving


def rows() -> Iterator[Row]:
    """All of them in one process, in turns; the servers that take the events are in others."""
    try:
        with sandbox(role="agent") as keito, serving() as sink:
            settings = json.dumps({**keito.client_settings, "sink": sink})
            taken: dict[str, list[float]] = peers.told("tests.bench.emission_peers", settings)
    except RuntimeError:
        yield Row("hand over an event", "no peers", COMPARED, None)
        return
    took = medians(taken)
    yield Row("hand over a run to disk, keito", _us(took["keito"]), COMPARED, None, took)
    for name in ("Langfuse", "Paid"):
        times = ratio(taken, name.lower(), "keito")
        yield Row(f"{name}, event to memory, of that", f"{times:.1f}x", COMPARED, None, took)


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us"
