"""What the tests of the OpenAI Agents SDK share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from agents import set_trace_processors, set_tracing_disabled
from agents.run import set_default_agent_runner
from openai_agents_keito import KeitoTracingProcessor, attach, detach

from keito.billing import MemoryOutbox, Recorder, Target
from keito.testing import LocalKeito
from tests.blocking import nothing_blocks
from tests.contract import keito, recorder

__all__ = ["attached", "keito", "named", "nothing_blocks", "own_process", "recorder", "tracing"]

GLOBEX = "prj_globex_onboarding"


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
def named(keito: LocalKeito) -> Iterator[Recorder]:
    """A recorder that knows a target by its name, and bills every run."""
    recorder = Recorder(
        outbox=MemoryOutbox(),
        targets={"globex": Target(project_id=GLOBEX, task_id=keito.task_id)},
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
    )
    attach(recorder)
    yield recorder
    recorder.close(0)


@pytest.fixture
def tracing(recorder: Recorder) -> Iterator[None]:
    """Tracing is on, and bills what nothing else does."""
    set_tracing_disabled(False)
    set_trace_processors([KeitoTracingProcessor(recorder)])
    yield
    set_trace_processors([])
