"""A secret in all that an agent reads, says and does is in nothing that keito keeps or sends.

Agents are the frameworks' real ones, on scripted models; Keito is a local one, over HTTP.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from agents import (
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    Runner,
    function_tool,
    input_guardrail,
    set_tracing_disabled,
)
from agents.exceptions import UserError
from agents.run import set_default_agent_runner
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from openai_agents_keito import attach, detach

from keito import _json
from keito.billing import Contract, Recorder, Target, Timing, guarded
from keito.testing import LocalKeito, sandbox
from tests.contract import Calls, Fails, Says
from tests.langchain.scripted import agent as langchain_agent
from tests.langchain.scripted import asked, using
from tests.openai_agents.scripted import agent as openai_agent

SECRET = "canary-7f3a"
ERROR = RuntimeError(f"could not read {SECRET}")
REPLIES = (Calls("repeat", {"text": SECRET}), Says(SECRET))


@dataclass(frozen=True)
class Watched:
    """A recorder, and all that could leak from it."""

    recorder: Recorder
    keito: LocalKeito
    outbox: Path
    log: pytest.LogCaptureFixture

    def leaks(self) -> list[str]:
        """Where the secret is found, before anything is delivered and after it."""
        with self.keito.outage():
            self.recorder.flush(0.2)
            found = self._files("kept")
        assert self.recorder.flush(20) == 0
        found += self._files("delivered")
        if SECRET in _json.dumps(self.keito.entries()).decode():
            found.append("entries")
        requests = [f"{request.path}?{request.query}" for request in self.keito.requests()]
        logged = self.log.text.splitlines()
        return found + [text for text in (*requests, *logged) if SECRET in text]

    def statuses(self) -> list[str]:
        """How the runs ended that Keito has."""
        return [entry["metadata"]["status"] for entry in self.keito.entries()]

    def _files(self, when: str) -> list[str]:
        files = [path for path in self.outbox.parent.iterdir() if path.is_file()]
        assert files
        return [f"{p.name}, {when}" for p in files if SECRET.encode() in p.read_bytes()]


@pytest.fixture
def watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    caplog.set_level("DEBUG")
    outbox = tmp_path / "outbox" / "outbox.db"
    with sandbox() as keito:
        recorder = Recorder(
            **keito.client_settings,
            outbox=outbox,
            target=Target(project_id=keito.project_id, task_id=keito.task_id),
            contract=Contract(charge="both"),
            # The outage may cut off a record that is being sent.
            timing=Timing(settle=0.5, look_again=0.1, backoff=0.05, backoff_most=0.2),
        )
        yield Watched(recorder, keito, outbox, caplog)
        recorder.close(0)


@pytest.fixture
def attached(watched: Watched) -> Iterator[Watched]:
    set_tracing_disabled(True)
    attach(watched.recorder)
    yield watched
    detach()
    set_default_agent_runner(None)


def repeat(text: str) -> str:
    """Say it again."""
    return text


def fail(text: str) -> str:
    """Fail, and say why."""
    raise RuntimeError(text)


def test_langchain_leaks_nothing(watched: Watched) -> None:
    tools = [tool(repeat), tool(fail)]
    config = using(KeitoCallbackHandler(watched.recorder))

    for replies in (REPLIES, (Calls("fail", {"text": SECRET}),), (Fails(ERROR),)):
        with suppress(RuntimeError):
            langchain_agent(*replies, tools=tools).invoke(asked(SECRET), config)

    assert watched.leaks() == []
    assert watched.statuses() == ["ok", "error", "error"]


async def test_a_langchain_stream_with_metadata_leaks_nothing(watched: Watched) -> None:
    config = using(KeitoCallbackHandler(watched.recorder))
    config["metadata"] = {"prompt": SECRET, "keito_project_id": SECRET}
    config["tags"] = [SECRET]

    for replies in (REPLIES, (Calls("fail", {"text": SECRET}),)):
        agent = langchain_agent(*replies, tools=[tool(repeat), tool(fail)])
        with suppress(RuntimeError):
            async for _ in agent.astream(asked(SECRET), config):
                pass

    assert watched.leaks() == []
    assert watched.statuses() == ["ok", "error"]


async def test_openai_agents_leaks_nothing(attached: Watched) -> None:
    tools = [function_tool(repeat), function_tool(fail, failure_error_function=None)]

    for replies in (REPLIES, (Calls("fail", {"text": SECRET}),), (Fails(ERROR),)):
        with suppress(RuntimeError, UserError):
            await Runner.run(openai_agent(*replies, tools=tools), SECRET)

    assert attached.leaks() == []
    assert attached.statuses() == ["ok", "error", "error"]


async def test_an_openai_stream_and_its_guardrail_leak_nothing(attached: Watched) -> None:
    @input_guardrail
    def forbid(context: object, agent: object, said: object) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=said, tripwire_triggered=True)

    guarded_agent = openai_agent(*REPLIES, tools=[])
    guarded_agent.input_guardrails = [forbid]

    streamed = Runner.run_streamed(openai_agent(*REPLIES, tools=[function_tool(repeat)]), SECRET)
    async for _ in streamed.stream_events():
        pass
    with suppress(InputGuardrailTripwireTriggered):
        await Runner.run(guarded_agent, SECRET)

    assert attached.leaks() == []
    assert attached.statuses() == ["ok", "guardrail"]


def test_decorated_functions_leak_nothing(watched: Watched) -> None:
    def to_number(answer: str) -> str:
        return str(int(answer))  # raises an error that quotes the answer

    recorder = watched.recorder
    recorder.billed("agent")(repeat)(SECRET)
    recorder.billed("agent", outcome=to_number)(repeat)(SECRET)
    recorder.billed("agent", notes=to_number)(repeat)(SECRET)
    recorder.billed("agent", outcome="done", unit_price=to_number)(repeat)(SECRET)
    with suppress(RuntimeError):
        recorder.billed("agent")(fail)(SECRET)

    assert watched.leaks() == []
    # Of the five runs, and of the outcome whose price could not be told.
    assert sorted(watched.statuses()) == ["error", *["ok"] * 5]


async def test_decorated_coroutines_and_async_streams_leak_nothing(watched: Watched) -> None:
    @watched.recorder.billed("agent")
    async def answer(prompt: str) -> str:
        raise RuntimeError(prompt)

    @watched.recorder.billed("agent")
    async def stream(prompt: str) -> AsyncIterator[str]:
        yield prompt
        raise RuntimeError(prompt)

    with suppress(RuntimeError):
        await answer(SECRET)
    with suppress(RuntimeError):
        async for _ in stream(SECRET):
            pass

    assert watched.leaks() == []
    assert watched.statuses() == ["error", "error"]


def test_a_callback_of_ours_that_fails_leaks_nothing(watched: Watched) -> None:
    def broken(text: str) -> None:
        try:
            raise ERROR
        except RuntimeError as error:
            raise KeyError(text) from error

    guarded("hearing of an answer")(broken)(SECRET)

    assert watched.leaks() == []
    assert "hearing of an answer failed with KeyError" in watched.log.text


def test_a_stream_leaks_nothing(watched: Watched) -> None:
    @watched.recorder.billed("agent")
    def stream(prompt: str) -> Iterator[str]:
        yield prompt
        raise RuntimeError(prompt)

    with suppress(RuntimeError):
        list(stream(SECRET))

    assert watched.leaks() == []
    assert watched.statuses() == ["error"]


def test_what_happens_in_a_block_leaks_nothing(watched: Watched) -> None:
    with suppress(RuntimeError), watched.recorder.run("agent") as run:
        run.model_start("1").fail(ERROR)
        run.tool_start("search", key="2").fail(ERROR)
        raise ERROR

    assert watched.leaks() == []
    assert watched.statuses() == ["error"]


def test_the_search_finds_what_is_meant_to_be_sent(watched: Watched) -> None:
    with watched.recorder.run("agent") as run:
        run.note(SECRET)
    logging.getLogger("keito.billing").debug("said: %s", SECRET)

    found = watched.leaks()

    assert "entries" in found
    assert any(place.endswith(f"said: {SECRET}") for place in found)
    assert any(place.endswith("kept") for place in found)
    assert any(place.endswith("delivered") for place in found)
