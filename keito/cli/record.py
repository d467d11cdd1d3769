"""A record as commands show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from .. import _json
from .output import fail

if TYPE_CHECKING:
    from ..billing.backlog import Backlog
    from ..billing.outbox.record import Record

# What an entry's notes and the tables show of a key, and enough to find it again.
SHORT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is told of a record; None is what is not known of it."""

    key: str
    run: str
    kind: str
    state: str
    held: bool
    agent: str | None
    project_id: str | None
    day: str | None
    what: str
    billable: bool | None
    attempts: int
    reason: str | None
    entry_id: str | None
    made: datetime
    since: datetime


def shown(record: Record) -> Shown:
    """Return what is told of a record."""
    body, start = read(record.payload), started(record)
    return Shown(
        key=record.key,
        run=record.run,
        kind=record.kind,
        state=record.state,
        held=record.held,
        agent=_agent(body, start),
        project_id=record.project or None,
        day=record.day or None,
        what=_what(record, body),
        billable=body.get("billable"),
        attempts=record.attempts,
        reason=record.reason or None,
        entry_id=record.remote or None,
        made=moment(record.made),
        since=moment(record.since),
    )


def find(backlog: Backlog, name: str) -> Record:
    """Return the record with this key, or the only one whose key begins so."""
    found = matching(backlog.records(), name)
    if not found:
        fail(f"there is no record {name} for this destination")
    if len({record.key for record in found}) > 1:
        fail(f"{len(found)} records begin with {name}: give more of the key")
    return found[0]


def matching(records: Sequence[Record], name: str) -> list[Record]:
    """List the records with this key, or whose key begins with these 8 characters or more."""
    exact = [record for record in records if record.key == name]
    if exact or len(name) < SHORT:
        return exact
    return [record for record in records if record.key.startswith(name)]


def read(text: str) -> dict[str, Any]:
    """Read a record's JSON; what is none is empty."""
    try:
        value = _json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def started(record: Record) -> Mapping[str, Any]:
    """Return how the record's run was started, as far as the record says."""
    return cast("Mapping[str, Any]", read(record.facts).get("start") or {})


def moment(seconds: float) -> datetime:
    """Return seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def age(seconds: float) -> str:
    """Say a length of time in its largest unit: `40 s`, `12 min`, `3 h`, `5 d`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def _agent(body: Mapping[str, Any], start: Mapping[str, Any]) -> str | None:
    metadata = body.get("metadata") or {}
    said = metadata.get("agent_id") or (start.get("target") or {}).get("agent_id")
    return str(said or start["name"]) if said or "name" in start else None


def _what(record: Record, body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata") or {}
    if record.kind == "outcome" and "outcome_type" in metadata:
        return f"{metadata['outcome_type']} x{metadata.get('outcome_quantity', 1)}"
    if record.kind in ("expense", "cost") and body:
        cost = body.get("total_cost")
        return f"{cost} spent" if cost is not None else f"{body.get('units')} units"
    if "hours" in body:
        kind = f" ({record.kind})" if record.kind in ("correction", "total") else ""
        return f"{Decimal(body['hours']).normalize():f} h{kind}"
    return _untold(record)


def _untold(record: Record) -> str:
    result = read(record.facts).get("result") or {}
    if record.kind == "run" and "elapsed" in result:
        return f"{result['elapsed'] / 1_000_000:.0f} s"
    return record.kind
