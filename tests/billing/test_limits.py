from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import (
    Contract,
    KeitoLimitReached,
    Limits,
    MemoryOutbox,
    Recorder,
    Target,
    Usage,
    bill_to,
)
from keito.billing.run import Run

from .conftest import AWAY, HOME, MakeRecorder, Recorded

FEW = Usage(input_tokens=40, output_tokens=15)


def limited(limits: Limits | None, target: Target = HOME) -> Target:
    return Target(project_id=target.project_id, task_id=target.task_id, limits=limits)


def reached(run: Run) -> KeitoLimitReached | None:
    """The limit that stops the run now, if one does."""
    try:
        run.check()
    except KeitoLimitReached as limit:
        return limit
    return None


def test_without_limits_a_run_may_go_on(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        run.model_call(Usage(input_tokens=10**9, output_tokens=1), key="1")
        run.check()

    assert recorded.metadata()["status"] == "ok"


def test_a_run_is_stopped_before_one_model_call_too_many(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(model_calls=2))

    with pytest.raises(KeitoLimitReached, match="2 model calls"), recorded.recorder.run("a") as run:
        for n in range(3):
            run.check()
            run.model_start(str(n)).end()

    entry = recorded.entry()
    assert (entry["metadata"]["status"], entry["billable"]) == ("limit", False)
    assert entry["metadata"]["llm_calls"] == 2


def test_a_call_that_is_still_open_counts(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(model_calls=1))

    with recorded.recorder.run("agent") as run:
        run.model_start("1")

        assert reached(run) is not None


def test_what_stopped_a_run_can_be_read_and_handed_to_another_process(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=Limits(tokens=50))

    with recorded.recorder.run("a secret client's agent") as run:
        run.model_call(FEW, key="1")
        limit = pickle.loads(pickle.dumps(reached(run)))

    assert (limit.limit, limit.allowed, limit.used) == ("tokens", 50, 55)
    assert str(limit) == "a limit is reached: 50 tokens allowed, 55 used"


def test_what_descendants_use_counts_too(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(tokens=100))

    with recorded.recorder.run("outer") as outer:
        with recorded.recorder.run("folded") as folded:
            folded.model_call(FEW, key="1")
        outer.check()
        with recorded.recorder.run("other", target=AWAY) as other:
            other.check()
            other.model_call(FEW, key="2")

        with pytest.raises(KeitoLimitReached, match="100 tokens"):
            outer.check()


def test_children_with_records_of_their_own_count_too(make_recorder: MakeRecorder) -> None:
    contract = Contract(children="separate")
    recorded = make_recorder(limits=Limits(tokens=100), contract=contract)

    with recorded.recorder.run("outer") as outer:
        for number in range(2):
            with recorded.recorder.run("child") as child:
                child.check()
                child.model_call(FEW, key=str(number))

        assert reached(outer) is not None

    assert len(recorded.entries()) == 3


def test_a_run_for_another_client_stops_when_those_above_it_may_use_no_more(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=Limits(tokens=100))

    with recorded.recorder.run("outer") as outer:
        outer.model_call(Usage(input_tokens=99, output_tokens=1), key="1")
        with recorded.recorder.run("other", target=AWAY) as other:
            with recorded.recorder.run("deeper", target=HOME) as deeper:
                assert reached(deeper) is not None
            assert reached(other) is not None


def test_a_recorder_s_limits_are_for_each_run_that_is_not_part_of_another(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=Limits(model_calls=1))

    for _ in range(3):
        with recorded.recorder.run("agent") as run:
            run.check()
            run.model_call(FEW, key="1")


def test_a_target_s_limits_count_what_is_started_with_it_and_under_it(recorded: Recorded) -> None:
    target = limited(Limits(model_calls=2), AWAY)

    with recorded.recorder.run("outer") as outer:
        outer.model_call(FEW, key="before")
        with recorded.recorder.run("limited", target=target) as inner:
            inner.model_call(FEW, key="1")
            with recorded.recorder.run("under it", target=HOME) as under:
                under.check()
                under.model_call(FEW, key="2")

                assert reached(under) is not None
            assert reached(inner) is not None
        assert reached(outer) is None


def test_a_target_s_limits_hold_also_where_the_record_is_its_parent_s(recorded: Recorded) -> None:
    with recorded.recorder.run("outer") as outer:
        outer.model_call(FEW, key="before")
        with recorded.recorder.run("part", target=limited(Limits(model_calls=1))) as part:
            part.check()
            part.model_call(FEW, key="1")

            assert part.folded
            assert reached(part) is not None
        assert reached(outer) is None

    assert recorded.metadata()["llm_calls"] == 2


@pytest.mark.parametrize(("of_recorder", "of_target"), [(1, 5), (5, 1)])
def test_the_strictest_of_recorder_and_target_holds(
    make_recorder: MakeRecorder, of_recorder: int, of_target: int
) -> None:
    recorded = make_recorder(limits=Limits(model_calls=of_recorder))

    with recorded.recorder.run("a", target=limited(Limits(model_calls=of_target))) as run:
        run.model_call(FEW, key="1")

        limit = reached(run)

    assert limit is not None
    assert limit.allowed == 1


def test_a_target_takes_limits_from_the_one_below_it_unless_it_is_for_another_project() -> None:
    limits = Limits(model_calls=1)
    below = limited(limits)

    assert Target(session_id="s").over(below).limits is limits
    assert limited(Limits(tokens=9)).over(below).limits == Limits(tokens=9)
    assert AWAY.over(below).limits is None


def test_a_block_may_have_limits(recorded: Recorded) -> None:
    with bill_to(limits=Limits(model_calls=1)), recorded.recorder.run("agent") as run:
        run.model_call(FEW, key="1")

        assert reached(run) is not None

    assert recorded.entry()["project_id"] == HOME.project_id


def test_limits_are_nothing_that_keito_or_the_journal_is_told(recorded: Recorded) -> None:
    with recorded.recorder.run("agent", target=limited(Limits(model_calls=77, cost=88))):
        pass

    assert not any("limit" in line.body for line in recorded.outbox._journal.values())
    assert "limits" not in recorded.entry()["metadata"]


def test_time_is_limited(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(seconds=0.000001))

    with recorded.recorder.run("agent") as run, pytest.raises(KeitoLimitReached, match="seconds"):
        run.check()


def test_time_that_a_run_was_paused_is_not_used(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0]
    monkeypatch.setattr("keito.billing.ledger.now", lambda: clock[0])
    monkeypatch.setattr("keito.billing.meter.now", lambda: clock[0])
    recorded = make_recorder(target=limited(Limits(seconds=10)))
    run = recorded.recorder.start("agent")
    assert run._meter is not None
    run._meter.started = clock[0] = run._ledger.started

    with run.paused():
        clock[0] += 60_000_000
        waiting = reached(run)
    clock[0] += 9_999_999
    before = reached(run)
    clock[0] += 1
    after = reached(run)
    run.finish()

    assert (waiting, before) == (None, None)
    assert after is not None
    assert (after.limit, after.used) == ("seconds", 10)


@pytest.mark.parametrize(
    "limits",
    [{"tokens": 0}, {"seconds": -1}, {"seconds": float("nan")}, {"model_calls": 0}, {"cost": 0}],
)
def test_a_limit_that_nothing_meets_fails_where_it_is_made(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Limits(**limits)


@pytest.mark.parametrize(
    "limits", [{"cost": 0.3}, {"tokens": 1.5}, {"model_calls": "3"}, {"seconds": True}]
)
def test_a_limit_of_the_wrong_type_fails_where_it_is_made(limits: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Limits"):
        Limits(**limits)


def test_what_is_no_limits_is_refused(recorded: Recorded) -> None:
    wrong: Any = {"tokens": 3}

    with pytest.raises(TypeError, match="limits"):
        Target(limits=wrong)
    with pytest.raises(TypeError, match="limits"):
        Recorder(outbox=recorded.outbox, limits=wrong)
    with pytest.raises(ValueError, match="on_unknown"):
        Limits(on_unknown=wrong)


def test_a_count_that_is_no_number_stops_nobody(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(tokens=100))
    odd: Any = "many"

    with recorded.recorder.run("agent") as run:
        run.model_call(Usage(input_tokens=odd, output_tokens=3), key="1")
        run.check()

    assert recorded.metadata()["usage_incomplete"] is True


def test_a_call_that_two_sources_report_counts_once(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(model_calls=2, tokens=110))

    with recorded.recorder.run("outer") as outer:
        for _ in range(2):
            outer.model_call(FEW, key="1")
            with recorded.recorder.run("other", target=AWAY) as other:
                other.model_call(FEW, key="1")
        outer.check()


Choice = tuple[int, int | None, bool]
choices = st.lists(
    st.tuples(st.integers(0, 9), st.none() | st.integers(1, 30), st.booleans()), max_size=8
)


@given(choices, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_in_any_tree_a_run_is_stopped_by_what_it_and_those_above_it_have_used(
    nested: list[Choice], calls: list[tuple[int, int]]
) -> None:
    recorder = Recorder(outbox=MemoryOutbox(), courier="external", target=HOME, account_id="acc")
    runs, above, most = [recorder.start("root")], [-1], [10**6]
    for place, limit, away in nested:
        above.append(place % len(runs))
        most.append(limit or 10**6)
        limits = None if limit is None else Limits(tokens=limit)
        target = limited(limits, AWAY if away else HOME)
        runs.append(recorder.start("nested", parent=runs[above[-1]], target=target))
    used = [0] * len(runs)
    for number, (place, tokens) in enumerate(calls):
        place %= len(runs)
        runs[place].model_call(Usage(input_tokens=tokens, output_tokens=0), key=str(number))
        while place >= 0:
            used[place] += tokens
            place = above[place]

    stopped = [used[0] >= most[0]]
    for number in range(1, len(runs)):
        stopped.append(used[number] >= most[number] or stopped[above[number]])
    found = [reached(run) is not None for run in runs]
    recorder.close(0)

    assert found == stopped
