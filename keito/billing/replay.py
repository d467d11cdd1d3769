"""Rendering records anew from their facts, for another target or another destination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import cast

from ._facts import decode, encode
from .batch import Batch
from .contract import read_contract
from .hours import zone
from .keys import Bounds, job_key, once_per_subject, subject_key
from .outbox.line import Kind, Line
from .outbox.record import Record
from .rendering import Rendering
from .run_facts import StartFacts, target_of

_ORDER = ("run", "outcome", "time", "expense", "correction")


@dataclass(slots=True)
class Replay(Batch):
    """A batch that takes the place of records, and asks of nothing what they say.

    Nothing of it is stored before `done` is called.
    """

    old: Sequence[Record] = ()

    def find(self, key: str) -> Record | None:
        """See `Batch`."""
        found = Batch.find(self, key)
        return None if found in self.old else found

    def of_run(self, run: str) -> list[Record]:
        """List the records of a run, oldest first."""
        kept = [record for record in self.outbox.of_run(run) if record not in self.old]
        return kept + [record for record in self.records if record.run == run]

    def recorded(self, run: str) -> bool:
        """See `Batch`."""
        return run in self.runs or any(record.kind == "run" for record in self.of_run(run))

    def tally(self, name: str) -> int:
        """See `Batch`."""
        replaced = sum(record.amount for record in self.old if record.tally == name != "")
        return Batch.tally(self, name) - replaced

    def play(self, rendering: Rendering, change: Callable[[StartFacts], StartFacts]) -> None:
        """Render all records that have facts anew, with another start."""
        for record in sorted(self.old, key=_rank):
            if _facts(record):
                self._play(rendering, record, change)

    def done(self) -> bool:
        """Put what was rendered in the place of the old records, if none of these has moved on."""
        fence = max(record.fence for record in self.old) + 1
        # A record is as old as what it says, however often it is rendered.
        made = {record.key: record.made for record in self.old}
        oldest = min(made.values())
        new = [
            replace(record, fence=fence, made=made.get(record.key, oldest))
            if record.kind != "correction"
            else replace(record, fence=fence)
            for record in self.records
        ]
        return self.outbox.replace(self.old, new)

    def _play(
        self, rendering: Rendering, record: Record, change: Callable[[StartFacts], StartFacts]
    ) -> None:
        facts = _facts(record)
        start = change(cast("StartFacts", facts["start"]))
        if record.kind == "run":
            first = Line(record.run, "start", start["at"], "", encode(start))
            rendering.add(self, Line(record.run, "finish", 0, "", encode(facts["result"])), first)
        elif record.kind == "correction":
            said = encode({"start": start, "result": facts["result"]})
            rendering.add(self, Line(record.run, "late", 0, "", said), None)
        else:
            self._play_single(rendering, record, facts, start)

    def _play_single(
        self, rendering: Rendering, record: Record, facts: dict[str, object], start: StartFacts
    ) -> None:
        told = cast("dict[str, object]", facts[record.kind])
        key = _key(record.kind, told, start)
        if self.find(key) is not None:
            self.records.append(
                replace(
                    record,
                    destination=start["destination"],
                    state="DROPPED",
                    reason="dropped: it is on record already for this subject",
                )
            )
            return
        line = Line(
            record.run,
            cast(Kind, record.kind),
            self._moment(record, facts, start),
            "",
            encode({"start": start, record.kind: {**told, "key": key}}),
        )
        rendering.add(self, line, None)

    def _moment(self, record: Record, facts: dict[str, object], start: StartFacts) -> int:
        """Return when it was told: an earlier version kept the day of it only."""
        at = facts.get("at")
        if isinstance(at, int):
            return at
        where = zone(read_contract(self.contract(start["contract"]) or "{}").time_zone)
        noon = datetime.combine(date.fromisoformat(record.day), time(12), where)
        return int(noon.timestamp()) * 1_000_000


def replayable(record: Record) -> bool:
    """Whether a record, with the others of its run, can be rendered anew."""
    # Of a run that was split only the first part says what it was made from.
    return record.kind in _ORDER and (bool(_facts(record)) or record.kind == "run")


def _rank(record: Record) -> tuple[int, float, str]:
    return _ORDER.index(record.kind), record.made, record.key


def _facts(record: Record) -> dict[str, object]:
    """Return what a record was rendered from: an earlier version had it in the payload."""
    if record.facts:
        return decode(record.facts)
    return decode(record.payload) if record.state == "UNROUTED" and record.payload else {}


def _key(kind: str, told: dict[str, object], start: StartFacts) -> str:
    """Return the key that it would have had, if it had been known whose it is."""
    what, target = once_per_subject(kind, told), target_of(start)
    subject, piece = told["subject"], told.get("piece")
    if what is None or not target.routed:
        return str(told["key"])
    within: Bounds = {
        "destination": start["destination"],
        "mode": start["mode"],
        "project": target.project_id or "",
    }
    if isinstance(subject, str):
        return subject_key(start["account"], **within, what=what, subject=subject)
    if isinstance(piece, str):
        return job_key(start["account"], **within, what=what, piece=piece)
    return str(told["key"])
