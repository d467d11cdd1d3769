"""How the outbox is, what waits in it, and what of it is not billed."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...billing.mode import mode_of_environment
from ...billing.outbox import default_path
from ...billing.outbox.record import UNDELIVERED
from ..group import database_error, told
from ..place import Place, UnusableError
from ..record import age
from ..uncharged import contract_of, why_not_charged
from .finding import Finding
from .twice import twice

if TYPE_CHECKING:
    from ...billing.contract import Contract
    from ...billing.outbox.port import Outbox
    from ...billing.outbox.record import Record

# After this long without a delivery, nobody is delivering.
_OLD = 600.0
_CHECK = "Check KEITO_OUTBOX; nothing is recorded on disk until it can be used"
_CALLED = {"test": "nothing is billable", "record": "everything is kept until it is released"}


def waiting(where: Place) -> Iterator[Finding]:
    """Look at the mode, the outbox and the records in it."""
    yield _mode()
    try:
        yield from _stored(where)
    except UnusableError as error:
        yield Finding("outbox", "problem", str(error), _CHECK)
    except (sqlite3.Error, OSError, database_error()) as error:
        yield Finding("outbox", "problem", f"{where.name} can't be used: {told(error)}", _CHECK)


def _stored(where: Place) -> Iterator[Finding]:
    yield from _nameless(where)
    if not where.exists:
        yield Finding("outbox", "fine", f"nothing has been recorded yet at {where.name}")
        return
    with where.opened() as outbox:
        yield from _outbox(where, outbox)
        yield from _unbilled(where, outbox)


def _mode() -> Finding:
    mode = mode_of_environment()
    if mode == "off":
        return Finding("mode", "problem", "KEITO_MODE=off: nothing is recorded", "unset KEITO_MODE")
    if mode in _CALLED:
        return Finding("mode", "note", f"KEITO_MODE={mode}: {_CALLED[mode]}", "unset KEITO_MODE")
    return Finding("mode", "fine", mode)


def _outbox(where: Place, outbox: Outbox) -> Iterator[Finding]:
    counts = outbox.counts(where.destination.id)
    if not outbox.durable:
        said = f"{where.name} does not outlive this machine or container"
        fix = "Set KEITO_OUTBOX to a disk that is kept, or to a PostgreSQL database"
        yield Finding("outbox", "problem", said, fix)
    if not where.in_database and os.name != "nt" and Path(where.where).stat().st_mode & 0o077:
        yield Finding("outbox", "note", f"others can read {where.name}", f"chmod 600 {where.name}*")
    left = sum(counts.states.get(state, 0) for state in UNDELIVERED)
    left += counts.journal - counts.held
    old = 0.0 if counts.oldest is None else time.time() - counts.oldest
    said = f"{where.name}, {left} to be delivered"
    if old:
        said += f", the oldest for {age(old)}"
    if old > _OLD:
        fix = "Run `keito courier` as a service, or `keito outbox flush` now and see what it says"
        yield Finding("outbox", "problem", said, fix)
    else:
        yield Finding("outbox", "fine", said)


def _nameless(where: Place) -> Iterator[Finding]:
    """Look for what was recorded by processes that did not know their account."""
    if not where.destination.account_id:
        return
    nobody = replace(where.destination, account_id="")
    # Without KEITO_OUTBOX, they have a file of their own.
    for place in dict.fromkeys((where, Place(str(default_path(nobody)), where.destination))):
        count = _count(place, nobody.id) if place.exists else 0
        if count:
            given = "" if place == where else f" --outbox {place.name}"
            yield Finding(
                "account",
                "problem",
                f"records made without an account, which no courier takes: {count}",
                "Set KEITO_ACCOUNT_ID and KEITO_BASE_URL (not the key) where the agent runs, then "
                f"`keito outbox adopt{given}` and `keito outbox flush{given}`",
            )


def _count(where: Place, destination: str) -> int:
    with where.opened() as outbox:
        states = outbox.counts(destination).states
    return sum(count for state, count in states.items() if state not in ("DONE", "DROPPED"))


def _unbilled(where: Place, outbox: Outbox) -> Iterator[Finding]:
    from ...billing.backlog import Backlog

    records = Backlog(outbox, where.destination.id).records()
    yield from _undecided(records)
    reasons: Counter[str] = Counter()
    contracts: dict[str, Contract | None] = {}
    for record in records:
        if record.contract not in contracts:
            contracts[record.contract] = contract_of(outbox, record)
        why = why_not_charged(record, contracts[record.contract])
        if why and record.state != "DROPPED":
            reasons[why] += 1
    for why, count in reasons.most_common():
        fix = "If that is to be charged: see Contract(charge=, policy=, caps=)"
        yield Finding("not charged", "note", f"{why}: {count}", fix)
    yield from twice(records)


def _undecided(records: Sequence[Record]) -> Iterator[Finding]:
    unrouted = len({record.run for record in records if record.state == "UNROUTED"})
    if unrouted:
        said = f"runs without project and task: {unrouted}"
        fix = "`keito outbox list --state unrouted`, then `keito outbox assign`"
        yield Finding("unbilled", "problem", said, fix)
    parked = Counter(record.reason for record in records if record.state == "PARKED")
    for reason, count in parked.most_common():
        fix = "`keito outbox list --state parked`, then `keito outbox retry` or `drop`"
        yield Finding("unbilled", "problem", f"parked ({reason}): {count}", fix)
    held = sum(record.held for record in records if record.state in ("READY", "COLLECTED"))
    if held:
        said = f"held since they were recorded with KEITO_MODE=record: {held}"
        yield Finding("unbilled", "note", said, "`keito outbox release` lets them go")
