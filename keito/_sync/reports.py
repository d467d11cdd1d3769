# Generated from keito/_async/reports.py: change that, then run `make fix`.
"""The resource `reports`."""

from __future__ import annotations

from datetime import date

from .._request import path
from ..types._arguments import given
from ..types.agent_summary import AgentSummary, Summing
from ..types.report import TeamTimeFilter, TeamTimeResult
from ..types.request_options import RequestOptions
from ..types.time_entry import TimeEntry, TimeEntryFilter
from .pages import Page
from .resource import Resource


class Reports(Resource):
    """Totals over time entries."""

    def team_time(
        self,
        *,
        from_date: date | str,
        to_date: date | str,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Page[TeamTimeResult]:
        """Each user's hours in a period of at most 365 days. Takes a manager's or admin's key.

        Args:
            from_date: The first day.
            to_date: The last day.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            TeamTimeFilter, from_date=from_date, to_date=to_date, page=page, per_page=per_page
        )
        return self._list(TeamTimeResult, path("reports", "time", "team"), choice, request_options)

    def agent_summary(
        self,
        *,
        user_id: str,
        from_date: date | str,
        to_date: date | str,
        request_options: RequestOptions | None = None,
    ) -> AgentSummary:
        """What an agent worked and earned in a period, added up from its time entries.

        Only successful, billable outcomes earn revenue. A missing rate or price makes revenue
        unknown (None, with a count), not smaller.

        Args:
            user_id: The agent.
            from_date: The first day.
            to_date: The last day.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
            KeitoError: An entry could not be read.
        """
        choice = given(TimeEntryFilter, user_id=user_id, from_date=from_date, to_date=to_date)
        summing = Summing()
        entries = self._list(TimeEntry, path("time_entries"), choice, request_options)
        for entry in entries:
            summing.add(entry)
        return summing.total()
