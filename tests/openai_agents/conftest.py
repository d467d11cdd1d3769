"""What the tests of the OpenAI Agents SDK share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from agents import set_trace_processors, set_tracing_disabled
from agents.run import set_default_agent_runner
from openai_agents_keito import KeitoTracingProcessor, attach, detach

from keito.billing import Recorder
from tests.blocking import nothing_blocks
from tests.contract import keito, recorder

__all__ = ["attached", "keito", "nothing_blocks", "own_process", "recorder", "tracing"]


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """No trace leaves the machine, and no test finds the runner of another."""
    set_tracing_disabled(True)
    yield
    detach()
    set_default_agent_runner(None)


@pytest.fixture
def attached(recorder: Recorder) -> None:
    """Every run is billed."""
    attach(recorder)


@pytest.fixture
def tracing(recorder: Recorder) -> Iterator[None]:
    """Tracing is on, and bills what nothing else does."""
    set_tracing_disabled(False)
    set_trace_processors([KeitoTracingProcessor(recorder)])
    yield
    set_trace_processors([])
