"""What is filed in one go: records, and the lines and runs they were made from."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._guard import refused
from .contract import check_contract
from .outbox.port import Outbox
from .outbox.record import ATTEMPTS, Record


@dataclass(slots=True)
class Batch:
    """What is filed in one go.

    Whoever renders asks the batch and not the outbox what is on record, because the batch knows of
    the records that are about to be.
    """

    outbox: Outbox
    records: list[Record] = field(default_factory=list)
    contracts: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    expensed: dict[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to file."""
        return not (self.lines or self.runs or self.expensed)

    def file(self) -> None:
        """Store it all."""
        if not self.empty:
            self.outbox.file(
                self.records,
                contracts=self.contracts,
                lines=self.lines,
                runs=self.runs,
                expensed=self.expensed,
            )

    def find(self, key: str) -> Record | None:
        """Return the record with this key."""
        for record in self.records:
            if record.key == key:
                return record
        return self.outbox.find(key)

    def of_run(self, run: str) -> list[Record]:
        """List the records of a run, oldest first."""
        made = [record for record in self.records if record.run == run]
        known = {record.key for record in made}
        return [r for r in self.outbox.of_run(run) if r.key not in known] + made

    def recorded(self, run: str) -> bool:
        """Whether there is a record of that run itself."""
        made = any((record.run, record.kind) == (run, "run") for record in self.records)
        return made or run in self.runs or self.outbox.recorded(run)

    def contract(self, id: str) -> str | None:
        """Return a contract that is stored, or waits to be."""
        return self.contracts.get(id) or self.outbox.contract(id) or self._arriving(id)

    def _arriving(self, id: str) -> str | None:
        # Behind many other lines; the run of a dead process is filed before its turn comes.
        waiting = [line.body for line in self.outbox.lines(id) if line.kind == "contract"]
        good = (body for body in waiting if refused(check_contract, body, id=id) is None)
        return next(good, None)

    def tally(self, name: str) -> int:
        """Add up what counts towards this."""
        made = sum(record.amount for record in self.records if record.tally == name != "")
        return made + self.outbox.tally(name)

    def last(self, tally: str) -> Record | None:
        """Return the record that was last made of those that count towards this."""
        for record in reversed(self.records):
            if record.tally == tally:
                return record
        return self.outbox.last(tally)

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """How many other runs have this work key, and whether one of them was charged."""
        known, paid = self.outbox.attempts(work, destination=destination, run=run)
        same = [
            record
            for record in self.records
            if (record.work, record.destination) == (work, destination)
            and record.kind in ATTEMPTS
            and record.run != run
            and record.state != "UNROUTED"
        ]
        return known + len({r.run for r in same}), paid or any(r.charged or r.expense for r in same)
