from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Limits, Target, bill_to, billed
from keito.billing.target import _bill_to
from tests.billing.conftest import AWAY, HOME, MakeRecorder, Recorded


def project(recorded: Recorded, **settings: Any) -> str | None:
    run = recorded.recorder.start("agent", **settings)
    run.finish()
    return run.target.project_id if run.target else None


def test_the_calls_own_argument_wins_over_a_block(recorded: Recorded) -> None:
    with bill_to(AWAY):
        assert project(recorded, target=Target(project_id="prj_own")) == "prj_own"


def test_a_block_wins_over_the_frameworks_metadata(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(targets={"named": Target(project_id="prj_named", task_id="t")})

    with bill_to(AWAY):
        assert project(recorded, metadata={"keito_target": "named"}) == "prj_away"


def test_metadata_wins_over_the_recorders_default(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(targets={"named": Target(project_id="prj_named", task_id="t")})

    assert project(recorded, metadata={"keito_target": "named"}) == "prj_named"


def test_the_default_wins_over_the_environment(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_PROJECT_ID", "prj_environment")

    assert project(recorded) == "prj_home"


def test_the_environment_is_asked_last(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_PROJECT_ID", "prj_environment")
    monkeypatch.setenv("KEITO_TASK_ID", "tsk_environment")

    assert project(make_recorder(target=None)) == "prj_environment"


def test_explicit_routing_never_falls_back_to_a_default(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_PROJECT_ID", "prj_environment")
    monkeypatch.setenv("KEITO_TASK_ID", "tsk_environment")
    recorded = make_recorder(routing="explicit")

    assert project(recorded) is None


def test_metadata_can_not_spell_out_ids(recorded: Recorded) -> None:
    assert project(recorded, metadata={"keito_project_id": "prj_forged"}) == "prj_home"


def test_trusted_metadata_can(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(trust_metadata=True)

    assert project(recorded, metadata={"keito_project_id": "prj_given"}) == "prj_given"


def test_a_name_nobody_knows_bills_nobody(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    assert project(recorded, metadata={"keito_target": "unknown"}) is None
    assert "was named" in caplog.text


def test_a_block_may_add_to_the_one_around_it(recorded: Recorded) -> None:
    with bill_to(AWAY), bill_to(session_id="ses_1"):
        run = recorded.recorder.start("agent")
        run.finish()

    assert run.target is not None
    assert (run.target.project_id, run.target.session_id) == ("prj_away", "ses_1")


def test_another_project_takes_none_of_the_words_of_the_one_around_it(recorded: Recorded) -> None:
    with bill_to(AWAY, session_id="ses_1", notes="for Away", metadata={"secret": 1}):
        run = recorded.recorder.start("agent", target=HOME)
        run.finish()

    assert run.target is not None
    assert (run.target.session_id, run.target.notes, run.target.metadata) == (None, None, {})


def test_a_target_of_the_wrong_type_fails_where_it_is_made() -> None:
    number: Any = 7

    with pytest.raises(TypeError, match="project_id"):
        Target(project_id=number)
    with pytest.raises(TypeError, match="metadata"):
        Target(metadata={"when": cast("Any", object())})
    with pytest.raises(TypeError, match="give a Target"), bill_to(number):
        pass


@given(st.lists(st.sampled_from(["enter", "raise", "swallow"]), max_size=8))
def test_the_outer_target_is_restored_whatever_happens_inside(steps: list[str]) -> None:
    before = _bill_to.get()

    def nest(rest: list[str]) -> None:
        if not rest:
            return
        here = _bill_to.get()
        try:
            with bill_to(project_id=f"prj_{len(rest)}"):
                if rest[0] == "raise":
                    raise ValueError
                nest(rest[1:])
        except ValueError:
            if rest[0] == "swallow":
                pass
        assert _bill_to.get() is here

    nest(steps)

    assert _bill_to.get() is before


async def test_tasks_see_their_own_target(recorded: Recorded) -> None:
    async def work(name: str) -> str | None:
        with bill_to(project_id=name, task_id="t"):
            await asyncio.sleep(0)
            return project(recorded)

    names = [f"prj_{n}" for n in range(20)]

    assert await asyncio.gather(*map(work, names)) == names
    assert project(recorded) == "prj_home"


async def test_a_cancelled_task_leaves_nothing_behind(recorded: Recorded) -> None:
    async def work() -> None:
        with bill_to(AWAY):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert project(recorded) == "prj_home"


async def test_a_thread_started_with_to_thread_sees_the_target(recorded: Recorded) -> None:
    with bill_to(AWAY):
        assert await asyncio.to_thread(project, recorded) == "prj_away"


def test_a_bare_thread_sees_no_target(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(target=None)
    seen: list[str | None] = []

    with bill_to(AWAY):
        thread = threading.Thread(target=lambda: seen.append(project(recorded)))
        thread.start()
        thread.join()

    assert seen == [None]


def test_a_block_around_a_run_does_not_overrule_that_runs_target_inside_it(
    recorded: Recorded,
) -> None:
    with bill_to(AWAY), recorded.recorder.run("outer", target=HOME):
        assert project(recorded) == "prj_home"
        assert project(recorded, target=AWAY) == "prj_away"
        with recorded.recorder.run("part of it"):
            assert project(recorded) == "prj_home"


def test_a_block_that_is_entered_inside_a_run_does(recorded: Recorded) -> None:
    # Also one with the very same target as the block around the run.
    with bill_to(AWAY), recorded.recorder.run("outer", target=HOME):
        with bill_to(AWAY), recorded.recorder.run("inner"):
            assert project(recorded) == "prj_away"
        assert project(recorded) == "prj_home"


def test_a_block_that_ends_inside_a_run_still_counts_for_what_is_part_of_that(
    recorded: Recorded,
) -> None:
    with bill_to(AWAY):
        outer = recorded.recorder.start("outer")

    with outer.active():
        assert project(recorded) == "prj_away"


@pytest.mark.parametrize("name", ["away", AWAY])
def test_a_block_entered_elsewhere_counts_although_it_says_what_the_runs_own_said(
    make_recorder: MakeRecorder, name: Target | str
) -> None:
    recorded = make_recorder(targets={"away": AWAY})
    with bill_to(name):
        outer = recorded.recorder.start("outer", target=HOME)

    with bill_to(name):
        assert project(recorded, parent=outer) == "prj_away"


def test_limits_of_a_block_around_a_run_with_another_target_hold_for_nothing_in_it(
    recorded: Recorded,
) -> None:
    with bill_to(AWAY, limits=Limits(model_calls=1)):
        outer = recorded.recorder.start("outer", target=HOME)
        inner = recorded.recorder.start("inner", parent=outer)

    inner.model_call(None, key="only")
    inner.check()


async def test_threads_and_tasks_of_a_run_see_what_was_said_since_it_started(
    recorded: Recorded,
) -> None:
    def elsewhere() -> str | None:
        with bill_to(AWAY):
            return project(recorded, parent=outer)

    async def task() -> str | None:
        return project(recorded)

    with bill_to(AWAY), recorded.recorder.run("outer", target=HOME) as outer:
        assert await asyncio.to_thread(project, recorded) == "prj_home"
        assert await asyncio.create_task(task()) == "prj_home"
        with ThreadPoolExecutor(1) as bare:
            assert bare.submit(project, recorded, parent=outer).result() == "prj_home"
            assert bare.submit(elsewhere).result() == "prj_away"


def test_a_decorated_generator_with_a_target_keeps_it_from_its_readers_blocks(
    recorded: Recorded,
) -> None:
    @billed(recorder=recorded.recorder, target=HOME)
    def work() -> Generator[str | None, None, None]:
        yield project(recorded)
        with bill_to(AWAY):
            yield project(recorded)
        yield project(recorded)

    with bill_to(AWAY):
        steps = work()
        seen = [next(steps)]
        with bill_to(project_id="prj_reader"):
            seen += steps

    assert seen == ["prj_home", "prj_away", "prj_home"]


def test_a_decorated_generator_keeps_its_target_to_itself(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def work() -> Generator[str | None, None, None]:
        with bill_to(AWAY):
            yield project(recorded)
            yield project(recorded)

    steps = work()

    assert next(steps) == "prj_away"
    assert project(recorded) == "prj_home"
    assert next(steps) == "prj_away"
    steps.close()
    assert project(recorded) == "prj_home"


async def test_a_decorated_async_generator_keeps_its_target_to_itself(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def work() -> AsyncGenerator[str | None, None]:
        with bill_to(AWAY):
            yield project(recorded)
            yield project(recorded)

    steps = work()

    assert await steps.__anext__() == "prj_away"
    assert project(recorded) == "prj_home"
    assert [seen async for seen in steps] == ["prj_away"]
    assert project(recorded) == "prj_home"


def test_a_block_around_a_bare_yield_warns_instead_of_raising(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work() -> Generator[None, None, None]:
        with bill_to(AWAY):
            yield

    steps = work()
    copy_context().run(next, steps)
    steps.close()

    assert "bill_to() block was left in another context" in caplog.text


def test_metadata_of_a_nested_run_overrules_no_block_around_both(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(targets={"named": Target(project_id="prj_named", task_id="t")})

    with bill_to(AWAY), recorded.recorder.run("outer"):
        assert project(recorded, metadata={"keito_target": "named"}) == "prj_away"
        with bill_to(project_id="prj_own", task_id="t"):
            assert project(recorded, metadata={"keito_target": "named"}) == "prj_own"


def test_metadata_of_a_nested_run_is_heard_where_no_block_is(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(targets={"named": Target(project_id="prj_named", task_id="t")})

    with recorded.recorder.run("outer"):
        assert project(recorded, metadata={"keito_target": "named"}) == "prj_named"
