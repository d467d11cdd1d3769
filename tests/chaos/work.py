"""What a recorder does: runs of every kind, each noted as soon as its call has returned."""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from keito.billing import Recorder, Run, Target, Usage
from keito.billing.calls import ModelCall
from tests.chaos.notes import Notes
from tests.chaos.orders import TIMING, Orders

SUBJECTS = 40
BACKLOG = 200
LEAST = timedelta(minutes=30)
"""What each run is charged that is added up: a total of 24 hours then holds 48 of them."""
LATE_TOKENS = 100_000
"""What a late call used: so much that it is seen whether a run's record has it."""


WAITING = "waiting"
"""The agent whose runs end before their calls do, where runs are added up."""


def cost_of(tokens: int) -> Decimal:
    """Return what so many tokens cost, in dollars."""
    return Decimal(tokens) / 1000


def used(tokens: int) -> Usage:
    """Return what a model call has used."""
    return Usage(model="m", input_tokens=tokens, reported_cost_usd=cost_of(tokens))


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A model call that reports when its run's record is made."""

    call: ModelCall
    run: str
    due: float


class Work:
    """Records runs one after the other."""

    def __init__(self, recorder: Recorder, orders: Orders, notes: Notes) -> None:
        self._recorder = recorder
        self._orders = orders
        self._notes = notes
        self._chance = random.Random(orders.seed)
        self._awaited: deque[_Awaited] = deque()

    def do(self) -> None:
        """Record all runs, then the late calls."""
        for number in range(self._orders.runs):
            self._run(number)
            self._report_late(time.monotonic())
            time.sleep(self._chance.uniform(0.0, 0.006))
            if number % 10 == 9:
                self._wait_for_couriers()
        while self._awaited:
            time.sleep(0.01)
            self._report_late(time.monotonic())

    def _wait_for_couriers(self) -> None:
        # What is still there at the end is delivered without faults, and shows little.
        while self._recorder.status().undelivered > BACKLOG:
            self._report_late(time.monotonic())
            time.sleep(0.05)

    def _run(self, number: int) -> None:
        chance, project = self._chance, self._project()
        tokens, waits = chance.randrange(1, LATE_TOKENS), chance.random() < 0.1
        run = self._start(project, tokens, waits=waits)
        run.model_call(used(tokens), key="1")
        late = run.model_start("late") if waits else None
        for claim in (self._outcome, self._time, self._expense):
            # Where runs are added up, few records are not.
            if chance.random() < (0.1 if self._orders.daily else 0.4):
                claim(run, f"{project} {chance.randrange(SUBJECTS)}")
        if number % 16 == 15:
            return  # Left open, as in a process that dies or forgets: `abandoned` or `recovered`.
        run.finish()
        self._notes.add("finish", run=run.id, tokens=tokens)
        if late is not None:
            due = time.monotonic() + TIMING.linger + chance.uniform(0.0, 0.4)
            self._awaited.append(_Awaited(late, run.id, due))

    def _project(self) -> str:
        orders = self._orders
        return orders.daily_project if orders.daily else self._chance.choice(orders.projects)

    def _start(self, project: str, tokens: int, *, waits: bool) -> Run:
        target = Target(project_id=project, task_id=self._orders.task)
        agent = self._agent(waits=waits)
        run = self._recorder.start(agent, target=target)
        added_up = {"agent": agent, "tokens": tokens} if self._orders.daily else {}
        self._notes.add("start", run=run.id, **added_up)
        return run

    def _agent(self, *, waits: bool) -> str:
        """Name an agent: each has a total of its own, some of them from several processes."""
        if not self._orders.daily:
            return "chaos"
        if waits:
            return WAITING
        return self._chance.choice(("shared", f"own {self._orders.seed}"))

    def _outcome(self, run: Run, subject: str) -> None:
        price = f"{len(subject)}.{self._chance.randrange(10, 99)}"
        once = self._chance.random() < 0.3
        # What is said of a subject twice counts once, so it must say the same.
        key = run.outcome(
            "solved", unit_price="2.5" if once else price, subject=subject if once else None
        )
        self._notes.add("outcome", run=run.id, key=key, amount="2.5" if once else price)

    def _time(self, run: Run, subject: str) -> None:
        once = self._chance.random() < 0.3
        hours = "0.25" if once else f"0.{self._chance.randrange(1, 9)}"
        key = run.log_time(hours, subject=subject if once else None)
        self._notes.add("time", run=run.id, key=key, amount=hours)

    def _expense(self, run: Run, subject: str) -> None:
        once = self._chance.random() < 0.3
        cost = "1.5" if once else f"3.{self._chance.randrange(1, 9)}"
        key = run.expense(self._orders.category, total_cost=cost, subject=subject if once else None)
        self._notes.add("expense", run=run.id, key=key, amount=cost)

    def _report_late(self, now: float) -> None:
        while self._awaited and self._awaited[0].due <= now:
            awaited = self._awaited.popleft()
            self._notes.add("reports", run=awaited.run)
            awaited.call.end(used(LATE_TOKENS))
            self._notes.add("late", run=awaited.run)
