"""What every adapter must do, whatever its framework: it is done when these tests pass for it.

A framework's tests bring a `Driver`, which runs the framework's real agents on a scripted model,
and get the rest by inheriting `AdapterContract`. What was recorded is read where it matters: from
the entries of a local Keito, after they were delivered.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from keito.billing import Contract, MemoryOutbox, Recorder, Target, bill_to
from keito.testing import LocalKeito, sandbox

INPUT, OUTPUT = 100, 10
"""The tokens of every scripted answer, unless it says otherwise."""


@dataclass(frozen=True)
class Says:
    """The model answers."""

    text: str = "Done."


@dataclass(frozen=True)
class Calls:
    """The model calls a tool."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = "call_1"


@dataclass(frozen=True)
class Fails:
    """The model call raises."""

    error: Exception


@dataclass(frozen=True)
class Hangs:
    """The model call never returns; `reached` is set when it is under way."""

    reached: asyncio.Event


Reply = Says | Calls | Fails | Hangs


class RefusedError(RuntimeError):
    """What a provider's client raises where the provider does not take a call."""

    status_code = 429


class Driver(ABC):
    """Runs a framework's agents. Each has the tools `look_up` and `log_outcome`."""

    framework: str

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    @abstractmethod
    async def run(self, *replies: Reply) -> str:
        """Run an agent named `clerk`, attached in the usual way; return its answer."""

    @abstractmethod
    async def run_attached_twice(self, *replies: Reply) -> str:
        """The same, attached in as many ways at once as there are."""

    @abstractmethod
    async def run_nested(self, outer: tuple[Reply, ...], inner: tuple[Reply, ...]) -> str:
        """Run `clerk`, whose tool `ask_expert` is another agent named `expert`."""

    @abstractmethod
    async def break_off(self, *replies: Reply) -> None:
        """Stream an agent's answer and stop reading at its first piece; return when it is over."""


