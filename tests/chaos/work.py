"""What a recorder does: runs of every kind, each noted as soon as its call has returned."""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass

from keito.billing import Recorder, Run, Target, Usage
from keito.billing.calls import ModelCall
from tests.chaos.notes import Notes
from tests.chaos.orders import TIMING, Orders

SUBJECTS = 40
BACKLOG = 200
LATE_TOKENS = 100_000
"""What a late call used: so much that it is seen whether a run's record has it."""


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
        chance, project = self._chance, self._chance.choice(self._orders.projects)
        target = Target(project_id=project, task_id=self._orders.task)
        run = self._recorder.start("chaos", target=target)
        self._notes.add("start", run=run.id)
        tokens = chance.randrange(1, LATE_TOKENS)
        run.model_call(Usage(model="m", input_tokens=tokens), key="1")
        late = run.model_start("late") if chance.random() < 0.1 else None
        for claim in (self._outcome, self._time, self._expense):
            if chance.random() < 0.4:
                claim(run, f"{project} {chance.randrange(SUBJECTS)}")
        if number % 16 == 15:
            return  # Left open, as in a process that dies or forgets: `abandoned` or `recovered`.
        run.finish()
        self._notes.add("finish", run=run.id, tokens=tokens)
        if late is not None:
            due = time.monotonic() + TIMING.linger + chance.uniform(0.0, 0.4)
            self._awaited.append(_Awaited(late, run.id, due))

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
            awaited.call.end(Usage(model="m", input_tokens=LATE_TOKENS))
            self._notes.add("late", run=awaited.run)
