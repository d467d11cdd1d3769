"""Runs that were taken for dead, recorded as recovered, and finished after all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keito.billing import Contract, MemoryOutbox, Recorder, Target, Usage
from keito.billing.backlog import Backlog
from keito.billing.cost_expense import CostExpense
from keito.billing.filing import Filing
from keito.billing.outbox.line import Line
from keito.billing.outbox.record import Change, Record
from keito.billing.rendering import Rendering
from keito.billing.run import Run
from keito.billing.wire import read
from tests.billing.conftest import HOME

HOUR = 3600 * 1_000_000
# After every lease.
LATER = 4e9
USED = Usage(model="m", input_tokens=7, output_tokens=3, reported_cost_usd=Decimal("0.5"))
EVENING = int(datetime(2026, 3, 2, 20, tzinfo=timezone.utc).timestamp()) * 1_000_000


class Unheard(MemoryOutbox):
    """An outbox in which a process was last seen when a test says so, whatever it shows later."""

    seen_at: float | None = None

    def last_sign(self, owner: str) -> float:
        return super().last_sign(owner) if self.seen_at is None else self.seen_at


class Frozen:
    """A recorder whose process others take for dead whenever a test says so."""

    def __init__(self, *, target: Target | None = HOME, **settings: Any) -> None:
        self.outbox = Unheard()
        self.recorder = Recorder(
            outbox=self.outbox, account_id="acc", target=target, courier="external", **settings
        )
        self.now = LATER

    def close(self) -> None:
        self.recorder.close(0)

    def start(self, **settings: Any) -> Run:
        return self.recorder.start("agent", **settings)

    def taken_for_dead(self) -> None:
        """File what is open as another machine does."""
        self.recorder.flush(0)
        Filing(self.outbox, clock=self.tick).orphans()

    def file(self) -> None:
        self.recorder.flush(0)
        filing = Filing(self.outbox, clock=self.tick)
        while filing.arrivals():
            pass

    def tick(self) -> float:
        self.now += 1.0
        return self.now

    def records(self, run: Run, *kinds: str) -> list[Record]:
        return [r for r in self.outbox.of_run(run.id) if not kinds or r.kind in kinds]

    def entries(self, run: Run) -> dict[str, dict[str, Any]]:
        return entries(self.records(run))


def entries(records: list[Record]) -> dict[str, dict[str, Any]]:
    """What Keito has when all records are sent in order, by key."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        body: dict[str, Any] = read(record.payload)
        if record.kind == "correction":
            entry = found[record.after]
            entry["metadata"].update(body.pop("metadata"))
            entry.update(body)
        else:
            found[record.key] = body
    return found


def untroubled(run: Run) -> dict[str, dict[str, Any]]:
    """What Keito would have if nobody had taken the run for dead."""
    outbox = MemoryOutbox()
    recording, ledger = run._recording, run._ledger
    lines = recording._lines
    outbox.append(lines.contract())
    outbox.append(Line(ledger.id, "start", ledger.started_at, "owner", lines.start(ledger)))
    outbox.append(Line(ledger.id, "finish", ledger.started_at, "owner", ledger.body()))
    Filing(outbox, clock=lambda: 1.0).arrivals()
    return entries(outbox.of_run(ledger.id))


