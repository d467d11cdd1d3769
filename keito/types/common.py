"""What several resources share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidatorFunctionWrapHandler, WrapValidator
from typing_extensions import TypedDict

Source = Literal["web", "cli", "api", "agent", "calendar", "desktop"]
"""Where a time entry was made."""

ExpenseSource = Literal["web", "cli", "api", "agent"]
"""Where an expense was made."""

ApprovalStatus = Literal["unsubmitted", "submitted", "approved", "rejected"]
PaymentTerm = Literal["upon_receipt", "net_15", "net_30", "net_45", "net_60", "custom"]

Metadata = dict[str, Any]
"""Any JSON object, at most 4,096 bytes; its numbers with a fraction are read as `Decimal`."""


class IdName(BaseModel):
    """A reference to another object, with its name."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    id: str
    name: str | None = None


_MOST_READ = 2000
_read: dict[tuple[str, str], IdName] = {}


def _once(value: object, read: ValidatorFunctionWrapHandler) -> object:
    # A page of 2,000 entries names the same few users, projects and tasks 6,000 times. Objects
    # that can't be changed can be the same one, which takes a fifth less time and less memory.
    if not isinstance(value, dict) or len(value) != 2:
        return read(value)
    id, name = value.get("id"), value.get("name")
    if not (isinstance(id, str) and isinstance(name, str)):
        return read(value)
    if (known := _read.get((id, name))) is not None:
        return known
    if len(_read) >= _MOST_READ:
        _read.clear()
    return _read.setdefault((id, name), read(value))


Reference = Annotated[IdName, WrapValidator(_once)]
"""Another object's id and name, as every row of a list holds them."""


class AgentMetadata(TypedDict, total=False):
    """The metadata keys that Keito recommends for an agent's work, as a flat dict.

    Example:
        metadata = AgentMetadata(agent_id="support-v3", tokens_in=8000, tokens_out=1500)

    Attributes:
        agent_id: Which agent did the work.
        framework: What it runs on, e.g. `langchain`.
        run_id: The run that this is about.
        parent_run_id: The run that started that one.
        session_id: What ties several records together, e.g. a conversation.
        trigger: What started the run, e.g. `webhook`.
        model_provider: Who served the model.
        model_name: The model.
        tokens_in: Tokens of all prompts, cached ones included.
        tokens_out: Tokens generated, reasoning included.
        cost_usd: What the model calls cost, in US dollars.
        confidence: How sure the agent is, from 0 to 1.
        human_reviewed: Whether a person has looked at it.
    """

    agent_id: str
    framework: str
    run_id: str
    parent_run_id: str
    session_id: str
    trigger: str
    model_provider: str
    model_name: str
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal | int | float
    confidence: Decimal | int | float
    human_reviewed: bool
