"""Clocks that are set: by people, by the network, or because the machine slept or was restored."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keito._headers import retry_after
from keito._request import Request
from keito._retry import verdict
from keito._transport import Answer, Outcome
from keito.billing import MemoryOutbox, Timing
from keito.billing.delivery import Delivery
from keito.billing.destination import Destination
from keito.billing.outbox.inbox import Inbox
from keito.billing.outbox.record import Record
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.billing.waits import Clocks
from tests.billing.books import Books, Fault

HOUR = 3600.0
YEAR = 365 * 86_400.0
TIMING = Timing(claim=15, settle=120, look_again=10, backoff=1, backoff_most=1, hold=HOUR, poll=5)
CLAIM = TIMING.timeout + TIMING.claim
JUMPS = [YEAR, 3 * HOUR, 60.0, -60.0, -3 * HOUR, -YEAR]
KEY = "k"
HERE = Destination(
    base_url="http://127.0.0.1:9", account_id="acc", credential="default", api_key="kto_test"
)


class Crash(BaseException):
    """The process is gone."""


class Machine(Books):
    """A machine whose wall clock is set, a Keito that fails, and couriers that come and go."""

    def __init__(self) -> None:
        self.true = 0.0
        self.set_by = 1_800_000_000.0
        self.stood_still = -5_000.0
        super().__init__(lambda: self.true, fresh_after=0.0)
        self.posted_at: list[float] = []
        self.doubtful_at: list[float | None] = []
        self.dies = False
        self.refuses: Answer | None = None
        self.outbox = MemoryOutbox()
        self.couriers = 0
        self.start()
        self.outbox.file([_record()], contracts={}, lines=(), runs=())

    def wall(self) -> float:
        return self.set_by + self.true

    def monotonic(self) -> float:
        return self.true - self.stood_still

    def start(self) -> None:
        """Start a courier in a process of its own; of the one before nothing is left."""
        self.couriers += 1
        self.delivery = Delivery(
            self.outbox,
            HERE,
            owner=f"courier {self.couriers}",
            timing=TIMING,
            clock=self.wall,
            monotonic=self.monotonic,
            chance=lambda: 1.0,
            transport=self,
        )

    def move(self, *, up: float) -> None:
        """Go on in a process on a machine that is up for so long: this one or another."""
        self.stood_still = self.true - up
        self.start()

    def work(self, seconds: float) -> None:
        """Let the courier work for so long."""
        end = self.true + seconds
        while self.true < end:
            try:
                self.true += min(max(0.001, self.delivery.step()), end - self.true, 1.0)
            except Crash:
                self.start()

    def exchange(self, request: Request[Any], **settings: Any) -> Outcome:
        """See `Books`."""
        if request.method != "POST":
            return super().exchange(request, **settings)
        self.posted_at.append(self.true)
        outcome = self.refuses or super().exchange(request, **settings)
        self.doubtful_at.append(None if verdict(outcome) == "not_processed" else self.true)
        if self.dies:
            self.dies = False
            raise Crash
        return outcome

    def state(self) -> str:
        found = self.outbox.find(KEY)
        assert found is not None
        return found.state


def _record() -> Record:
    body = {"project_id": "prj", "spent_date": "2026-03-05", "metadata": {"keito_key": KEY}}
    return Record(
        key=KEY,
        run="run",
        kind="run",
        destination=HERE.id,
        state="READY",
        payload=json.dumps(body),
        project="prj",
        day="2026-03-05",
    )


@pytest.fixture
def machine() -> Machine:
    return Machine()


def in_doubt(machine: Machine, fault: Fault = "lost before") -> None:
    machine.faults = [fault]
    machine.work(1)
    assert machine.state() == "AMBIGUOUS"


@pytest.mark.parametrize("jump", JUMPS)
def test_what_is_in_doubt_waits_as_long_as_ever_when_the_clock_is_set(
    machine: Machine, jump: float
) -> None:
    in_doubt(machine)

    machine.set_by += jump
    machine.work(200)

    (first, second) = machine.posted_at
    assert TIMING.settle < second - first < TIMING.settle + TIMING.look_again + 10
    assert machine.state() == "DONE"


@pytest.mark.parametrize("jump", JUMPS)
def test_the_second_look_is_not_brought_forward_by_a_clock_that_is_set(
    machine: Machine, jump: float
) -> None:
    in_doubt(machine)
    machine.work(TIMING.settle + 2)
    looked = machine.requests.count("GET")

    machine.set_by += jump
    machine.work(TIMING.look_again - 4)
    early = machine.requests.count("GET")
    machine.work(20)

    assert (looked, early, machine.requests.count("GET")) == (1, 1, 2)
    assert machine.state() == "DONE"


@pytest.mark.parametrize("jump", JUMPS)
def test_a_process_that_starts_after_the_clock_was_set_believes_none_of_it(
    machine: Machine, jump: float
) -> None:
    in_doubt(machine)

    machine.set_by += jump
    machine.start()
    machine.work(200)

    (first, second) = machine.posted_at
    assert TIMING.settle < second - first < TIMING.settle + TIMING.look_again + 10


def test_a_process_that_starts_later_on_the_same_machine_does_not_wait_once_more(
    machine: Machine,
) -> None:
    in_doubt(machine)

    machine.true += TIMING.settle
    machine.start()
    machine.work(TIMING.look_again + 5)

    assert machine.state() == "DONE"


def test_a_clock_that_is_set_there_and_back_is_believed_again(machine: Machine) -> None:
    in_doubt(machine)
    machine.set_by += HOUR
    machine.work(1)
    machine.set_by -= HOUR

    machine.true += TIMING.settle
    machine.start()
    machine.work(TIMING.look_again + 5)

    assert machine.state() == "DONE"


@pytest.mark.parametrize("jump", JUMPS)
def test_what_a_dead_courier_was_sending_is_settled_in_time_when_the_clock_is_set(
    machine: Machine, jump: float
) -> None:
    machine.faults.append("lost before")
    machine.dies = True
    machine.work(1)
    assert machine.state() == "SENDING"

    machine.set_by += jump
    machine.start()
    machine.work(250)

    (first, second) = machine.posted_at
    assert TIMING.settle < second - first < CLAIM + TIMING.settle + TIMING.look_again + 20
    assert machine.state() == "DONE"


@pytest.mark.parametrize("jump", [0.0, *JUMPS])
def test_a_courier_that_stood_still_after_its_claim_sends_nothing(
    machine: Machine, jump: float
) -> None:
    class Stopping(MemoryOutbox):
        def claim(self, *args: Any, **named: Any) -> Record | None:
            found = super().claim(*args, **named)
            if found is not None and found.attempts == 1:
                machine.true += CLAIM
                machine.set_by += jump
            return found

    machine.outbox = Stopping()
    machine.outbox.file([_record()], contracts={}, lines=(), runs=())
    machine.start()

    machine.delivery.step()

    assert machine.posted_at == []
    assert machine.state() == "READY"


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize(
    ("refusal", "pause"),
    [
        (Answer(401, httpx.Headers(), b"{}"), TIMING.hold),
        (Answer(403, httpx.Headers(), b"{}"), TIMING.hold),
        (Answer(429, httpx.Headers({"retry-after": "600"}), b"{}"), 600.0),
        (Answer(429, httpx.Headers(), b"{}"), TIMING.backoff_most),
    ],
)
def test_a_pause_is_as_long_as_it_was_meant_when_the_clock_is_set(
    machine: Machine, jump: float, refusal: Answer, pause: float
) -> None:
    machine.refuses = refusal
    machine.delivery.step()
    machine.refuses = None

    machine.set_by += jump
    machine.work(pause + 10)

    (first, second) = machine.posted_at
    assert pause <= second - first <= pause + TIMING.poll + 1


def test_processes_that_live_for_a_moment_settle_what_is_older_than_the_machine_is_up(
    machine: Machine,
) -> None:
    in_doubt(machine)

    machine.true += 8 * HOUR
    machine.move(up=0)
    for _ in range(5):
        machine.work(3)
        machine.true += 300
        machine.start()

    assert machine.state() == "DONE"
    assert len(machine.entries) == 1


def test_a_process_that_stays_is_not_kept_waiting_by_those_that_come_and_go(
    machine: Machine,
) -> None:
    in_doubt(machine)
    resident = machine.delivery
    machine.move(up=0)
    visitor, at_boot = machine.delivery, machine.stood_still

    for _ in range(60):
        machine.delivery = visitor
        machine.work(2)
        machine.start()
        visitor = machine.delivery
        machine.stood_still, machine.delivery = -5_000.0, resident
        machine.work(3)
        machine.stood_still = at_boot

    assert machine.state() == "DONE"


def _do(machine: Machine, name: str, seconds: float) -> None:
    if name == "work":
        machine.work(seconds)
    elif name == "set":
        machine.set_by += seconds
    elif name == "sleep":
        machine.true += seconds
        machine.stood_still += seconds
    elif name == "die":
        machine.dies = True
    elif name == "move":
        machine.move(up=seconds)
    else:
        machine.start()


said = st.one_of(
    st.just(("start", 0.0)),
    st.tuples(st.just("move"), st.sampled_from((0.0, 50.0, YEAR))),
    st.just(("die", 0.0)),
    st.tuples(st.just("work"), st.sampled_from((1.0, 20.0, 100.0))),
    st.tuples(st.just("sleep"), st.sampled_from((30.0, 8 * HOUR))),
    st.tuples(st.just("set"), st.sampled_from((*JUMPS, 0.5, -0.5))),
)


@given(
    actions=st.lists(said, max_size=20),
    faults=st.lists(st.sampled_from(("lost before", "500 before", "refused")), max_size=3),
)
@example(actions=[("work", 1.0), ("set", YEAR), ("start", 0.0)], faults=["lost before"])
@example(actions=[("work", 1.0), ("move", YEAR)], faults=["lost before"])
@example(actions=[*[("work", 100.0)] * 6, ("set", YEAR), ("start", 0.0)], faults=[])
@settings(max_examples=60, deadline=None)
def test_however_the_clock_is_set_nothing_is_made_again_too_soon_or_kept_for_good(
    actions: list[tuple[str, float]], faults: list[Fault]
) -> None:
    machine = Machine()
    machine.faults = ["lost before", *faults]

    for name, seconds in actions:
        _do(machine, name, seconds)
    machine.faults, machine.dies = [], False
    machine.work(2 * (CLAIM + TIMING.settle + TIMING.look_again) + 60)

    for first, second in zip(machine.doubtful_at, machine.posted_at[1:], strict=False):
        assert first is None or second - first >= TIMING.settle
    assert len(machine.entries) == 1
    # Only where the clock was set by a year, what is delivered may be old enough to be forgotten.
    if ("set", YEAR) not in actions or machine.outbox.find(KEY) is not None:
        assert machine.state() == "DONE"


def test_a_sign_of_life_from_the_future_proves_nothing(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    shown = Inbox(tmp_path / "outbox.db-inbox", opening=1.0)
    shown.show("dead", seen=5_000.0, until=5_015.0)

    alive = [outbox.alive("dead", now=now) for now in (5_001.0, 5_016.0, 1_000.0)]

    assert alive == [True, False, False]
    shown.close()
    outbox.close()


def test_a_recorder_lives_though_the_clock_is_set(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    outbox.join("me", until=time.time() + 15)

    alive = [outbox.alive("me", now=time.time() + jump) for jump in JUMPS]

    assert all(alive)
    outbox.leave("me")
    outbox.close()


def test_a_date_to_come_back_at_is_counted_from_the_date_of_the_answer() -> None:
    headers = {
        "date": "Thu, 05 Mar 2026 10:00:00 GMT",
        "retry-after": "Thu, 05 Mar 2026 10:02:00 GMT",
    }

    assert retry_after(headers) == 120.0


def test_clocks_agree_by_default_with_those_of_other_processes() -> None:
    assert abs(Clocks().epoch - Clocks().epoch) < 0.5
