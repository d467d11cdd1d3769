"""The resource `time_entries`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any

from .._request import Request, path
from .._today import today
from .._unset import UNSET, Unset
from ..types._arguments import Number, changes, given
from ..types.common import Source
from ..types.request_options import RequestOptions
from ..types.time_entry import (
    TimeEntry,
    TimeEntryCreate,
    TimeEntryFilter,
    TimeEntryRestart,
    TimeEntryStop,
    TimeEntryUpdate,
)
from .pages import AsyncPages
from .resource import AsyncResource

ALL = path("time_entries")


class AsyncTimeEntries(AsyncResource):
    """Time that people and agents spent on projects."""

    def list(
        self,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        project_id: str | None = None,
        task_id: str | None = None,
        is_billed: bool | None = None,
        is_running: bool | None = None,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        updated_since: datetime | str | None = None,
        source: Source | Sequence[Source] | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> AsyncPages[TimeEntry]:
        """Time entries, all that the key's user may see unless they are narrowed down.

        Args:
            user_id: Of one user.
            client_id: For one client.
            project_id: On one project.
            task_id: On one task.
            is_billed: Only billed ones, or only others.
            is_running: Only running timers, or only others.
            from_date: Spent on this day or later.
            to_date: Spent on this day or earlier.
            updated_since: Made or changed since.
            source: Made through one of these.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            TimeEntryFilter,
            user_id=user_id,
            client_id=client_id,
            project_id=project_id,
            task_id=task_id,
            is_billed=is_billed,
            is_running=is_running,
            from_date=from_date,
            to_date=to_date,
            updated_since=updated_since,
            source=source,
            page=page,
            per_page=per_page,
        )
        return self._list(TimeEntry, ALL, choice, request_options)

    async def create(
        self,
        *,
        project_id: str,
        task_id: str,
        spent_date: date | str,
        hours: Number | None = None,
        notes: str | None = None,
        billable: bool | None = None,
        user_id: str | None = None,
        is_running: bool | None = None,
        replace_running: bool | None = None,
        started_time: str | None = None,
        ended_time: str | None = None,
        source: Source | None = None,
        metadata: Mapping[str, Any] | None = None,
        settle: float | None = None,
        request_options: RequestOptions | None = None,
    ) -> TimeEntry:
        """Record time.

        The entry gets a dedupe key, `metadata["keito_key"]`, unless the metadata has one. When
        the answer is lost, the entry is looked up by it; it is never blindly made again.

        Args:
            project_id: The project worked on.
            task_id: The kind of work.
            spent_date: The day of the work.
            hours: From 0 to 24. A float is taken as Python prints it.
            notes: What was done; clients read this on invoices.
            billable: Whether to charge it. Default: as the project and task say.
            user_id: Who worked, if not the key's user; for managers.
            is_running: Start a timer instead; `start_timer` is the same.
            replace_running: Stop the user's running timer first.
            started_time: Time of day, `HH:mm`.
            ended_time: Time of day, `HH:mm`.
            source: How it was recorded; can't be changed later.
            metadata: Anything else, at most 4,096 bytes as JSON.
            settle: When the answer is lost and the entry can't be found, keep looking for this
                many seconds and then make it again. Choose more than Keito may take to finish.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed; `may_have_been_applied` says whether the entry may exist.

        Example:
            entry = await keito.time_entries.create(
                project_id="prj_acme_support",
                task_id="tsk_agent_run",
                spent_date="2026-03-05",
                hours="0.25",
            )
        """
        body = given(
            TimeEntryCreate,
            project_id=project_id,
            task_id=task_id,
            spent_date=spent_date,
            hours=hours,
            notes=notes,
            billable=billable,
            user_id=user_id,
            is_running=is_running,
            replace_running=replace_running,
            started_time=started_time,
            ended_time=ended_time,
            source=source,
            metadata=self._keyed(metadata),
        )
        return await self._create(TimeEntry, ALL, body, settle, request_options)

    async def update(
        self,
        id: str,
        *,
        project_id: str | Unset = UNSET,
        task_id: str | Unset = UNSET,
        spent_date: date | str | Unset = UNSET,
        hours: Number | Unset = UNSET,
        notes: str | Unset | None = UNSET,
        billable: bool | Unset = UNSET,
        started_time: str | Unset | None = UNSET,
        ended_time: str | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        request_options: RequestOptions | None = None,
    ) -> TimeEntry:
        """Change an entry. What is not given stays.

        Args:
            id: The entry.
            project_id: The project worked on.
            task_id: The kind of work.
            spent_date: The day of the work.
            hours: From 0 to 24.
            notes: What was done; None clears it.
            billable: Whether to charge it.
            started_time: Time of day, `HH:mm`; None clears it.
            ended_time: Time of day, `HH:mm`; None clears it.
            metadata: Merged into what is there; None clears it, the dedupe key too.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoForbiddenError: The entry is locked or billed.
            KeitoError: It failed.
        """
        body = changes(
            TimeEntryUpdate,
            project_id=project_id,
            task_id=task_id,
            spent_date=spent_date,
            hours=hours,
            notes=notes,
            billable=billable,
            started_time=started_time,
            ended_time=ended_time,
            metadata=metadata,
        )
        request = Request("PATCH", path("time_entries", id), TimeEntry, body=body)
        return await self._sender.send(request, request_options)

    async def delete(self, id: str, *, request_options: RequestOptions | None = None) -> None:
        """Delete an entry.

        Raises:
            KeitoConflictError: The entry is approved or locked.
            KeitoError: It failed.
        """
        request = Request("DELETE", path("time_entries", id), NoneType)
        await self._sender.send(request, request_options)

    async def start_timer(
        self,
        *,
        project_id: str,
        task_id: str,
        spent_date: date | str | None = None,
        notes: str | None = None,
        billable: bool | None = None,
        user_id: str | None = None,
        replace_running: bool | None = None,
        started_time: str | None = None,
        source: Source | None = None,
        metadata: Mapping[str, Any] | None = None,
        settle: float | None = None,
        request_options: RequestOptions | None = None,
    ) -> TimeEntry:
        """Start a timer. A user has one at most, so concurrent agents record finished entries.

        Args:
            project_id: The project worked on.
            task_id: The kind of work.
            spent_date: The day of the work. Default: today in `KEITO_TIMEZONE`, else in UTC.
            notes: What is done.
            billable: Whether to charge it.
            user_id: Who works, if not the key's user; for managers.
            replace_running: Stop the user's running timer first.
            started_time: Time of day, `HH:mm`. Default: now, by Keito's clock.
            source: How it was recorded; can't be changed later.
            metadata: Anything else, at most 4,096 bytes as JSON.
            settle: As for `create`.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoConflictError: Another timer is running.
            KeitoError: It failed; `may_have_been_applied` says whether a timer may run.
        """
        return await self.create(
            project_id=project_id,
            task_id=task_id,
            spent_date=today() if spent_date is None else spent_date,
            notes=notes,
            billable=billable,
            user_id=user_id,
            is_running=True,
            replace_running=replace_running,
            started_time=started_time,
            source=source,
            metadata=metadata,
            settle=settle,
            request_options=request_options,
        )

    async def stop_timer(
        self,
        id: str,
        *,
        notes: str | Unset | None = UNSET,
        request_options: RequestOptions | None = None,
    ) -> TimeEntry:
        """Stop a running timer; Keito computes the hours by its own clock.

        It is not repeated when in doubt: a second stop could end a timer restarted meanwhile.

        Raises:
            KeitoError: It failed; `may_have_been_applied` says whether the timer may be stopped.
        """
        body = changes(TimeEntryStop, notes=notes)
        request = Request(
            "PATCH", path("time_entries", id, "stop"), TimeEntry, body=body, in_doubt="raise"
        )
        return await self._sender.send(request, request_options)

    async def restart_timer(
        self,
        id: str,
        *,
        replace_running: bool | None = None,
        request_options: RequestOptions | None = None,
    ) -> TimeEntry:
        """Run a stopped entry's timer again.

        It is not repeated when in doubt: a second restart could undo a stop.

        Args:
            id: The entry.
            replace_running: Stop the user's running timer first.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoConflictError: Another timer is running.
            KeitoError: It failed; `may_have_been_applied` says whether the timer may run.
        """
        body = given(TimeEntryRestart, replace_running=replace_running)
        request = Request(
            "PATCH", path("time_entries", id, "restart"), TimeEntry, body=body, in_doubt="raise"
        )
        return await self._sender.send(request, request_options)
