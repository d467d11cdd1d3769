"""What a correction says, in whatever order and however often late calls are filed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keito.billing import Contract, MemoryOutbox, Recorder, Target, Usage
from keito.billing.cost_expense import CostExpense
from keito.billing.filing import Filing
from keito.billing.metadata import LIMIT, size
from keito.billing.outbox.line import Line
from keito.billing.outbox.record import Record
from keito.billing.run import Run
from keito.billing.unreadable import lines_in
from keito.billing.wire import metadata_of, read

HOME = Target(project_id="prj_home", task_id="tsk_home")
EXPENSE = Contract(cost_expense=CostExpense(category_id="cat_llm"))


class Late:
    """A run whose calls report after its record was made, with nobody delivering."""

    def __init__(self, *, calls: int, target: Target = HOME, **more: Any) -> None:
        self.outbox = MemoryOutbox()
        self.recorder = Recorder(
            outbox=self.outbox, account_id="acc", target=target, courier="external", **more
        )
        self.run: Run = self.recorder.start("agent")
        self.calls = [self.run.model_start(str(number), model="m") for number in range(calls)]
        self.run.finish()
        self.recorder.flush(0)
        self.file()

    def close(self) -> None:
        self.recorder.close(0)

    def report(self, number: int, usage: Usage | None) -> None:
        self.calls[number].end(usage)

    def taken_lines(self) -> list[Line]:
        """Take the late lines out of the journal."""
        lines = [line for line in self.outbox.arrivals(limit=1000) if line.kind == "late"]
        self.outbox.file([], contracts={}, lines=[line.id for line in lines], runs=())
        return lines

    def file(self, lines: Sequence[Line] = ()) -> None:
        for line in lines:
            self.outbox.append(line)
        filing = Filing(self.outbox, clock=lambda: 1.0, prices=None)
        while filing.arrivals():
            pass

    def records(self) -> list[Record]:
        return self.outbox.of_run(self.run.id)

    def metadata(self) -> dict[str, Any]:
        """What Keito's entry says when all records are sent in order."""
        said: dict[str, Any] = {}
        for record in self.records():
            said.update(metadata_of(read(record.payload)))
            assert size(said) <= LIMIT
        return said

    def cost(self) -> Decimal:
        """What all records together cost."""
        costs = [read(record.cost).get("cost_usd", 0) for record in self.records()]
        return sum(map(Decimal, map(str, costs)), Decimal(0))


def used(tokens: int, *, model: str = "m", usd: str | None = None) -> Usage:
    cost = None if usd is None else Decimal(usd)
    return Usage(model=model, input_tokens=tokens, output_tokens=1, reported_cost_usd=cost)


MakeLate = Callable[..., Late]


@pytest.fixture
def make() -> Iterator[MakeLate]:
    made: list[Late] = []

    def make(**settings: Any) -> Late:
        made.append(Late(**settings))
        return made[-1]

    yield make
    for late in made:
        late.close()


def test_a_line_that_is_filed_twice_after_a_crash_makes_one_correction(
    make: MakeLate,
) -> None:
    late = make(calls=1)
    late.report(0, used(7))
    lines = late.taken_lines()

    late.file(lines)
    late.file(lines)

    assert [record.kind for record in late.records()] == ["run", "correction"]


def test_a_line_that_comes_after_a_newer_one_changes_nothing(make: MakeLate) -> None:
    late = make(calls=2)
    late.report(0, used(7))
    late.report(1, used(8))
    older, newer = late.taken_lines()

    late.file([newer, older])

    assert [record.kind for record in late.records()] == ["run", "correction"]
    assert late.metadata()["tokens_in"] == 15


def test_corrections_that_are_filed_in_one_moment_keep_their_order(
    make: MakeLate,
) -> None:
    for _ in range(10):
        late = make(calls=4)
        for number in range(4):
            late.report(number, used(number + 1))

        late.file()

        assert late.metadata()["tokens_in"] == 10
        assert len({record.made for record in late.records()}) == 5


def test_what_has_no_record_any_more_is_kept_for_people(make: MakeLate) -> None:
    late = make(calls=1)
    late.report(0, used(7))
    lines = late.taken_lines()
    late.outbox = MemoryOutbox()

    late.file(lines)

    (record,) = late.records()
    assert (record.kind, record.state) == ("unreadable", "PARKED")
    assert lines_in(record) == [line._replace(id=0) for line in lines]


