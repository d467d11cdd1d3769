"""Hands events over to Keito, Langfuse and Paid in turns, where the peers are."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keito.billing import Recorder
from tests.bench.journal import TARGET
from tests.bench.measure import each, interleaved

ROUNDS = 9
EVENTS = 100
PAUSE = 0.02


def measured(settings: dict[str, str]) -> dict[str, list[float]]:
    """Each one's median in each round."""
    with TemporaryDirectory() as folder:
        recorder = Recorder(
            outbox=Path(folder) / "outbox.db",
            api_key=settings["api_key"],
            account_id=settings["account_id"],
            base_url=settings["base_url"],
            target=TARGET,
            requests_per_minute=None,
        )
        calls = {
            "keito": lambda: recorder.start("agent").finish(),
            "langfuse": langfuse(settings["sink"]),
            "paid": paid(settings["sink"]),
        }
        cases = {name: lambda call=call: _round(call) for name, call in calls.items()}
        interleaved(cases, rounds=1)
        taken = interleaved(cases, rounds=ROUNDS)
        recorder.close(0)
    return taken


def langfuse(url: str) -> Callable[[], object]:
    """What hands an event over to Langfuse."""
    client = import_module("langfuse").Langfuse(
        public_key="pk-lf-bench", secret_key="sk-lf-bench", base_url=url
    )
    return lambda: client.create_event(name="agent", metadata={"hours": 0.01})


def paid(url: str) -> Callable[[], object]:
    """What hands an event over to Paid, inside the context that it asks for."""
    tracing: Any = import_module("paid.tracing")
    tracing.initialize_tracing(api_key="bench", collector_endpoint=f"{url}/v1/traces")
    tracing.paid_tracing(external_customer_id="acme", external_product_id="agent").__enter__()
    return lambda: tracing.signal("agent", data={"hours": 0.01})


def _round(call: Callable[[], object]) -> float:
    taken = each(call, EVENTS)()
    # Their queues hold 2,048 events and drop what is over; and what one of them sends must not
    # be sent while the next is measured.
    time.sleep(PAUSE)
    return taken


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(measured(json.loads(sys.argv[1]))) + "\n")
    sys.stdout.flush()
    # What is left is not waited for.
    os._exit(0)