class AdapterContract:
    """The tests. A subclass says what a `driver` is."""

    @pytest.fixture
    def driver(self, recorder: Recorder) -> Iterator[Driver]:
        raise NotImplementedError

    async def test_a_run_is_one_record(self, driver: Driver, keito: LocalKeito) -> None:
        answer = await driver.run(Says("Hello."))

        entry = only(delivered(driver, keito))
        assert answer == "Hello."
        assert entry["billable"] is True
        assert entry["project_id"] == keito.project_id
        assert entry["metadata"]["status"] == "ok"
        assert entry["metadata"]["framework"] == driver.framework

    async def test_a_model_call_is_recorded_with_its_tokens(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        await driver.run(Says())

        said = only(delivered(driver, keito))["metadata"]
        assert (said["tokens_in"], said["tokens_out"], said["llm_calls"]) == (INPUT, OUTPUT, 1)
        assert said["model_name"] == "scripted-1"
        assert "usage_incomplete" not in said

    async def test_a_tool_is_part_of_its_run(self, driver: Driver, keito: LocalKeito) -> None:
        await driver.run(Calls("look_up"), Says())

        said = only(delivered(driver, keito))["metadata"]
        assert (said["tokens_in"], said["llm_calls"], said["tool_calls"]) == (2 * INPUT, 2, 1)

    async def test_a_failed_run_is_recorded_and_not_charged(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        error = RuntimeError("the model is gone")

        with pytest.raises(RuntimeError) as raised:
            await driver.run(Calls("look_up"), Fails(error))

        entry = only(delivered(driver, keito))
        assert raised.value is error
        assert entry["billable"] is False
        assert entry["metadata"]["status"] == "error"
        assert entry["metadata"]["tokens_in"] == INPUT
        # Nobody knows whether the model was gone before or after it had done its work.
        assert entry["metadata"]["usage_incomplete"]

    async def test_a_call_that_the_provider_refuses_leaves_nothing_unknown(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        with pytest.raises(RefusedError):
            await driver.run(Calls("look_up"), Fails(RefusedError("busy")))

        said = only(delivered(driver, keito))["metadata"]
        assert (said["status"], said["tokens_in"]) == ("error", INPUT)
        assert "usage_incomplete" not in said

    async def test_what_an_error_says_is_not_recorded(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        with pytest.raises(RuntimeError):
            await driver.run(Fails(RuntimeError("the password is swordfish")))

        entry = only(delivered(driver, keito))
        assert "swordfish" not in str(entry)

    async def test_a_cancelled_run_is_recorded_and_not_charged(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        reached = asyncio.Event()
        task = asyncio.ensure_future(driver.run(Hangs(reached)))
        await reached.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        entry = only(delivered(driver, keito))
        assert entry["billable"] is False
        assert entry["metadata"]["status"] == "cancelled"
        assert entry["metadata"]["usage_incomplete"]

    async def test_an_agent_inside_an_agent_is_in_its_record(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        answer = await driver.run_nested(
            (Calls("ask_expert", {"input": "?"}), Says("Ask again.")), (Calls("look_up"), Says())
        )

        said = only(delivered(driver, keito))["metadata"]
        assert answer == "Ask again."
        assert (said["tokens_in"], said["tokens_out"], said["llm_calls"]) == (
            4 * INPUT,
            4 * OUTPUT,
            4,
        )
        assert {"clerk", "expert"} <= set(said["agents"])

    async def test_concurrent_runs_do_not_mix(self, driver: Driver, keito: LocalKeito) -> None:
        async def one(number: int) -> None:
            with bill_to(session_id=f"session-{number}"):
                calls = [Calls("look_up", id=f"call_{n}") for n in range(number % 3)]
                await driver.run(*calls, Says())

        await asyncio.gather(*(one(number) for number in range(30)))

        found = {e["metadata"]["session_id"]: e["metadata"] for e in delivered(driver, keito)}
        assert len(found) == 30
        for number in range(30):
            said = found[f"session-{number}"]
            assert said["llm_calls"] == number % 3 + 1
            assert said["tokens_in"] == INPUT * said["llm_calls"]

    async def test_attaching_twice_bills_once(self, driver: Driver, keito: LocalKeito) -> None:
        await driver.run_attached_twice(Calls("look_up"), Says())

        said = only(delivered(driver, keito))["metadata"]
        assert (said["tokens_in"], said["llm_calls"], said["tool_calls"]) == (2 * INPUT, 2, 1)

    async def test_usage_that_comes_late_is_in_the_record(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        await driver.break_off(Says("One two three."))

        entry = only(delivered(driver, keito))
        assert entry["billable"] is True
        assert entry["metadata"]["tokens_in"] == INPUT
        assert "usage_incomplete" not in entry["metadata"]

    async def test_an_outcome_that_the_model_reports_is_an_entry_of_its_own(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        await driver.run(resolved("T-1"), Says())

        outcomes = [e for e in delivered(driver, keito) if "outcome_type" in e["metadata"]]
        said = only(outcomes)["metadata"]
        assert said["outcome_type"] == "ticket_resolved"
        assert said["outcome_evidence"]["claimed_by"] == "model"

    async def test_an_outcome_is_charged_once_per_subject(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        await driver.run(
            resolved("T-1"), resolved("T-1", id="call_2"), resolved("T-2", id="call_3"), Says()
        )
        await driver.run(resolved("T-1"), Says())

        outcomes = [e for e in delivered(driver, keito) if "outcome_type" in e["metadata"]]
        subjects = [e["metadata"]["outcome_evidence"]["subject"] for e in outcomes]
        assert sorted(subjects) == ["T-1", "T-2"]

    async def test_an_outbox_that_fails_does_not_harm_the_agent(
        self, driver: Driver, keito: LocalKeito, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*args: object, **kwargs: object) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr(MemoryOutbox, "append", broken)

        assert await driver.run(Calls("look_up"), Says("Fine.")) == "Fine."


def resolved(ticket: str, *, id: str = "call_1") -> Calls:
    """The model reports that it has resolved a ticket."""
    arguments = {
        "outcome_type": "ticket_resolved",
        "subject": ticket,
        "summary": "Solved it.",
        "success": True,
    }
    return Calls("log_outcome", arguments, id)


def delivered(driver: Driver, keito: LocalKeito) -> list[dict[str, Any]]:
    """What Keito has, after all that the driver's recorder recorded has arrived."""
    return entries_of(driver.recorder, keito)


def entries_of(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    """Every entry that Keito has, after all that was recorded has arrived."""
    assert recorder.flush(20) == 0
    return keito.entries()


def only(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The one entry there is."""
    assert len(entries) == 1, entries
    return entries[0]


@pytest.fixture
def keito() -> Iterator[LocalKeito]:
    with sandbox() as local:
        yield local


@pytest.fixture
def recorder(keito: LocalKeito) -> Iterator[Recorder]:
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        contract=Contract(charge="both", prices={"ticket_resolved": "0.99"}),
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
        requests_per_minute=None,
    )
    yield recorder
    recorder.close(0)
