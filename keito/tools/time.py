"""`log_time`: the model says how long something took that no clock has measured."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema, create_model

from ..billing import Run
from ..billing.amounts import amount
from ..billing.usage import EXACT
from .call import Approve, Call, Claim, Decides, ToolRefused
from .cleaning import MOST_TEXT, cleaned
from .outcome import evidence
from .tool import Tool

# A number for the model, and never a float for us.
Hours = Annotated[Decimal, WithJsonSchema({"type": "number"})]

_SMALLEST = Decimal("0.01")
_LONGEST = Decimal(24)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRules:
    """What time a model may log.

    Attributes:
        most: How many hours one call may log, at most 24.
        per_day: How many hours of a project are charged per day, all runs and processes together;
            what exceeds them is recorded, not charged.
        billable: Whether the client pays for it.

    Raises:
        TypeError: Hours are a float, or no number.
        ValueError: Hours are negative, or more than 24, or none at all could be logged.
    """

    most: Decimal | int | str
    per_day: Decimal | int | str
    billable: bool = False

    def __post_init__(self) -> None:
        if not _SMALLEST <= amount("TimeRules(most=)", self.most) <= _LONGEST:
            raise ValueError(f"TimeRules(most=): from {_SMALLEST} to {_LONGEST} hours")
        amount("TimeRules(per_day=)", self.per_day)


class Said(BaseModel):
    """What a model tells about time; the limit is added from the rules."""

    hours: Hours
    summary: str = Field(description="What was done, in one or two sentences.")


def log_time(rules: TimeRules, *, verify: Decides | None = None, approve: Approve = False) -> Tool:
    """Make the tool by which a model logs time.

    In a run that is charged by time it is refused: the same time would be charged twice.

    Args:
        rules: What it may log.
        verify: See `tools`.
        approve: See `tools`.
    """
    limit = Field(description=f"How long it took, in hours, at most {rules.most}.")
    return Tool(
        name="log_time",
        description="Log time that was worked for a client outside of this conversation.",
        arguments=create_model("LogTime", __base__=Said, hours=(Hours, limit)),
        check=partial(_check, rules=rules),
        carry_out=partial(_record, rules=rules),
        writes=True,
        verify=verify,
        approve=approve,
    )


def _check(call: Call, run: Run, *, rules: TimeRules) -> Claim:
    said = call.arguments
    assert isinstance(said, Said)
    if run.contract.charges_time:
        raise ToolRefused("this work is charged by the time it takes.")
    if not _SMALLEST <= said.hours <= amount("most", rules.most):
        raise ToolRefused(f"hours: at least {_SMALLEST} and at most {rules.most}.")
    told = {
        "hours": said.hours.quantize(_SMALLEST, rounding=ROUND_DOWN, context=EXACT),
        "summary": cleaned(said.summary, MOST_TEXT),
    }
    return Claim(tool="log_time", said=told, run=run, call_id=call.id)


def _record(claim: Claim, *, rules: TimeRules) -> str:
    hours: Any = claim.said["hours"]
    claim.run.log_time(
        hours,
        billable=rules.billable,
        evidence=evidence(claim),
        key=claim.key,
        per_day=rules.per_day,
    )
    return f"Recorded: {hours} hours."
