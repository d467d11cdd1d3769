"""Tests on an event loop run under a detector of calls that block it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

from keito.billing import _log

# What may block all the same: where it is called, and what for.
_ALLOWED = (
    # What a test looks at the result with; a program calls it outside of its loop.
    ("keito/billing/recorder.py", {"flush", "close", "status"}),
    ("tests/billing/test_canary.py", {"leaks"}),
    ("tests/bench/journal.py", {"recorded"}),
    # Reading recorded traffic, and stopping the servers that answer with it.
    ("replay.py", {"serve"}),
    ("tests/langchain/replaying.py", {"client", "document", "served"}),
    ("tests/openai_agents/test_traffic.py", {"read"}),
    ("socketserver.py", {"shutdown"}),
    ("tests/openai_agents/wire.py", {"saying"}),
    # The synchronous ways of LangChain and LangGraph wait for threads of their own, also on a loop.
    ("concurrent/futures/_base.py", {"wait", "result"}),
    ("concurrent/futures/thread.py", {"shutdown"}),
    # A session of the OpenAI Agents SDK opens a database as it is made.
    ("agents/memory/sqlite_session.py", {"__init__"}),
)


@pytest.fixture(autouse=True)
def nothing_blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Neither an agent nor what billing does beside it waits for anything on an event loop."""
    if not inspect.iscoroutinefunction(request.function):
        yield
        return
    with blockbuster_ctx() as detector:
        for function in detector.functions.values():
            for file, names in _ALLOWED:
                function.can_block_in(file, names)
        yield
    # Raised inside billing it is kept from the agent, and logged.
    assert [kind for kind in _log.counts if "BlockingError" in kind] == []
