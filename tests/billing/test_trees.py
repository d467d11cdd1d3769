from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Contract, Target, Usage, bill_to
from keito.billing.intervals import first, length, minus, union, within
from keito.billing.ledger import Ledger
from keito.billing.tree import Tree
from tests.billing.conftest import MakeRecorder

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
