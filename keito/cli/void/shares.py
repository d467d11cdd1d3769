"""What a run has in an entry that holds all runs of a day (`granularity="day"`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ..record import read, started

if TYPE_CHECKING:
    from ...billing.outbox.record import Record
    from .plan import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A run's part of an entry, which nobody can take back without those of the others.

    Attributes:
        key: The run's record.
        day: Of the entry.
        hours: What the run has in it.
        entry_id: The entry in Keito; None while Keito does not have it.
    """

    key: str
    day: str
    hours: Decimal
    entry_id: str | None


def shares(records: Sequence[Record], choice: Choice) -> list[Share]:
    """List what the chosen run or session has in entries of a whole day."""
    if choice.run is None and choice.session is None:
        # All that was done on these days is meant, and with it the entry as a whole.
        return []
    totals = {record.key: record for record in records if record.kind == "total"}
    return [_share(record, totals[record.after]) for record in _added_up(records, totals, choice)]


def _added_up(
    records: Sequence[Record], totals: dict[str, Record], choice: Choice
) -> Iterator[Record]:
    for record in records:
        in_total = record.kind == "run" and record.charged and record.after in totals
        if in_total and record.state != "DROPPED" and choice.includes(record):
            yield record


def _share(record: Record, total: Record) -> Share:
    hours = Decimal(read(record.payload).get("hours") or 0)
    return Share(key=record.key, day=total.day, hours=hours, entry_id=total.remote or None)


def session_of(record: Record) -> str | None:
    """Return the session in which a record was made."""
    metadata = read(record.payload).get("metadata") or {}
    session = metadata.get("session_id") or (started(record).get("target") or {}).get("session_id")
    return None if session is None else str(session)
