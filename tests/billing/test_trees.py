from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Contract, MemoryOutbox, Recorder, Target, Usage, bill_to, clocks, starting
from keito.billing.hours import seconds
from keito.billing.intervals import first, length, minus, union, within
from keito.billing.ledger import Ledger
from keito.billing.tree import Tree
from tests.billing.conftest import AWAY, HOME, MakeRecorder, Recorded

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def moments(intervals: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in intervals for moment in range(start, end)}


@given(pairs, pairs)
def test_interval_arithmetic_is_that_of_sets_of_moments(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    assert moments(union(some)) == moments(some)
    assert moments(minus(some, others)) == moments(some) - moments(others)
    assert moments(within(some, 10, 40)) == moments(some) & set(range(10, 40))
    assert length(some) == len(moments(some))


@given(pairs, st.integers(0, 100))
def test_the_beginning_of_intervals_is_as_long_as_asked_for(
    some: list[tuple[int, int]], most: int
) -> None:
    beginning = first(some, most)

    assert length(beginning) == min(most, length(some))
    assert moments(beginning) == set(sorted(moments(some))[:most])


@dataclass
class Planned:
    """A run of a tree: when it begins and ends, and what is started in it for someone else."""

    start: int
    end: int
    pauses: list[tuple[int, int]]
    children: list[Planned] = field(default_factory=list)


@st.composite
def trees(draw: st.DrawFn, start: int = 0, end: int = 100, depth: int = 3) -> Planned:
    inside = st.integers(start, end)
    pauses = draw(st.lists(st.tuples(inside, inside), max_size=2))
    planned = Planned(start, end, pauses)
    for _ in range(draw(st.integers(0, 3)) if depth else 0):
        begin, until = sorted((draw(inside), draw(inside)))
        planned.children.append(draw(trees(begin, until, depth - 1)))
    return planned


def charged(planned: Planned) -> int:
    """Play a tree in the order of time; add up what each record counts."""
    tree = Tree()
    entered: list[tuple[Planned, Ledger]] = []

    def enter(node: Planned, above: Ledger | None) -> None:
        ledger = Ledger("id", "name", Target(), tree, above, 0, started=node.start)
        entered.append((node, ledger))
        for child in node.children:
            enter(child, ledger)

    enter(planned, None)
    # Ends before starts at the same moment, and of ends the innermost first.
    events = [(n.end, 0, -i, n, ledger) for i, (n, ledger) in enumerate(entered)]
    events += [(n.start, -1, i, n, ledger) for i, (n, ledger) in enumerate(entered)]
    total = 0
    for at, is_end, _, node, ledger in sorted(events, key=lambda event: event[:3]):
        if is_end == -1:
            tree.enter(ledger)
        else:
            taken = tree.leave(ledger, node.start, at, node.pauses)
            total += length(minus([(node.start, at)], [*taken, *node.pauses]))
    return total


@given(trees())
def test_a_tree_is_never_charged_more_than_its_roots_wall_time(planned: Planned) -> None:
    assert charged(planned) <= planned.end - planned.start


@given(trees())
def test_without_pauses_a_tree_is_charged_exactly_its_wall_time(planned: Planned) -> None:
    def forget_pauses(node: Planned) -> None:
        node.pauses = []
        for child in node.children:
            forget_pauses(child)

    forget_pauses(planned)

    assert charged(planned) == planned.end - planned.start


def test_a_child_that_outlives_its_root_keeps_its_time() -> None:
    tree = Tree()
    root = Ledger("root", "root", Target(), tree, None, 0, started=0)
    child = Ledger("child", "child", Target(), tree, root, 0, started=40)
    tree.enter(root)
    tree.enter(child)

    assert tree.leave(root, 0, 60, []) == [(40, 60)]
    assert tree.leave(child, 40, 100, []) == []


def test_separate_children_have_records_of_their_own_linked_to_their_parent(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(contract=Contract(children="separate"))
    with recorded.recorder.run("outer") as outer, recorded.recorder.run("inner") as inner:
        inner.model_call(Usage(input_tokens=1, output_tokens=1), key="call")

    said = {entry["metadata"]["agent_id"]: entry["metadata"] for entry in recorded.entries()}

    assert (inner.folded, inner.target) == (False, outer.target)
    assert said["inner"]["parent_run_id"] == said["outer"]["run_id"] == outer.id
    assert (said["inner"]["llm_calls"], said["outer"]["llm_calls"]) == (1, 0)


@pytest.mark.parametrize("other", [None, "usr_other"])
def test_the_runs_of_one_job_are_all_charged_and_only_once(
    make_recorder: MakeRecorder, other: str | None
) -> None:
    recorded = make_recorder(contract=Contract(children="separate"))
    for _ in range(2):
        with bill_to(work_key="job"), recorded.recorder.run("outer"):
            for _ in range(2):
                with bill_to(user_id=other), recorded.recorder.run("inner"):
                    pass

    charged = [entry["billable"] for entry in recorded.entries()]

    assert sorted(charged) == [False] * 3 + [True] * 3


def test_a_job_within_a_job_is_charged_once_by_its_own_name(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(contract=Contract(children="separate"))
    for name in ("first", "second"):
        outer = recorded.recorder.run("outer", target=Target(work_key=name))
        with outer, recorded.recorder.run("inner", target=Target(work_key="shared")):
            pass

    said = [(entry["metadata"]["agent_id"], entry["billable"]) for entry in recorded.entries()]

    assert sorted(said) == [("inner", False), ("inner", True), ("outer", True), ("outer", True)]


def test_work_for_another_client_within_a_job_is_charged_once_too(
    make_recorder: MakeRecorder,
) -> None:
    made = make_recorder()
    job = Target(project_id="prj_home", task_id="tsk_home", work_key="job 1")
    for _ in range(2):
        with made.recorder.run("outer", target=job), made.recorder.run("inner", target=AWAY):
            pass

    charged = [entry["project_id"] for entry in made.entries() if entry["billable"]]
    assert sorted(charged) == ["prj_away", "prj_home"]


class Clock:
    """Stands in for the `time` module that a ledger reads."""

    def __init__(self) -> None:
        self.microseconds = 0

    def tell(self, patch: pytest.MonkeyPatch) -> None:
        """Have what is recorded read this one."""
        for module in (clocks, starting):
            patch.setattr(module, "time", self)

    def monotonic_ns(self) -> int:
        """Time on a clock that is never set back."""
        return self.microseconds * 1000

    def time_ns(self) -> int:
        """Time since 1970."""
        return (1_772_704_800_000_000 + self.microseconds) * 1000


class Play:
    """One tree of real runs, told step by step what to do."""

    def __init__(self, clock: Clock, children: Literal["folded", "separate"]) -> None:
        self.clock = clock
        outbox = MemoryOutbox()
        contract = Contract(children=children, max_hours_per_run=1000)
        self.recorder = Recorder(
            outbox=outbox, account_id="acc", target=HOME, contract=contract, courier="external"
        )
        self.recorded = Recorded(self.recorder, outbox)
        self.runs = [self.recorder.start("root")]
        self.calls = 0
        self.resumes: list[Callable[[], None]] = []

    def step(self, verb: str, which: int, number: int) -> None:
        """Do one thing to one of the runs there are."""
        run = self.runs[which % len(self.runs)]
        if verb == "wait":
            self.clock.microseconds += number
        elif verb in ("same", "other"):
            target = HOME if verb == "same" else AWAY
            self.runs.append(self.recorder.start("child", parent=run, target=target))
        elif verb == "finish":
            run.finish()
        elif verb == "resume" and self.resumes:
            self.resumes.pop(which % len(self.resumes))()
        elif verb == "pause" and run.takes_more:
            self.resumes.append(run.pause())
        elif verb == "call" and run.takes_more:
            usage = Usage(input_tokens=2**self.calls, output_tokens=0)
            run.model_call(usage, key=f"call {self.calls}")
            self.calls += 1

    def end(self, *, from_the_root: bool) -> list[dict[str, Any]]:
        """Finish what is open; return what the entries say."""
        for run in self.runs if from_the_root else reversed(self.runs):
            run.finish()
        said = [entry["metadata"] for entry in self.recorded.entries()]
        self.recorder.close(0)
        return said


verbs = st.sampled_from(
    ["wait", "wait", "same", "other", "finish", "pause", "resume", "call", "call"]
)
step = st.tuples(verbs, st.integers(0, 9), st.integers(0, 10**9))
# Few steps show little: without a smallest number most examples have fewer than ten.
steps = st.lists(step, max_size=8) | st.lists(step, min_size=25, max_size=60)


@given(steps, st.sampled_from(["folded", "separate"]), st.booleans())
def test_no_tree_is_charged_twice_and_every_model_call_is_in_one_record(
    steps: list[tuple[str, int, int]],
    children: Literal["folded", "separate"],
    from_the_root: bool,
) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        clock.tell(patch)
        play = Play(clock, children)
        for step in steps:
            play.step(*step)
        said = play.end(from_the_root=from_the_root)

    # Until the last of them ended: a child may outlive its root.
    assert sum(one["seconds_charged"] for one in said) <= seconds(clock.microseconds)
    assert sum(one["llm_calls"] for one in said) == play.calls
    # Each call has a bit of its own: the sum is right only if each is counted once.
    assert sum(one.get("tokens_in", 0) for one in said) == 2**play.calls - 1
    assert len({one["keito_key"] for one in said}) == len(said)
    # What an entry says of its time can be checked against itself.
    assert all(one["seconds_charged"] <= one["seconds_raw"] for one in said)


@given(steps)
def test_a_tree_whose_runs_end_before_their_root_is_charged_what_has_passed_without_pauses(
    steps: list[tuple[str, int, int]],
) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        clock.tell(patch)
        play = Play(clock, "separate")
        for verb, which, number in steps:
            if verb != "pause" and not (verb == "finish" and which % len(play.runs) == 0):
                play.step(verb, which, number)
        said = play.end(from_the_root=False)

    assert sum(one["seconds_charged"] for one in said) == seconds(clock.microseconds)


def test_pauses_that_overlap_or_are_left_open_count_once(make_recorder: MakeRecorder) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        clock.tell(patch)
        recorded = make_recorder()
        with recorded.recorder.run("agent") as run:
            clock.microseconds += 1_000_000
            first, second = run.pause(), run.pause()
            clock.microseconds += 1_000_000
            first()
            clock.microseconds += 1_000_000
            second()
            clock.microseconds += 1_000_000
            run.pause()
            clock.microseconds += 1_000_000

    said = recorded.metadata()

    assert (said["seconds_raw"], said["seconds_charged"]) == (5, 2)


def test_a_wall_clock_that_is_set_back_does_not_shorten_a_run(make_recorder: MakeRecorder) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        clock.tell(patch)
        recorded = make_recorder()
        run = recorded.recorder.start("agent")
        clock.microseconds += 90_000_000
        patch.setattr(clock, "time_ns", lambda: 1_700_000_000_000_000_000)
        run.finish()

    said = recorded.metadata()

    assert said["started_at"] == "2026-03-05T10:00:00.000000+00:00"
    assert said["ended_at"] == "2026-03-05T10:01:30.000000+00:00"
    assert said["seconds_charged"] == 90
