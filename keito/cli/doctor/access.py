"""Whether Keito can be reached and takes the key, and whether both clocks and calendars agree."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..._errors import (
    KeitoAuthError,
    KeitoConfigError,
    KeitoConnectionError,
    KeitoError,
    KeitoForbiddenError,
)
from ..place import keito
from .finding import Finding

if TYPE_CHECKING:
    from ..._sync.client import Keito
    from ...billing.destination import Destination
    from ...types.user import User

# The server's header counts whole seconds, and an answer takes a while.
_CLOCK_FINE = 5.0
_CLOCK_BAD = 60.0
_SET = (
    "export KEITO_API_KEY and KEITO_ACCOUNT_ID as Keito shows them, or to try it without an "
    "account, as `keito sandbox` prints them"
)


def access(of: Destination) -> Iterator[Finding]:
    """Look at everything for which Keito has to be asked."""
    try:
        with keito(of) as client:
            yield from _asked(client, of)
    except KeitoConfigError as error:
        yield Finding("key", "problem", str(error), _SET)


def _asked(client: Keito, of: Destination) -> Iterator[Finding]:
    began = time.time()
    try:
        me = client.users.me()
    except KeitoError as error:
        yield _unasked(error, of)
        return
    now = (began + time.time()) / 2
    name = " ".join(part for part in (me.first_name, me.last_name) if part) or me.id
    yield Finding("key", "fine", f"is of {name} ({', '.join(me.roles or [])})")
    yield _account(me, of)
    yield _time_zone(me)
    yield _clock(me.http.headers.get("date", ""), now)
    yield from _target(client)


def _unasked(error: KeitoError, of: Destination) -> Finding:
    if isinstance(error, (KeitoAuthError, KeitoForbiddenError)):
        fix = "Check KEITO_API_KEY and KEITO_ACCOUNT_ID: the key has to be one of that account"
        return Finding("key", "problem", f"Keito refuses it: {error}", fix)
    if isinstance(error, KeitoConnectionError):
        fix = "Check KEITO_BASE_URL and the network; what is recorded is kept meanwhile"
        return Finding("key", "problem", f"{of.base_url} can't be reached: {error}", fix)
    return Finding("key", "problem", f"Keito does not say whose it is: {error}", "Try again later")


def _account(me: User, of: Destination) -> Finding:
    if me.company is None:
        return Finding("account", "fine", of.account_id)
    said = f"{me.company.name or me.company.id} ({of.account_id})"
    if me.company.id == of.account_id:
        return Finding("account", "fine", said)
    said = f"{of.account_id} is set, and the key's user is of {me.company.id}"
    return Finding("account", "note", said, "Check KEITO_ACCOUNT_ID")


def _time_zone(me: User) -> Finding:
    from ...billing.contract import Contract

    ours = Contract().time_zone
    if not me.timezone:
        return Finding("time zone", "fine", f"{ours}; Keito names none")
    try:
        same = _same(ZoneInfo(ours), ZoneInfo(me.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return Finding("time zone", "note", f"{ours}; Keito says {me.timezone}", None)
    if same:
        return Finding("time zone", "fine", f"{ours}, as in Keito")
    said = f"days end at midnight in {ours}; in Keito the time zone is {me.timezone}"
    fix = f"export KEITO_TIMEZONE={me.timezone}, or Contract(time_zone={me.timezone!r})"
    return Finding("time zone", "problem", said, fix)


def _same(one: ZoneInfo, other: ZoneInfo) -> bool:
    now = datetime.now(timezone.utc)
    days = [now + timedelta(days=30 * month) for month in range(12)]
    return all(one.utcoffset(day) == other.utcoffset(day) for day in days)


def _clock(date: str, now: float) -> Finding:
    try:
        server = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return Finding("clock", "fine", "Keito does not say what time it is")
    # The header's second has begun before it was written.
    ahead = now - (server + 0.5)
    if abs(ahead) <= _CLOCK_FINE:
        return Finding("clock", "fine", f"agrees with Keito's to {_CLOCK_FINE:.0f} s")
    said = f"is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Keito's"
    bad = abs(ahead) > _CLOCK_BAD
    return Finding("clock", "problem" if bad else "note", said, "Set this machine's clock by NTP")


def _target(client: Keito) -> Iterator[Finding]:
    project, task = os.environ.get("KEITO_PROJECT_ID"), os.environ.get("KEITO_TASK_ID")
    if not project or not task:
        said = "no KEITO_PROJECT_ID and KEITO_TASK_ID: each run has to be told whose work it is"
        yield Finding("target", "note", said, "Set both, or use bill_to() or Recorder(target=)")
        return
    try:
        found = {p.id: p for on in (True, False) for p in client.projects.list(is_active=on)}
        tasks = {t.id: t for on in (True, False) for t in client.tasks.list(is_active=on)}
    except KeitoError as error:
        yield Finding("target", "note", f"can't be looked up: {error}")
        return
    for name, known in (("project", found.get(project)), ("task", tasks.get(task))):
        given = project if name == "project" else task
        fix = f"Set KEITO_{name.upper()}_ID to one that the key's user can record on"
        if known is None:
            yield Finding(name, "problem", f"{given} is not there for this key", fix)
        elif known.is_active is False:
            yield Finding(name, "problem", f"{given} ({known.name}) is archived", fix)
        else:
            yield Finding(name, "fine", f"{known.name} ({given})")
