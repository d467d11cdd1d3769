"""Totals: in whatever order runs, failures, crashes and people's edits come, each counts once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from keito.billing import Contract, MemoryOutbox, Recorder, Target, Timing, Usage
from keito.billing.calls import ModelCall
from keito.billing.delivery import Delivery
from keito.billing.outbox.record import STATES, Record
from keito.billing.totals.details import sums_of
from keito.billing.totals.sums import added
from keito.billing.totals.total import is_frozen
from tests.billing.books import DEEDS, FAULTS, Books, Deed, Fault

T = TypeVar("T")

TIMING = Timing(
    timeout=1, claim=1, settle=20, look_again=1, backoff=1, backoff_most=1, hold=5, poll=1, totals=5
)
# Three of these fill an entry.
LONG = Contract(minimum=timedelta(hours=7))


class Crash(BaseException):
    """The process is gone."""


class Fragile(MemoryOutbox):
    """An outbox whose process dies before or after its n-th write."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_in: int | None = None
        self.dies_after = False

    def file(self, *args: Any, **named: Any) -> None:
        """See `Outbox`."""
        self._written(super().file, *args, **named)

    def claim(self, *args: Any, **named: Any) -> Record | None:
        """See `Outbox`."""
        return self._written(super().claim, *args, **named)

    def change(self, *args: Any, **named: Any) -> bool:
        """See `Outbox`."""
        return self._written(super().change, *args, **named)

    def replace(self, *args: Any, **named: Any) -> bool:
        """See `Outbox`."""
        return self._written(super().replace, *args, **named)

    def _written(self, write: Callable[..., T], *args: Any, **named: Any) -> T:
        if self.dies_in is None:
            return write(*args, **named)
        self.dies_in -= 1
        now = self.dies_in < 0
        if now:
            self.dies_in = None
        if now and not self.dies_after:
            raise Crash
        done = write(*args, **named)
        if now:
            raise Crash
        return done


class World:
    """Agents, a courier that dies and is replaced, Keito, and people."""

    def __init__(self, contract: Contract) -> None:
        self.now = time.time()
        self.outbox = Fragile()
        self.books = Books(lambda: self.now, fresh_after=TIMING.settle)
        self.recorder = Recorder(
            outbox=self.outbox,
            api_key="kto_test",
            account_id="acc",
            base_url="http://127.0.0.1:9",
            target=Target(project_id="prj", task_id="tsk"),
            courier="external",
            contract=contract,
            granularity="day",
        )
        self.late: list[ModelCall] = []
        self.tokens = 0
        self._courier = 0
        self.start_courier()

    def start_courier(self) -> None:
        self._courier += 1
        self.delivery = Delivery(
            self.outbox,
            self.recorder.destination,
            owner=f"courier {self._courier}",
            timing=TIMING,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            chance=lambda: 0.5,
            transport=self.books,
        )

    def run(self, tokens: int, late: int) -> None:
        run = self.recorder.start("agent")
        usage = Usage(
            model="m", input_tokens=tokens, output_tokens=1, reported_cost_usd=Decimal("0.01")
        )
        run.model_call(usage, key="in time")
        self.tokens += tokens
        if late:
            self.late.append(run.model_start("late", model="m"))
        run.finish()
        self.recorder.flush(0)

    def report(self, tokens: int) -> None:
        if self.late:
            self.late.pop().end(Usage(model="m", input_tokens=tokens, output_tokens=1))
            self.tokens += tokens
            self.recorder.flush(0)

    def work(self, steps: int, hurry: bool) -> None:
        for _ in range(steps):
            try:
                self.now += min(self.delivery.step(hurry=hurry), 1.0)
            except Crash:
                self.start_courier()

    def settle(self) -> None:
        """Let all be delivered that can be, with nobody in the way."""
        self.books.faults.clear()
        self.outbox.dies_in = None
        for _ in range(400):
            self.work(1, hurry=True)
            self.now += 1
            if not any(self.of(s) for s in ("READY", "SENDING", "AMBIGUOUS", "COLLECTED")):
                break
        self.work(3, hurry=True)

    def of(self, state: Any) -> list[Record]:
        return self.outbox.in_state(self.recorder.destination.id, state)

    def close(self) -> None:
        self.recorder.close(0)


work = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.just("work"), st.integers(1, 6), st.booleans()),
)
trouble = st.one_of(
    st.tuples(st.just("report"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from((1, 6, 30))),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS)),
    st.tuples(st.just("crash"), st.integers(0, 5), st.booleans()),
)
people = st.tuples(st.just("person"), st.sampled_from(DEEDS), st.integers(0, 3))


def play(world: World, said: list[tuple[Any, ...]]) -> None:
    for name, *given_ in said:
        if name == "run":
            world.run(*given_)
        elif name == "report":
            world.report(*given_)
        elif name == "work":
            world.work(*given_)
        elif name == "wait":
            world.now += given_[0]
        elif name == "fault":
            fault: Fault = given_[0]
            world.books.faults.insert(0, fault)
        elif name == "crash":
            world.outbox.dies_in, world.outbox.dies_after = given_
        else:
            deed: Deed = given_[0]
            known = {record.remote for state in STATES for record in world.of(state)}
            world.books.do(deed, given_[1], known=known)


def told(world: World) -> dict[str, Decimal | int]:
    """What all runs add up to, going by their records."""
    return added(sums_of(r) for s in ("COLLECTED", "FOLDED", "DONE") for r in details(world, s))


def details(world: World, state: str) -> list[Record]:
    return [record for record in world.of(state) if record.after]


def removes(said: list[tuple[Any, ...]]) -> bool:
    """Whether somebody deletes or moves an entry."""
    return any(action[1] in ("delete", "move") for action in said if action[0] == "person")


COUNTED = ("hours", "seconds_raw", "seconds_charged", "runs", "runs_ok", "tokens_in", "llm_calls")

lost_and_edited: list[tuple[Any, ...]] = [
    ("run", 1, 0),
    ("work", 6, True),
    ("run", 1, 0),
    ("fault", "lost after"),
    ("work", 2, True),
    ("person", "hours", 0),
]
removed_in_doubt = [*lost_and_edited[:-1], ("person", "delete", 0)]


@given(
    said=st.lists(work | trouble | people, min_size=5, max_size=40),
    contract=st.sampled_from((Contract(), LONG)),
)
@example(said=lost_and_edited, contract=Contract())
@example(said=removed_in_doubt, contract=Contract())
@settings(max_examples=150, deadline=None)
def test_each_run_is_in_one_total_once_whatever_happens(
    said: list[tuple[Any, ...]], contract: Contract
) -> None:
    world = World(contract)
    try:
        play(world, said)
        world.settle()
        sums, in_doubt = told(world), details(world, "FOLDED")

        for state in ("READY", "SENDING", "AMBIGUOUS", "COLLECTED"):
            assert world.of(state) == []
        # What Keito refused waits for a person, and what somebody removed while it was changed.
        parked = [record for record in world.of("PARKED") if record.kind == "total"]
        assert {record.after for record in in_doubt} == {record.key for record in parked}
        assert removes(said) or not any(map(is_frozen, parked))
        assert sums.get("tokens_in", 0) == world.tokens
        unsure = added(map(sums_of, in_doubt))
        for name in COUNTED:
            least = Decimal(sums.get(name, 0)) - Decimal(unsure.get(name, 0))
            assert least <= world.books.sums(name) <= Decimal(sums.get(name, 0)), name
        if ("fault", "stale") not in said:
            assert world.books.overwritten == []
        for entry in world.books.entries.values():
            assert entry["hours"] - entry["by people"] <= 24
    finally:
        world.close()


@given(said=st.lists(work | trouble.filter(lambda a: a != ("fault", "409")), max_size=40))
@settings(max_examples=80, deadline=None)
def test_without_people_there_is_one_entry_per_24_hours_and_nothing_is_left(
    said: list[tuple[Any, ...]],
) -> None:
    world = World(LONG)
    try:
        play(world, said)
        world.settle()
        runs = sum(1 for action in said if action[0] == "run")

        assert len(world.books.entries) == -(-runs // 3)
        assert world.books.sums("hours") == 7 * runs
        assert all(record.state == "DONE" for record in world.of("DONE"))
        assert details(world, "FOLDED") == []
    finally:
        world.close()