def told(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without what says that something is not so."""
    metadata = {k: v for k, v in entry["metadata"].items() if v not in (None, False, 0)}
    return {**entry, "metadata": metadata}


MakeFrozen = Callable[..., Frozen]


@pytest.fixture
def make() -> Iterator[MakeFrozen]:
    made: list[Frozen] = []

    def make(**settings: Any) -> Frozen:
        made.append(Frozen(**settings))
        return made[-1]

    yield make
    for frozen in made:
        frozen.close()


def test_of_a_run_whose_process_died_nobody_says_that_all_calls_are_known(
    make: MakeFrozen,
) -> None:
    frozen = make()
    run = frozen.start()
    run.model_call(USED, key="1")

    frozen.taken_for_dead()
    (before,) = frozen.entries(run).values()
    run.finish()
    frozen.file()
    (after,) = frozen.entries(run).values()

    assert (before["metadata"]["tokens_in"], before["metadata"]["usage_incomplete"]) == (7, True)
    assert not after["metadata"]["usage_incomplete"]


def test_a_run_that_finishes_after_all_says_how_it_ended(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    frozen.taken_for_dead()
    (before,) = frozen.entries(run).values()

    run.model_call(USED, key="1")
    run.note("Sorted the post")
    run.metadata(ticket="T-1")
    run.finish()
    frozen.file()

    (after,) = frozen.entries(run).values()
    assert (before["billable"], before["metadata"]["status"]) == (False, "recovered")
    assert (after["billable"], after["metadata"]["status"]) == (True, "ok")
    assert after["metadata"]["ticket"] == "T-1"
    assert after["notes"].startswith("Sorted the post")
    assert after["metadata"]["tokens_in"] == 7
    assert after["metadata"]["seconds_charged"] == after["metadata"]["seconds_raw"] > 0


def test_a_run_that_fails_after_all_is_not_charged(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    frozen.taken_for_dead()

    run.finish("error", error=ValueError())
    frozen.file()

    (after,) = frozen.entries(run).values()
    assert (after["billable"], after["metadata"]["status"]) == (False, "error")
    assert after["metadata"]["error"] == "ValueError"


@settings(max_examples=60, deadline=None)
@given(
    seen=st.integers(0, 60 * HOUR),
    more=st.integers(1, 40 * HOUR),
    pause=st.none() | st.tuples(st.integers(0, 70 * HOUR), st.integers(1, 60 * HOUR)),
    status=st.sampled_from(["ok", "error", "interrupted"]),
    contract=st.sampled_from(
        [
            Contract(max_hours_per_run=1000),
            Contract(charge="outcomes"),
            Contract(increment=timedelta(minutes=15), minimum=timedelta(hours=1)),
            Contract(increment=timedelta(hours=1), rounded_per="day", time_zone="Europe/Berlin"),
        ]
    ),
)
def test_in_the_end_keito_has_what_it_had_if_nobody_had_taken_it_for_dead(
    seen: int, more: int, pause: tuple[int, int] | None, status: Any, contract: Contract
) -> None:
    with closing(Frozen(contract=contract)) as frozen:
        run = frozen.start()
        ledger = run._ledger
        ledger.started_at = EVENING
        rewrite_start(frozen, run, seen_at=(EVENING + seen) / 1_000_000)
        frozen.taken_for_dead()
        if pause is not None and pause[0] < seen + more:
            begin = ledger.started + pause[0]
            ledger.pauses.append((begin, min(begin + pause[1], ledger.started + seen + more)))
        frozen.recorder._recording.end(ledger, status, None, at=ledger.started + seen + more)
        frozen.file()

        found, wanted = frozen.entries(run), untroubled(run)

    worked = {key: entry for key, entry in found.items() if entry["hours"]}
    assert sum(e["hours"] for e in found.values()) == sum(e["hours"] for e in wanted.values())
    by_day = {entry["spent_date"]: entry for entry in wanted.values() if entry["hours"]}
    assert {entry["spent_date"] for entry in worked.values()} == set(by_day)
    for entry in worked.values():
        same = by_day[entry["spent_date"]]
        for name in ("hours", "billable"):
            assert entry[name] == same[name]
        for name in ("status", "seconds_raw", "seconds_charged", "ended_at"):
            assert entry["metadata"][name] == same["metadata"][name]
    if list(found) == list(wanted):
        assert [told(entry) for entry in found.values()] == [told(e) for e in wanted.values()]


def rewrite_start(frozen: Frozen, run: Run, *, seen_at: float) -> None:
    """Have a run started, and last seen, at other times than now."""
    frozen.recorder.flush(0)
    (start,) = [line for line in frozen.outbox.lines(run.id) if line.kind == "start"]
    frozen.outbox.file([], contracts={}, lines=[start.id], runs=())
    lines = frozen.recorder._recording._lines
    frozen.outbox.append(Line(run.id, "start", EVENING, start.owner, lines.start(run._ledger)))
    frozen.outbox.seen_at = seen_at


@pytest.mark.parametrize("first", ["the redelivered attempt", "the recovered one"])
def test_a_job_is_charged_once_whichever_attempt_ends_first(make: MakeFrozen, first: str) -> None:
    frozen = make()
    job = Target(project_id="prj_home", task_id="tsk_home", work_key="job-1")
    recovered = frozen.start(target=job)
    frozen.taken_for_dead()
    redelivered = frozen.start(target=job)
    runs = (
        [redelivered, recovered] if first == "the redelivered attempt" else [recovered, redelivered]
    )

    for run in runs:
        run.finish()
        frozen.file()

    (charged,) = frozen.entries(runs[0]).values()
    (uncharged,) = frozen.entries(runs[1]).values()
    assert (charged["billable"], uncharged["billable"]) == (True, False)
    assert uncharged["metadata"]["status"] == "ok"
    (attempts,) = {e["metadata"]["attempt"] for e in frozen.entries(recovered).values()}
    assert attempts == 1


def test_attempts_that_are_filed_together_are_charged_once(make: MakeFrozen) -> None:
    frozen = make()
    job = Target(project_id="prj_home", task_id="tsk_home", work_key="job-1")
    recovered = frozen.start(target=job)
    frozen.taken_for_dead()

    recovered.finish()
    frozen.start(target=job).finish()
    frozen.file()

    charged = [
        r for state in ("READY",) for r in frozen.outbox.in_state(destination(frozen), state)
    ]
    assert [record.charged for record in charged] == [False, True, False]


def destination(frozen: Frozen) -> str:
    return frozen.recorder.destination.id


def test_its_end_is_filed_once_though_its_line_comes_twice(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    frozen.taken_for_dead()
    run.finish()
    (line,) = [line for line in frozen.outbox.lines(run.id) if line.kind == "finish"]

    frozen.file()
    frozen.outbox.append(line)
    frozen.file()

    assert [record.kind for record in frozen.records(run)] == ["run", "correction"]


def test_an_end_that_comes_while_its_run_is_filed_is_not_dropped(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    filed = Rendering.recover

    def in_between(self: Rendering, *args: Any, **more: Any) -> None:
        run.finish()
        filed(self, *args, **more)

    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(Rendering, "recover", in_between)
        frozen.taken_for_dead()
    frozen.file()

    (after,) = frozen.entries(run).values()
    assert after["metadata"]["status"] == "ok"


def test_a_call_that_reports_after_such_an_end_is_added(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    frozen.taken_for_dead()
    call = run.model_start("1", model="m")
    run.finish()
    frozen.file()
    (halfway,) = frozen.entries(run).values()

    call.end(USED)
    frozen.file()

    (after,) = frozen.entries(run).values()
    first, second = frozen.records(run, "correction")
    assert halfway["metadata"]["usage_incomplete"] is True
    assert (after["metadata"]["tokens_in"], after["metadata"]["usage_incomplete"]) == (7, False)
    assert (after["hours"], after["billable"]) == (halfway["hours"], True)
    # The newer says all that the older does, in case that one is never sent.
    assert set(read(first.payload)) == set(read(second.payload))


def test_a_late_call_tells_of_the_end_if_it_comes_first(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    frozen.taken_for_dead()
    call = run.model_start("1", model="m")
    run.finish()
    frozen.recorder.flush(0)
    (finish,) = [line for line in frozen.outbox.lines(run.id) if line.kind == "finish"]
    frozen.outbox.file([], contracts={}, lines=[finish.id], runs=())

    call.end(USED)
    frozen.file()
    frozen.outbox.append(finish)
    frozen.file()

    (after,) = frozen.entries(run).values()
    assert (after["metadata"]["status"], after["metadata"]["tokens_in"]) == ("ok", 7)
    assert len(frozen.records(run, "correction")) == 1


def test_an_end_that_waited_for_calls_when_its_process_died_counts(make: MakeFrozen) -> None:
    frozen = make()
    run = frozen.start()
    frozen.taken_for_dead()

    run.model_start("1", model="m")
    run.finish()
    Filing(frozen.outbox, clock=frozen.tick).orphans()

    (after,) = frozen.entries(run).values()
    assert (after["metadata"]["status"], after["billable"]) == ("ok", True)
    assert frozen.outbox.lines(run.id) == []


def test_a_run_that_nobody_routed_is_rendered_with_its_end(make: MakeFrozen) -> None:
    frozen = make(target=None)
    run = frozen.start()
    frozen.taken_for_dead()
    run.finish()
    frozen.file()

    Backlog(frozen.outbox, destination(frozen), clock=frozen.tick).assign(run.id, HOME)

    (after,) = frozen.entries(run).values()
    assert (after["metadata"]["status"], after["billable"]) == ("ok", True)


def split_run(frozen: Frozen) -> Run:
    """A run that was last seen on its first day, and ended on its second."""
    run = frozen.start()
    run._ledger.started_at = EVENING
    rewrite_start(frozen, run, seen_at=(EVENING + HOUR) / 1_000_000)
    frozen.taken_for_dead()
    frozen.recorder._recording.end(run._ledger, "ok", None, at=run._ledger.started + 6 * HOUR)
    return run


def test_the_days_that_nobody_knew_of_come_after_the_correction(make: MakeFrozen) -> None:
    frozen = make()
    run = split_run(frozen)

    frozen.file()

    base, correction, more = frozen.records(run)
    assert (base.kind, correction.kind, more.kind) == ("run", "correction", "run")
    assert (correction.after, more.after) == (base.key, correction.key)
    assert [e["hours"] for e in frozen.entries(run).values()] == [4, 2]


@pytest.mark.parametrize("state", ["PARKED", "DROPPED"])
def test_where_a_person_decided_about_the_entry_it_is_about_all_of_it(
    make: MakeFrozen, state: Any
) -> None:
    frozen = make()
    run = split_run(frozen)
    (base,) = frozen.records(run)
    frozen.outbox.change(base, Change(state=state, since=1.0))

    frozen.file()

    assert [record.state for record in frozen.records(run)] == [state] * 3
    expected = [False] * 3 if state == "DROPPED" else [False, True, True]
    assert [record.charged for record in frozen.records(run)] == expected


def test_the_daily_expense_has_what_a_run_cost_that_is_charged_after_all(make: MakeFrozen) -> None:
    frozen = make(contract=Contract(cost_expense=CostExpense(category_id="cat_llm")))
    run = frozen.start()
    run.model_call(USED, key="1")
    frozen.recorder.flush(0)
    frozen.taken_for_dead()
    nothing = frozen.outbox.costs_due(destination(frozen), before="9999-01-01")

    run.model_call(USED, key="2")
    run.finish()
    frozen.file()

    due = frozen.outbox.costs_due(destination(frozen), before="9999-01-01")
    assert nothing == []
    assert sum(Decimal(str(read(one.cost)["cost_usd"])) for one in due) == 1
