# Generated from keito/_async/outcomes.py: change that, then run `make fix`.
"""The resource `outcomes`: a convention over time entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .._request import path
from .._today import today
from ..types._arguments import Number, given
from ..types.outcome import Outcome
from ..types.request_options import RequestOptions
from ..types.time_entry import TimeEntry, TimeEntryCreate
from .resource import Resource

ALL = path("time_entries")


class Outcomes(Resource):
    """Results that are billed by the piece."""

    def log(
        self,
        *,
        project_id: str,
        task_id: str,
        outcome_type: str,
        description: str,
        unit_price: Number,
        quantity: Number = 1,
        success: bool = True,
        evidence: Mapping[str, Any] | None = None,
        spent_date: date | str | None = None,
        billable: bool = True,
        notes: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        settle: float | None = None,
        request_options: RequestOptions | None = None,
    ) -> TimeEntry:
        """Log an outcome: a time entry of 0 hours whose metadata says what happened.

        Args:
            project_id: The project it was for.
            task_id: The kind of work.
            outcome_type: One of `OutcomeTypes`, or any other text.
            description: What happened; clients read this on invoices.
            unit_price: The price of one.
            quantity: How many.
            success: Only successful outcomes earn revenue.
            evidence: What proves it, e.g. a ticket's id.
            spent_date: The day. Default: today in `KEITO_TIMEZONE`, else in UTC.
            billable: Whether to charge it.
            notes: What the client reads instead of the description.
            user_id: Who did it, if not the key's user; for managers.
            metadata: Anything else, at most 4,096 bytes as JSON together with the outcome.
            settle: As for `time_entries.create`.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed; `may_have_been_applied` says whether it may be logged.

        Example:
            keito.outcomes.log(
                project_id="prj_acme_support",
                task_id="tsk_agent_run",
                outcome_type=OutcomeTypes.TICKET_RESOLVED,
                description="Resolved billing inquiry #4821",
                unit_price="0.99",
                evidence={"ticket_id": "TKT-4821"},
            )
        """
        outcome = given(
            Outcome,
            outcome_type=outcome_type,
            outcome_unit_price=unit_price,
            outcome_quantity=quantity,
            outcome_success=success,
            outcome_evidence=evidence,
        )
        body = given(
            TimeEntryCreate,
            project_id=project_id,
            task_id=task_id,
            spent_date=today() if spent_date is None else spent_date,
            hours=0,
            notes=description if notes is None else notes,
            billable=billable,
            user_id=user_id,
            source="agent",
            metadata={**self._keyed(metadata), **outcome},
        )
        return self._create(TimeEntry, ALL, body, settle, request_options)
