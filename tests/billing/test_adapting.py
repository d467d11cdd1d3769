"""What adapters need of a run, beyond what a program itself does."""

from __future__ import annotations

import pytest

from keito.billing import Limits, Recorder, Run, Target, Usage, bill_to, current, current_run
from keito.billing.current import found_by, surroundings
from tests.billing.conftest import AWAY, HOME, Recorded

USED = Usage(input_tokens=7, output_tokens=1)


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The run that a framework has around this code: the last one."""
    found: list[Run] = []
    monkeypatch.setattr(current, "_finders", [])
    found_by(lambda: found[-1] if found else None)
    return found


def test_a_call_that_another_source_told_of_by_its_response_id_counts_once(
    recorded: Recorded,
) -> None:
    with recorded.recorder.run("agent") as run:
        call = run.model_start("framework_1")
        run.model_call(USED, key="resp_1")
        call.end(USED, key="resp_1")

    metadata = recorded.metadata()
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (7, 1)


def test_a_call_that_another_source_tells_of_afterwards_counts_once(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        run.model_start("framework_1").end(USED, key="resp_1")
        run.model_call(USED, key="resp_1")

    metadata = recorded.metadata()
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (7, 1)


def test_a_server_that_gives_every_answer_one_id_loses_none_of_them(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        for number in range(3):
            run.model_start(f"framework_{number}").end(USED, key="chatcmpl-1")

    metadata = recorded.metadata()
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (21, 3)


def test_a_call_that_is_withdrawn_belongs_to_whoever_tells_of_it_next(recorded: Recorded) -> None:
    limited = Target(project_id="prj_home", task_id="tsk_home", limits=Limits(model_calls=2))
    with recorded.recorder.run("outer", target=limited) as outer:
        with recorded.recorder.run("inner", target=AWAY) as inner:
            outer.model_start("call_1").withdraw()
            inner.model_start("call_1").end(USED)
        outer.check()

    inner_entry, outer_entry = recorded.entries()
    assert inner_entry["metadata"]["tokens_in"] == 7
    assert not outer_entry["metadata"].get("llm_calls")


def test_a_framework_may_know_the_run_around_this_code(
    recorded: Recorded, around: list[Run]
) -> None:
    run = recorded.recorder.start("agent")
    around.append(run)

    assert current_run() is run
    run.finish()
    assert current_run() is None


def test_what_is_started_inside_a_framework_is_part_of_its_run(
    recorded: Recorded, around: list[Run]
) -> None:
    run = recorded.recorder.start("agent")
    around.append(run)

    with recorded.recorder.run("step") as step:
        assert current_run() is step
        assert step.folded
    run.finish()

    assert len(recorded.entries()) == 1


def test_a_framework_inside_a_block_is_nearer_than_the_block(
    recorded: Recorded, around: list[Run]
) -> None:
    with recorded.recorder.run("job") as job:
        agent = recorded.recorder.start("agent")
        around.append(agent)

        assert agent.parent is job
        assert current_run() is agent
        agent.finish()


def test_what_surrounds_code_is_equal_until_a_block_says_something_else(
    recorded: Recorded,
) -> None:
    before = surroundings()

    with bill_to(session_id="s-1"):
        inside = surroundings()
        assert inside == surroundings()
    with recorded.recorder.run("agent"):
        assert surroundings() not in (before, inside)

    assert inside != before == surroundings()


def test_a_frameworks_conversation_is_the_session_unless_a_target_names_one(
    recorded: Recorded,
) -> None:
    recorded.recorder.start("agent", session="thread-1").finish()
    with bill_to(session_id="s-1"):
        recorded.recorder.start("agent", session="thread-1").finish()

    sessions = [entry["metadata"]["session_id"] for entry in recorded.entries()]
    assert sessions == ["thread-1", "s-1"]


def test_a_run_can_be_said_to_have_ended_earlier(recorded: Recorded) -> None:
    run = recorded.recorder.start("agent")
    began = run._ledger.started / 1_000_000

    run.finish("abandoned", ended=began + 0.001)

    assert float(recorded.metadata()["seconds_raw"]) == 0.001


def test_a_run_does_not_end_before_it_began(recorded: Recorded) -> None:
    recorder: Recorder = recorded.recorder
    recorder.start("agent", target=HOME).finish(ended=0.0)

    assert recorded.entry()["hours"] == 0


def test_what_counts_where_nobody_says_whose_work_it_is_yields_to_a_block(
    recorded: Recorded,
) -> None:
    otherwise = Target(project_id="prj_else")

    with bill_to(AWAY):
        recorded.recorder.start("agent", otherwise=otherwise).finish()
    recorded.recorder.start("agent", otherwise=otherwise).finish()

    assert [entry["project_id"] for entry in recorded.entries()] == ["prj_away", "prj_else"]


def test_a_run_that_goes_on_with_another_is_linked_to_it(recorded: Recorded) -> None:
    first = recorded.recorder.start("agent")
    first.finish("interrupted")

    recorded.recorder.start("agent", follows=first.id).finish()

    parents = [entry["metadata"].get("parent_run_id") for entry in recorded.entries()]
    assert parents == [None, first.id]
