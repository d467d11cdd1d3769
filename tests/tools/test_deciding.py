"""`verify=` and `approve=`: a claim counts only if whoever decides says yes."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from keito import tools
from keito.billing import Recorder
from keito.testing import LocalKeito
from keito.tools import Claim
from tests.tools.claiming import CLAIM, CONTRACT, ause, claim, outcomes, use

RECORDED = "Recorded: Ticket resolved."
UNCHECKED = "Nothing was recorded: it could not be checked."
SECRET = "kto_live_swordfish"


class Knows:
    """A developer's object that can be called, synchronously."""

    def __call__(self, claim: Claim) -> bool:
        return claim.said["subject"] == "T-1"


class KnowsLater:
    """The same, asynchronously."""

    async def __call__(self, claim: Claim) -> bool:
        await asyncio.sleep(0)
        return claim.said["subject"] == "T-1"


def known(claim: Claim) -> bool:
    return claim.said["subject"] == "T-1"


async def known_later(claim: Claim) -> bool:
    await asyncio.sleep(0)
    return claim.said["subject"] == "T-1"


def known_through_another(claim: Claim) -> Any:
    return known_later(claim)


def breaks(claim: Claim) -> bool:
    raise RuntimeError(SECRET)


async def breaks_later(claim: Claim) -> bool:
    raise RuntimeError(SECRET)


def takes_nothing() -> bool:
    return True


async def takes_nothing_later() -> bool:
    return True


def test_who_verifies_gets_what_the_model_claims_and_where_it_is_billed(
    recorder: Recorder, keito: LocalKeito
) -> None:
    asked: list[Claim] = []

    def verify(claim: Claim) -> bool:
        asked.append(claim)
        return True

    claim(recorder, {"subject": " T\u20111 ", "project_id": "prj_other"}, verify=verify)

    (one,) = asked
    assert one.said == {**CLAIM, "quantity": 1}
    assert (one.tool, one.call_id) == ("log_outcome", "call_0")
    assert one.target is not None
    assert one.target.project_id == keito.project_id


@pytest.mark.parametrize("verify", [known, Knows(), functools.partial(known)])
def test_what_is_confirmed_is_recorded(
    verify: tools.Decides, recorder: Recorder, keito: LocalKeito
) -> None:
    answers = claim(recorder, {"subject": "T-2"}, {"subject": "T-1"}, verify=verify)

    (entry,) = outcomes(recorder, keito)
    assert answers == ["Nothing was recorded: it was not confirmed.", RECORDED]
    assert entry["metadata"]["outcome_subject"] == "T-1"


@pytest.mark.parametrize(
    "verify",
    [known, known_later, KnowsLater(), functools.partial(known_later), known_through_another],
)
async def test_asynchronously_both_kinds_of_functions_decide(
    verify: tools.Decides, recorder: Recorder, keito: LocalKeito
) -> None:
    tool = tools.log_outcome(CONTRACT, verify=verify)

    async with recorder.run("clerk") as run:
        no = await ause(tool, {**CLAIM, "subject": "T-2"}, run)
        yes = await ause(tool, CLAIM, run)

    assert (no, yes) == ("Nothing was recorded: it was not confirmed.", RECORDED)
    assert len(await asyncio.to_thread(outcomes, recorder, keito)) == 1


async def test_a_plain_function_does_not_keep_the_event_loop_waiting(recorder: Recorder) -> None:
    loop_went_on = threading.Event()

    def verify(claim: Claim) -> bool:
        return loop_went_on.wait(10)

    tool = tools.log_outcome(CONTRACT, verify=verify)
    async with recorder.run("clerk") as run:
        asking = asyncio.create_task(ause(tool, CLAIM, run))
        await asyncio.sleep(0)
        loop_went_on.set()
        answer = await asking

    assert answer == RECORDED


def test_a_text_is_a_no_and_tells_the_model_why(recorder: Recorder, keito: LocalKeito) -> None:
    answers = claim(recorder, {}, verify=lambda claim: "T-1 is still open\nsee www.help.com.")

    assert answers == ["Nothing was recorded: T-1 is still open see."]
    assert outcomes(recorder, keito) == []


@pytest.mark.parametrize("answer", [None, 1, "", [], {"ok": True}, "yes"])
def test_only_true_is_a_yes(answer: Any, recorder: Recorder, keito: LocalKeito) -> None:
    (read,) = claim(recorder, {}, verify=lambda claim: answer)

    assert read.startswith("Nothing was recorded")
    assert outcomes(recorder, keito) == []


