"""The chaos: processes on one outbox against a server that fails, until enough has happened."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from keito.testing import LocalKeito, sandbox
from tests.chaos.books import Audit, audit, promised
from tests.chaos.notes import read_notes
from tests.chaos.orders import TIMING, Orders, Role
from tests.chaos.plan import LATEST, Fates, faults
from tests.chaos.process import recorder_of
from tests.chaos.seat import Seat

PROJECTS = ("prj_acme_support", "prj_acme_research", "prj_globex_onboarding")
DAILY_PROJECT = "prj_globex_audit"
TICK = 0.01
COUNTING = 1.0
DRAINING = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much has to happen.

    Attributes:
        records: How many records are acknowledged at least.
        kills: How many processes are killed at least.
        every_step: Whether a process has to die at every labelled step.
        sabotage: See `Orders`.
    """

    records: int
    kills: int
    recorders: int = 3
    couriers: int = 3
    every_step: bool = False
    sabotage: str = ""


@dataclass(slots=True)
class Report:
    """What has happened.

    Attributes:
        audit: What the books say.
        kills: How many processes were killed,
        stops: or stopped, for longer than their leases.
        outages: How often the server was down.
        reached: How often a process got its signal at which step.
        unreached: Steps that many processes were made for, and none came to.
        faults: How many requests were spoiled, by how.
        requests: How many there were.
        deferred: How many lines were in memory only for a while.
        left: What could not be delivered.
        seconds: How long it took.
    """

    audit: Audit
    kills: int = 0
    stops: int = 0
    outages: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    unreached: list[str] = field(default_factory=list[str])
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    deferred: int = 0
    left: int = 0
    seconds: float = 0.0


def chaos(folder: Path, scale: Scale, *, seed: int, database: str | None = None) -> Report:
    """Let it happen; return what came of it.

    Args:
        folder: Where the processes' notes go.
        scale: How much has to happen.
        seed: What everything that happens follows from.
        database: How to connect to PostgreSQL, if the outbox is to be there and not in the folder.
    """
    with sandbox() as local:
        orders = Orders(
            role="courier",
            database=database is not None,
            place=database or str(folder / "outbox.db"),
            notes="",
            **local.client_settings,
            projects=PROJECTS,
            daily_project=DAILY_PROJECT,
            task=local.task_id,
            category=local.expense_category_id,
            # Each process should get something done, and together they what is asked for.
            runs=max(5, scale.records // scale.kills),
            sabotage=scale.sabotage,
        )
        return _Chaos(local, orders, folder, scale, seed).report()


class _Chaos:
    def __init__(
        self, local: LocalKeito, orders: Orders, folder: Path, scale: Scale, seed: int
    ) -> None:
        self._local = local
        self._orders = orders
        self._folder = folder
        self._scale = scale
        self._chance = random.Random(seed)
        self._fates = Fates(seed, database=orders.database)
        self._seats: list[Seat] = []
        self._made = 0
        self._report = Report(Audit(0))
        self._began = time.monotonic()
        self._next_outage = self._began + 2.0
        self._next_count = 0.0
        self._enough = False
        self._places: tuple[tuple[Role, int], ...] = (
            ("recorder", scale.recorders),
            ("courier", scale.couriers),
        )
        for fault, chance in faults(seed):
            local.faults.inject(fault).chance = chance

    def report(self) -> Report:
        try:
            for role, places in self._places:
                for _ in range(places):
                    self._seats.append(self._seat(role))
            while not self._has_enough():
                self._outages()
                for place, seat in enumerate(self._seats):
                    if seat.ended():
                        self._seats[place] = self._next(seat)
                time.sleep(TICK)
        finally:
            for seat in self._seats:
                seat.kill()
        return self._settled()

    def _seat(self, role: Role) -> Seat:
        fate = self._fates.next(role)
        self._made += 1
        orders = replace(
            self._orders,
            role=role,
            notes=str(self._folder / f"{self._made:04}-{role}.notes"),
            seed=fate.seed,
            step=fate.step,
            nth=fate.nth,
            external=fate.external and role == "recorder",
            daily=fate.daily and role == "recorder",
            signal=int(signal.SIGSTOP if fate.how == "stopped at a step" else signal.SIGKILL),
            runs=self._orders.runs if role == "recorder" else 0,
        )
        return Seat(orders, fate, errors=self._folder / "errors.txt")

    def _next(self, seat: Seat) -> Seat:
        self._report.kills += seat.killed
        self._report.stops += seat.stops
        if seat.missed:
            self._fates.missed(seat.orders.role, seat.orders.step)
        return self._seat(seat.orders.role)

    def _outages(self) -> None:
        if time.monotonic() >= self._next_outage:
            self._report.outages += 1
            self._local.outage(self._chance.uniform(0.2, 0.8))
            self._next_outage = time.monotonic() + self._chance.uniform(3.0, 6.0)

    def _has_enough(self) -> bool:
        now = time.monotonic()
        if now < self._next_count or self._report.kills < self._scale.kills:
            return False
        self._next_count = now + COUNTING
        reached = {note["step"] for note in read_notes(self._folder) if note["did"] == "reached"}
        steps = set(self._fates.steps) if self._scale.every_step else set()
        missing = steps - reached - self._fates.in_vain
        return len(promised(read_notes(self._folder))) >= self._scale.records and not missing

    def _settled(self) -> Report:
        """Deliver the rest, without further faults, and look at the books."""
        report, local = self._report, self._local
        report.faults = Counter(r.fault for r in local.requests() if r.fault is not None)
        local.faults.clear()
        report.left = self._drained()
        # What the server carries out late must not escape the audit.
        time.sleep(LATEST)
        notes = list(read_notes(self._folder))
        report.reached = Counter(note["step"] for note in notes if note["did"] == "reached")
        report.unreached = sorted(self._fates.in_vain - set(report.reached))
        report.deferred = sum(note["lines"] for note in notes if note["did"] == "deferred")
        report.requests = len(local.requests())
        report.audit = audit(promised(notes), local.entries(), local.expenses())
        report.seconds = time.monotonic() - self._began
        return report

    def _drained(self) -> int:
        recorder = recorder_of(self._orders)
        outbox = recorder._recording.opened()
        # Until then the dead count as alive.
        time.sleep(TIMING.lease)
        end = time.monotonic() + DRAINING
        try:
            # Asked twice: what was left open may have been recorded just after the first answer.
            _until(
                lambda: (
                    not recorder.flush(1.0)
                    and not outbox.orphans(now=time.time())
                    and not recorder.flush(1.0)
                ),
                end,
            )
            status = recorder.status()
            return status.undelivered + status.records.get("PARKED", 0)
        finally:
            recorder.close(1.0)


def _until(done: Callable[[], bool], end: float) -> None:
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
