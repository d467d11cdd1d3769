"""Outcomes: results that are billed by the piece."""

from __future__ import annotations

from typing import Final

from pydantic import with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import FORBID_UNKNOWN, Amount, Flag, Id, MetadataDict


class OutcomeTypes:
    """Names of common outcomes. Any other text is an outcome type too."""

    TICKET_RESOLVED: Final = "ticket_resolved"
    LEAD_QUALIFIED: Final = "lead_qualified"
    MEETING_BOOKED: Final = "meeting_booked"
    DOCUMENT_GENERATED: Final = "document_generated"
    CODE_REVIEW_COMPLETED: Final = "code_review_completed"
    DATA_PROCESSED: Final = "data_processed"
    EMAIL_SENT: Final = "email_sent"
    INVOICE_CREATED: Final = "invoice_created"
    WORKFLOW_COMPLETED: Final = "workflow_completed"
    CUSTOM: Final = "custom"


@with_config(FORBID_UNKNOWN)
class Outcome(TypedDict):
    """What happened, as the metadata of its time entry holds it."""

    outcome_type: Id
    outcome_unit_price: Amount
    outcome_quantity: Amount
    outcome_success: Flag
    outcome_evidence: NotRequired[MetadataDict]