@pytest.mark.parametrize("verify", [breaks, takes_nothing])
def test_when_verifying_fails_nothing_is_recorded_and_nothing_is_told(
    verify: Any, recorder: Recorder, keito: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    answers = claim(recorder, {}, verify=verify)

    assert answers == [UNCHECKED]
    assert outcomes(recorder, keito) == []
    assert "verify= failed with" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("verify", [breaks, breaks_later, takes_nothing_later])
async def test_when_verifying_fails_asynchronously_it_is_the_same(
    verify: Any, recorder: Recorder, keito: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    async with recorder.run("clerk") as run:
        answer = await ause(tools.log_outcome(CONTRACT, verify=verify), CLAIM, run)

    assert answer == UNCHECKED
    assert await asyncio.to_thread(outcomes, recorder, keito) == []
    assert "verify= failed with" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("verify", [known_later, KnowsLater(), known_through_another])
def test_an_asynchronous_function_can_not_be_asked_synchronously(
    verify: tools.Decides,
    recorder: Recorder,
    keito: LocalKeito,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = claim(recorder, {}, verify=verify)

    assert answers == [UNCHECKED]
    assert outcomes(recorder, keito) == []
    assert "verify= is asynchronous" in caplog.text


async def test_a_cancelled_question_records_nothing(recorder: Recorder, keito: LocalKeito) -> None:
    asked = asyncio.Event()

    async def verify(claim: Claim) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    async with recorder.run("clerk") as run:
        tool = tools.log_outcome(CONTRACT, verify=verify)
        asking = asyncio.create_task(ause(tool, CLAIM, run))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    assert await asyncio.to_thread(outcomes, recorder, keito) == []


def test_a_claim_that_is_refused_anyway_asks_nobody(recorder: Recorder) -> None:
    asked: list[Claim] = []

    def verify(claim: Claim) -> bool:
        asked.append(claim)
        return True

    claim(recorder, {"subject": ""}, verify=verify)

    assert asked == []


def test_where_nobody_can_be_asked_the_tool_is_refused(
    recorder: Recorder, keito: LocalKeito
) -> None:
    answers = claim(recorder, {}, approve=True)

    assert answers == ["Nothing was recorded: nobody can be asked for approval here."]
    assert outcomes(recorder, keito) == []


def ask_with(answer: object) -> Callable[[Claim], object]:
    return lambda claim: answer


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (True, RECORDED),
        (False, "Nothing was recorded: it was not approved."),
        ("Not yet.", "Nothing was recorded: Not yet."),
        (None, "Nothing was recorded: it was not approved."),
        ({"type": "approve"}, "Nothing was recorded: it was not approved."),
    ],
)
def test_a_person_decides_in_the_frameworks_way(
    answer: object, read: str, recorder: Recorder, keito: LocalKeito
) -> None:
    tool = tools.log_outcome(CONTRACT, approve=True)

    with recorder.run("clerk") as run:
        call = tools.Call(tool.read(CLAIM), run=run, ask=ask_with(answer))
        try:
            said = tool.call(call)
        except tools.ToolRefused as refused:
            said = str(refused)

    assert said == read
    assert len(outcomes(recorder, keito)) == (1 if answer is True else 0)


def test_a_person_is_asked_last(recorder: Recorder) -> None:
    asked: list[str] = []

    def verify(claim: Claim) -> bool:
        asked.append("verify")
        return True

    def person(claim: Claim) -> bool:
        asked.append("person")
        return True

    tool = tools.log_outcome(CONTRACT, verify=verify, approve=True)
    with recorder.run("clerk") as run:
        tool.call(tools.Call(tool.read(CLAIM), run=run, ask=person))

    assert asked == ["verify", "person"]


@pytest.mark.parametrize("approve", [known, known_later])
async def test_a_function_can_approve_alone(
    approve: tools.Decides, recorder: Recorder, keito: LocalKeito
) -> None:
    tool = tools.log_outcome(CONTRACT, approve=approve)

    async with recorder.run("clerk") as run:
        no = await ause(tool, {**CLAIM, "subject": "T-2"}, run)
        yes = await ause(tool, CLAIM, run)

    assert (no, yes) == ("Nothing was recorded: it was not approved.", RECORDED)
    assert len(await asyncio.to_thread(outcomes, recorder, keito)) == 1


def test_when_recording_fails_the_model_reads_no_more_than_that(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> str:
        raise RuntimeError(SECRET)

    with recorder.run("clerk") as run, caplog.at_level(logging.WARNING):
        monkeypatch.setattr(run, "outcome", broken)
        answer = use(tools.log_outcome(CONTRACT), CLAIM, run)

    assert answer == "Nothing was recorded: it failed."
    assert SECRET not in caplog.text


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_a_wrong_approve_is_refused_where_the_tool_is_made(wrong: Any) -> None:
    with pytest.raises(TypeError, match="approve="):
        tools.log_outcome(approve=wrong)


def test_a_wrong_verify_is_refused_where_the_tool_is_made() -> None:
    wrong: Any = True

    with pytest.raises(TypeError, match="verify="):
        tools.log_outcome(verify=wrong)
