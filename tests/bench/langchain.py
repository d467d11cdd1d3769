"""The LangChain handler against the least that any billing handler does."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackHandler, CallbackManager
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_keito import KeitoCallbackHandler

from keito.billing import Recorder
from keito.billing.run_facts import result_in
from tests.bench import peers
from tests.bench.journal import TARGET, recorded
from tests.bench.measure import COMPARED, Row, interleaved, medians, ratio

ROUNDS = 15
# Many, so that what the thread of the journal takes, which wakes every 50 ms, is shared out evenly.
STEPS = 500
BAR = 2
RUNS = 10_000
TOKENS = 120
MEMORY_BAR = 100 * 1024

MODEL = {"name": "model"}
MESSAGES: list[list[BaseMessage]] = [[HumanMessage("Help.")]]
ASKED: dict[str, Any] = {"invocation_params": {"model": "model-1"}, "options": {"stop": None}}
TOOL = {"name": "tool"}
ANSWER = LLMResult(
    generations=[
        [
            ChatGeneration(
                message=AIMessage(
                    "Done.",
                    usage_metadata={
                        "input_tokens": TOKENS - 20,
                        "output_tokens": 20,
                        "total_tokens": TOKENS,
                    },
                    response_metadata={"model_name": "model-1"},
                )
            )
        ]
    ]
)


Clock = Callable[[], float]

AGENTS: Clock = time.thread_time
"""These handlers work in the agent's own thread. Its clock stands still while another process has
the core, which on a busy machine would be most of what is measured."""


class Idle(BaseCallbackHandler):
    """Does nothing: what LangChain itself takes for an event."""

    run_inline = True

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        """Without it, LangChain would try to tell of a text model."""


class Accumulator(BaseCallbackHandler):
    """A dict and a lock: what was used, and when each call began."""

    run_inline = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: dict[UUID, float] = {}
        self.tokens = 0

    def on_chat_model_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        with self._lock:
            self._began[run_id] = time.monotonic()

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        message: Any = response.generations[0][0]
        with self._lock:
            self._began.pop(run_id)
            self.tokens += message.message.usage_metadata["total_tokens"]

    def on_tool_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        with self._lock:
            self._began[run_id] = time.monotonic()

    def on_tool_end(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        with self._lock:
            self._began.pop(run_id)


def rows() -> Iterator[Row]:
    """The cost of one event, and what many runs at once leave behind."""
    with TemporaryDirectory() as folder:
        recorder = undelivered(Path(folder) / "events.db")
        handlers: dict[str, BaseCallbackHandler] = {
            "keito": KeitoCallbackHandler(recorder),
            "bare": Accumulator(),
            "no-op": Idle(),
        }
        for way, event in WAYS.items():
            cases = {name: partial(event, handler, AGENTS) for name, handler in handlers.items()}
            yield from _beside(way, interleaved(cases, rounds=ROUNDS))
        recorder.close(0)
        yield from _peers()
        yield _at_once(Path(folder) / "at-once.db")


def _beside(way: str, taken: dict[str, list[float]]) -> Iterator[Row]:
    what, figures = f"LangChain event, {way}", medians(taken)
    measured = ratio(taken, "keito", "bare")
    met = measured <= BAR
    yield Row(f"{what}, of dict and lock", f"{measured:.2f}x", f"at most {BAR}x", met, figures)
    nothing = ratio(taken, "keito", "no-op")
    yield Row(f"{what}, of doing nothing", f"{nothing:.2f}x", COMPARED, None, figures)


def _peers() -> Iterator[Row]:
    try:
        taken = peers.told("tests.bench.langchain_peers")
    except RuntimeError:
        yield Row("LangChain event, of Langfuse's", "no peers", COMPARED, None)
        return
    for way, figures in taken.items():
        measured = ratio(figures, "keito", "langfuse")
        what = f"LangChain event, {way}, of Langfuse's"
        yield Row(what, f"{measured:.2f}x", COMPARED, None, medians(figures))


def undelivered(path: Path) -> Recorder:
    """A recorder that writes to disk, and leaves the rest to a process that never comes."""
    return Recorder(
        outbox=path,
        api_key="kto_sandbox_agent",
        account_id="acc_sandbox",
        base_url="http://127.0.0.1:1",
        target=TARGET,
        courier="external",
    )


def _sync(handler: BaseCallbackHandler, clock: Clock) -> float:
    root = CallbackManager.configure([handler]).on_chain_start({"name": "agent"}, {})
    inside = root.get_child()
    started = clock()
    for _ in range(STEPS):
        (model,) = inside.on_chat_model_start(MODEL, MESSAGES, **ASKED)
        model.on_llm_end(ANSWER)
        inside.on_tool_start(TOOL, "").on_tool_end("")
    taken = clock() - started
    root.on_chain_end({})
    return taken / (4 * STEPS)


def _in_loop(handler: BaseCallbackHandler, clock: Clock) -> float:
    return asyncio.run(_async(handler, clock))


async def _async(handler: BaseCallbackHandler, clock: Clock) -> float:
    manager = AsyncCallbackManager.configure([handler])
    root = await manager.on_chain_start({"name": "agent"}, {})
    inside = root.get_child()
    started = clock()
    for _ in range(STEPS):
        (model,) = await inside.on_chat_model_start(MODEL, MESSAGES, **ASKED)
        await model.on_llm_end(ANSWER)
        await (await inside.on_tool_start(TOOL, "")).on_tool_end("")
    taken = clock() - started
    await root.on_chain_end({})
    return taken / (4 * STEPS)


WAYS: Mapping[str, Callable[[BaseCallbackHandler, Clock], float]] = {
    "sync": _sync,
    "async": _in_loop,
}
"""How LangChain tells of an event, and what measures one."""


def _at_once(path: Path) -> Row:
    recorder = undelivered(path)
    handler = KeitoCallbackHandler(recorder)
    tracemalloc.start()
    before = _memory()
    _open_and_end(handler, RUNS)
    once = _memory()
    # The first time dicts grow to the size that so many runs need, and Python never shrinks them.
    # What a run leaves behind shows the second time.
    _open_and_end(handler, RUNS)
    left = _memory() - once
    tracemalloc.stop()
    recorder.close(0)
    runs, tokens = _recorded(path)
    exact = (runs, tokens) == (2 * RUNS, 2 * RUNS * TOKENS)
    return Row(
        f"{RUNS:,} runs at once, memory kept",
        f"{left / 1024:.0f} KiB" if exact else "inexact",
        f"at most {MEMORY_BAR // 1024} KiB",
        exact and left <= MEMORY_BAR,
        {"runs": runs, "tokens": tokens, "kept": left, "kept the first time": once - before},
    )


def _open_and_end(handler: BaseCallbackHandler, count: int) -> None:
    manager = CallbackManager.configure([handler])
    roots = [manager.on_chain_start({"name": "agent"}, {}) for _ in range(count)]
    models = [root.get_child().on_chat_model_start(MODEL, MESSAGES, **ASKED)[0] for root in roots]
    for model, root in zip(models, roots, strict=True):
        model.on_llm_end(ANSWER)
        root.on_chain_end({})


def _memory() -> int:
    time.sleep(0.2)  # what the recorder's thread is writing is not kept
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _recorded(path: Path) -> tuple[int, int]:
    results = [result_in(line[-1]) for line in recorded(path, "finish")]
    calls = [call for result in results for call in result.get("usage", [])]
    return len(results), sum(
        call.get("input_tokens", 0) + call.get("output_tokens", 0) for call in calls
    )