def test_an_entry_that_is_full_makes_room_for_what_was_used(make: MakeLate) -> None:
    filled = Target(project_id="p", task_id="t", metadata={"note": "x" * 3300})
    late = make(calls=3, target=filled)
    assert "truncated" not in late.metadata()

    for number in range(3):
        late.report(number, used(10**9, model=f"model-{number}-{'y' * 60}"))
    late.file()

    said = late.metadata()
    assert said["tokens_in"] == 3 * 10**9
    assert said["truncated"] is True
    assert "models" not in said
    assert said["note"] == "x" * 3300


def full(make: MakeLate) -> Late:
    """A run whose entry is full, of values that are too short to be worth cutting."""
    for count in range(600, 0, -1):
        many = {f"{number:x}": 1 for number in range(count)}
        late = make(calls=1, target=Target(project_id="p", task_id="t", metadata=many))
        if "truncated" not in late.metadata():
            return late
    raise AssertionError("nothing fits")


def test_an_entry_that_never_has_room_is_left_alone_and_that_is_said(
    make: MakeLate, caplog: pytest.LogCaptureFixture
) -> None:
    late = full(make)

    late.report(0, used(10**18, usd="0.123456789"))
    late.file()

    _, correction = late.records()
    assert (correction.state, correction.reason) == ("PARKED", "too_large")
    assert '"late"' in correction.facts
    assert "no room" in caplog.text


def test_the_day_pays_what_came_late_only(make: MakeLate) -> None:
    late = make(calls=2, contract=EXPENSE)

    late.report(0, used(1, usd="0.25"))
    late.report(1, used(1, usd="0.50"))
    late.file()

    assert late.cost() == Decimal("0.75")
    due = late.outbox.costs_due(late.recorder.destination.id, before="9999-01-01")
    assert sum(int(str(read(c.cost).get("llm_calls_unpriced", 0))) for c in due) == 0
    assert len(due) == 3


def test_without_a_daily_expense_nothing_is_due(make: MakeLate) -> None:
    late = make(calls=1)

    late.report(0, used(1, usd="0.25"))
    late.file()

    assert late.cost() == Decimal("0.25")
    assert late.outbox.costs_due(late.recorder.destination.id, before="9999-01-01") == []


def test_a_cost_that_is_not_shared_is_corrected_for_the_day_alone(
    make: MakeLate,
) -> None:
    late = make(calls=1, contract=Contract(share_cost=False, cost_expense=EXPENSE.cost_expense))

    late.report(0, used(1, usd="0.25"))
    late.file()

    assert not {name for name in late.metadata() if "cost" in name or "price" in name}
    assert late.cost() == Decimal("0.25")


@settings(max_examples=60, deadline=None)
@given(
    tokens=st.lists(st.none() | st.integers(0, 10**6), min_size=1, max_size=5),
    order=st.randoms(use_true_random=False),
    at_once=st.booleans(),
)
def test_in_whatever_order_calls_report_and_are_filed_the_entry_says_their_sum(
    tokens: list[int | None], order: random.Random, at_once: bool
) -> None:
    with closing(Late(calls=len(tokens))) as late:
        _report_in_any_order(late, tokens, order, at_once=at_once)

        _check(late, tokens)


def _report_in_any_order(
    late: Late, tokens: list[int | None], order: random.Random, *, at_once: bool
) -> None:
    numbers = list(range(len(tokens)))
    order.shuffle(numbers)
    for number in numbers:
        count = tokens[number]
        late.report(number, None if count is None else used(count, usd="0.01"))
        if not at_once:
            late.file()
    lines = late.taken_lines()
    order.shuffle(lines)
    late.file(lines)
    late.file(lines)


def _check(late: Late, tokens: list[int | None]) -> None:
    known = [count for count in tokens if count is not None]
    said = late.metadata()
    assert said["llm_calls"] == len(tokens)
    assert said.get("tokens_in") == (sum(known) if known else None)
    assert said.get("usage_incomplete", False) is (len(known) < len(tokens))
    complete = len(known) == len(tokens)
    assert said.get("cost_usd") == (Decimal("0.01") * len(known) if complete else None)
    assert late.cost() == (Decimal("0.01") * len(known) if complete else 0)
