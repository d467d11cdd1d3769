"""The handler of Langfuse beside ours, on the same LangChain events, where the peers are.

What it makes of them it hands to an exporter that drops it, so that neither a network nor a server
takes part. Ours writes to disk what it always writes. What either leaves to a thread of its own is
done between the rounds.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_keito import KeitoCallbackHandler

from tests.bench.langchain import WAYS, Accumulator, Clock, undelivered
from tests.bench.measure import Case, interleaved

ROUNDS = 9


class Dropping:
    """Takes spans, and sends them nowhere."""

    def __init__(self) -> None:
        self._done: Any = import_module("opentelemetry.sdk.trace.export").SpanExportResult.SUCCESS

    def export(self, spans: Sequence[object]) -> object:
        return self._done

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True

    def shutdown(self) -> None:
        """Have nothing to end."""


class Trouble(logging.Handler):
    """Notes what goes wrong: a handler that fails early is quick, and no measure."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def measured() -> dict[str, dict[str, list[float]]]:
    """What one event took in each round, by the way it was called and whose handler it was.

    Raises:
        RuntimeError: A handler failed.
    """
    trouble = Trouble()
    logging.getLogger().addHandler(trouble)
    client = import_module("langfuse").Langfuse(
        public_key="pk-lf-bench",
        secret_key="sk-lf-bench",
        base_url="http://127.0.0.1:1",
        span_exporter=Dropping(),
    )
    with TemporaryDirectory() as folder:
        recorder = undelivered(Path(folder) / "events.db")
        handlers: dict[str, BaseCallbackHandler] = {
            "keito": KeitoCallbackHandler(recorder),
            "bare": Accumulator(),
            "langfuse": import_module("langfuse.langchain").CallbackHandler(),
        }
        taken = {
            way: interleaved(
                {name: _case(event, handler, client.flush) for name, handler in handlers.items()},
                rounds=ROUNDS,
            )
            for way, event in WAYS.items()
        }
        recorder.close(0)
    if trouble.said:
        raise RuntimeError(f"a handler failed: {trouble.said[0]}")
    return taken


def _case(
    event: Callable[[BaseCallbackHandler, Clock], float],
    handler: BaseCallbackHandler,
    catch_up: Callable[[], object],
) -> Case:
    def run() -> float:
        # Langfuse's works in other threads, too: only the clock on the wall has all of it.
        taken = event(handler, time.perf_counter)
        catch_up()
        return taken

    return run


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured()) + "\n")
