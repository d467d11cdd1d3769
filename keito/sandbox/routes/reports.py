"""The team time report."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from .. import permissions
from ..context import Caller, State
from ..described import errors
from ..exact import ExactRoute
from ..pages import PageQuery, page_answer
from ..problems import invalid
from ..records import TeamTimePage, TeamTimeResult, TimeEntry
from ..store import Store
from ..sums import cents, times, total

router = APIRouter(tags=["Reports"], route_class=ExactRoute)

_LONGEST = timedelta(days=365)
_DAY = re.compile(r"[0-9]{8}")


class TeamTimeQuery(PageQuery):
    """The period of the report; dates are YYYYMMDD."""

    from_: Annotated[str, Field(alias="from")]
    to: str


@router.get(
    "/api/v2/reports/time/team",
    operation_id="getTeamTimeReport",
    response_model=TeamTimePage,
    responses=errors(400, 403),
)
async def get_team_time_report(
    request: Request, caller: Caller, store: State, query: Annotated[TeamTimeQuery, Query()]
) -> Response:
    """Time by team member. Managers and administrators only; at most 365 days."""
    permissions.require_manager(caller, "see the team's time")
    start, end = _period(query)
    with store.lock:
        return page_answer(request, _rows(store, start, end), "results", query)


def _period(query: TeamTimeQuery) -> tuple[date, date]:
    start, end = _day(query.from_, "from"), _day(query.to, "to")
    if start > end:
        raise invalid("from is after to", field="from")
    if end - start > _LONGEST:
        raise invalid("the period is longer than 365 days", field="to")
    return start, end


def _day(text: str, field: str) -> date:
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise invalid(f"{field} should be a date like 20260131", field=field) from error


def _rows(store: Store, start: date, end: date) -> list[TeamTimeResult]:
    """One row per user and currency, since amounts in two currencies have no sum."""
    entries: defaultdict[tuple[str, str], list[TimeEntry]] = defaultdict(list)
    for entry in store.time_entries:
        if start <= entry.spent_date <= end:
            entries[entry.user_id, _currency(store, entry)].append(entry)
    return [_row(store, *key, entries[key]) for key in sorted(entries)]


def _currency(store: Store, entry: TimeEntry) -> str:
    project = store.projects.get(entry.project_id)
    client = store.clients.get(project.client.id) if project else None
    return client.currency if client else ""


def _row(store: Store, user_id: str, currency: str, entries: list[TimeEntry]) -> TeamTimeResult:
    user = store.users.get(user_id)
    billable = [entry for entry in entries if entry.billable]
    amounts = (times(entry.hours, entry.billable_rate or Decimal(0)) for entry in billable)
    return TeamTimeResult(
        user_id=user_id,
        user_name=user.name if user else "",
        is_contractor=bool(user and user.is_contractor),
        weekly_capacity=user.weekly_capacity if user else 0,
        avatar_url=user.avatar_url if user else None,
        total_hours=total(entry.hours for entry in entries),
        billable_hours=total(entry.hours for entry in billable),
        currency=currency,
        billable_amount=cents(total(amounts)),
    )
