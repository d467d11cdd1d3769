"""A total: the record of an entry that says what many runs add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypedDict, cast

from ... import _json
from ..keys import record_key
from ..metadata import fitted
from ..notes import notes
from ..outbox.record import Record
from ..wire import metadata_of, read
from .details import Group, group_of, sums_of
from .sums import COST, HOURS, UNPRICED, Sums, added

MOST = Decimal(24)
"""The hours that one entry can hold."""

REVISION = "revision"
FROZEN = "frozen"
"""How the reason of a total begins that gets no more runs."""


class TotalFacts(TypedDict):
    """What a total says, and what of it Keito has.

    `revision` grows with each change of `sums`, and is in the entry's metadata: it tells which of
    two changes Keito has made. `confirmed` are the sums of the revision that Keito had last.
    """

    group: Group
    shard: int
    revision: int
    sums: Sums
    confirmed_revision: int
    confirmed: Sums


def facts_of(total: Record) -> TotalFacts:
    """Return what a total says."""
    return cast("TotalFacts", read(total.facts))


def hours_of(sums: Sums) -> Decimal:
    """Return the hours of sums."""
    return Decimal(sums.get(HOURS, 0))


def is_frozen(total: Record) -> bool:
    """Whether it gets no more runs: somebody has touched its entry, or decided about it."""
    return total.state == "DROPPED" or total.reason.startswith(FROZEN)


def new_total(details: Sequence[Record], *, shard: int, now: float) -> Record:
    """Return the total of these, which are of one group."""
    first, group = details[0], group_of(details[0])
    facts: TotalFacts = {
        "group": group,
        "shard": shard,
        "revision": 1,
        "sums": added(map(sums_of, details)),
        "confirmed_revision": 0,
        "confirmed": {},
    }
    return _saying(
        Record(
            # Of the first detail's key, so that no other outbox ever derives the same.
            key=record_key(group["account"], "total", group["name"], first.key),
            run=group["name"],
            kind="total",
            destination=first.destination,
            state="READY",
            payload="",
            project=first.project,
            day=first.day,
            charged=bool(group["body"].get("billable")),
            contract=first.contract,
            made=now,
            since=now,
        ),
        facts,
    )


def with_more(total: Record, details: Sequence[Record], *, now: float) -> Record:
    """Return a total that holds these as well."""
    facts = facts_of(total)
    known = total.state == "DONE"
    more: TotalFacts = {
        **facts,
        "revision": facts["revision"] + 1,
        "sums": added([facts["sums"], *map(sums_of, details)]),
        "confirmed_revision": facts["revision"] if known else facts["confirmed_revision"],
        "confirmed": facts["sums"] if known else facts["confirmed"],
    }
    changed = replace(total, fence=total.fence + 1)
    if total.state != "PARKED":
        changed = replace(
            changed, state="READY", reason="", attempts=0, absent=None, made=now, since=now
        )
    return _saying(changed, more)


def without_pending(total: Record, *, now: float, echo: str, reason: str) -> Record:
    """Return a total that says what Keito had of it last, and no more."""
    facts = facts_of(total)
    less: TotalFacts = {
        **facts,
        "revision": facts["confirmed_revision"],
        "sums": facts["confirmed"],
    }
    done = replace(
        total,
        state="DONE",
        fence=total.fence + 1,
        owner="",
        since=now,
        absent=None,
        reason=reason,
        echo=echo or total.echo,
    )
    return _saying(done, less)


def update_of(total: Record) -> dict[str, object]:
    """Return what a PATCH of its entry says: all of it, and what is no longer so as null."""
    facts, body = facts_of(total), read(total.payload)
    before = _metadata(total.key, facts, facts["confirmed"], facts["confirmed_revision"])
    now = metadata_of(body)
    gone = dict.fromkeys(name for name in before if name not in now)
    return {HOURS: body[HOURS], "metadata": {**gone, **now}}


def _saying(total: Record, facts: TotalFacts) -> Record:
    group, sums = facts["group"], facts["sums"]
    body = {
        **group["body"],
        HOURS: hours_of(sums),
        "notes": notes(
            agent=group["agent"], outcomes={}, key=total.key, template=group["template"]
        ),
        "metadata": _metadata(total.key, facts, sums, facts["revision"]),
    }
    return replace(total, payload=_json.dumps(body).decode(), facts=_json.dumps(facts).decode())


def _metadata(key: str, facts: TotalFacts, sums: Sums, revision: int) -> dict[str, object]:
    own: dict[str, object] = {
        **facts["group"]["labels"],
        **{name: value for name, value in sums.items() if name != HOURS},
        "keito_key": key,
        "granularity": "day",
        "shard": facts["shard"],
        REVISION: revision,
    }
    unknown = bool(sums.get(UNPRICED)) or COST not in sums
    if unknown or not facts["group"]["shares_cost"]:
        own[COST] = None
    if not sums.get(UNPRICED) or not facts["group"]["shares_cost"]:
        own[UNPRICED] = None
    return fitted(own, {})
