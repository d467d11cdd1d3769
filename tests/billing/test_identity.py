from __future__ import annotations

from keito.billing import Usage, billed
from tests.billing.conftest import AWAY, HOME, MakeRecorder, Recorded


def test_two_handlers_on_one_framework_run_make_one_record(recorded: Recorded) -> None:
    first = recorded.recorder.start("agent", framework="langchain", key="root_1")
    second = recorded.recorder.start("agent", framework="langchain", key="root_1")
    for run in (first, second):
        run.model_start("resp_1").end(Usage(input_tokens=7, output_tokens=1))
        run.finish()

    assert first is second
    assert recorded.metadata()["tokens_in"] == 7


def test_an_id_used_again_after_the_end_is_another_run(recorded: Recorded) -> None:
    for _ in range(2):
        recorded.recorder.start("agent", framework="langchain", key="root_1").finish()

    keys = {entry["metadata"]["keito_key"] for entry in recorded.entries()}
    assert len(keys) == 2


def test_the_same_id_in_two_frameworks_is_two_runs(recorded: Recorded) -> None:
    runs = [recorded.recorder.start("a", framework=name, key="1") for name in ("one", "two")]

    for run in runs:
        run.finish()

    assert runs[0] is not runs[1]


def test_a_nested_run_for_the_same_target_is_folded_in(recorded: Recorded) -> None:
    with recorded.recorder.run("outer"), recorded.recorder.run("inner") as inner:
        inner.model_call(Usage(input_tokens=7, output_tokens=1), key="1", agent="inner")
        assert inner.folded

    assert recorded.metadata()["tokens_in"] == 7


def test_a_nested_run_for_another_target_has_its_own_record(recorded: Recorded) -> None:
    with recorded.recorder.run("outer") as outer, recorded.recorder.run("inner", target=AWAY):
        pass

    inner_entry, outer_entry = recorded.entries()
    assert inner_entry["project_id"] == "prj_away"
    assert outer_entry["project_id"] == "prj_home"
    assert inner_entry["metadata"]["parent_run_id"] == outer.id


def test_a_run_nested_two_deep_returns_to_the_records_of_their_own_targets(
    recorded: Recorded,
) -> None:
    with (
        recorded.recorder.run("outer"),
        recorded.recorder.run("middle", target=AWAY) as middle,
        recorded.recorder.run("inner") as inner,
    ):
        assert inner.target == middle.target
        assert inner.folded

    assert len(recorded.entries()) == 2


def test_a_model_call_belongs_to_one_record_of_the_tree(recorded: Recorded) -> None:
    usage = Usage(input_tokens=7, output_tokens=1)

    with recorded.recorder.run("outer") as outer:
        with recorded.recorder.run("inner", target=AWAY) as inner:
            inner.model_call(usage, key="1")
        outer.model_call(usage, key="1")

    inner_entry, outer_entry = recorded.entries()
    assert inner_entry["metadata"]["tokens_in"] == 7
    assert "tokens_in" not in outer_entry["metadata"]


def test_a_run_of_another_recorder_is_not_folded(
    recorded: Recorded, make_recorder: MakeRecorder
) -> None:
    other = make_recorder(account_id="acc_other")

    with recorded.recorder.run("outer"), other.recorder.run("inner") as inner:
        assert not inner.folded

    assert len(recorded.entries()) == len(other.entries()) == 1


def test_an_ambient_run_that_is_finished_takes_nothing_more(recorded: Recorded) -> None:
    outer = recorded.recorder.start("outer")
    with outer.active():
        outer.finish()
        inner = recorded.recorder.start("inner")
        inner.finish()

    assert not inner.folded
    assert len(recorded.entries()) == 2


def test_a_billed_function_around_another_makes_one_record(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def inner() -> None: ...

    @billed(recorder=recorded.recorder, target=HOME)
    def outer() -> None:
        inner()

    outer()

    assert recorded.entry()["notes"].startswith("outer: agent run [")


def test_an_adapter_is_told_when_the_record_is_made(recorded: Recorded) -> None:
    told: list[str] = []
    run = recorded.recorder.start("agent")
    run.when_settled(lambda: told.append("first"))
    call = run.model_start("1")

    run.finish()
    before = list(told)
    call.end()
    run.when_settled(lambda: told.append("late"))

    assert before == []
    assert told == ["first", "late"]


def test_a_run_started_under_one_whose_record_is_made_has_its_own(recorded: Recorded) -> None:
    root = recorded.recorder.start("root")
    folded = recorded.recorder.start("folded", parent=root)
    root.finish()

    late = recorded.recorder.start("late", parent=folded)
    late.model_call(Usage(input_tokens=7, output_tokens=3), key="1")
    late.finish()

    tokens = [entry["metadata"].get("tokens_in") for entry in recorded.entries()]
    assert tokens == [None, 7]
