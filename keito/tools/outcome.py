"""`log_outcome`: the model says what it has achieved, the price list says what that costs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from ..billing import Contract, Run
from ..types.outcome import OutcomeTypes
from .call import Approve, Call, Claim, Decides, ToolRefused
from .cleaning import MOST_SUBJECT, MOST_TEXT, as_subject, cleaned, words
from .tool import Tool

COMMON_TYPES = tuple(str(v) for k, v in vars(OutcomeTypes).items() if k.isupper())
"""The outcome types a model may name where there is no price list."""


class Said(BaseModel):
    """What a model tells about an outcome; the types are added from the price list."""

    outcome_type: str
    subject: str = Field(
        description="The id of what it was achieved for, such as the ticket's or the lead's number."
    )
    summary: str = Field(description="What was done, in one or two sentences.")
    success: bool = Field(description="Whether it was achieved.")


def log_outcome(
    contract: Contract | None = None,
    *,
    verify: Decides | None = None,
    approve: Approve = False,
) -> Tool:
    """Make the tool by which a model says that it has achieved something.

    Args:
        contract: The types of its price list are the only ones the model can name; without a price
            list, Keito's own types. Where one of its caps has a quantity above 1, the model may
            say how many.
        verify: See `tools`.
        approve: See `tools`.
    """
    shown = contract or Contract()
    return Tool(
        name="log_outcome",
        description=(
            "Record that something was achieved for a client, such as a resolved ticket. "
            "Call it once for each thing achieved, after it is done."
        ),
        arguments=_arguments(shown),
        check=_check,
        carry_out=_record,
        writes=True,
        verify=verify,
        approve=approve,
    )


def _arguments(contract: Contract) -> type[BaseModel]:
    types = tuple(contract.prices) or COMMON_TYPES
    several = [name for name in types if _most(contract, name) > 1]
    fields: dict[str, Any] = {"outcome_type": (Literal[types], Field(description="What it was."))}
    if several:
        limits = ", ".join(f"{_most(contract, name)} for {name}" for name in several)
        fields["quantity"] = (int, Field(description=f"How many: 1, or at most {limits}."))
    return create_model("LogOutcome", __base__=Said, **fields)


def _most(contract: Contract, outcome_type: str) -> int:
    cap = contract.caps.get(outcome_type)
    return 1 if cap is None or cap.quantity is None else cap.quantity


def _check(call: Call, run: Run) -> Claim:
    said = call.arguments
    assert isinstance(said, Said)
    quantity, most = getattr(said, "quantity", 1), _most(run.contract, said.outcome_type)
    if not 1 <= quantity <= most:
        raise ToolRefused(f"quantity: at least 1 and at most {most}.")
    if len(said.subject) > MOST_SUBJECT:
        raise ToolRefused(f"subject: at most {MOST_SUBJECT} characters; its id is enough.")
    subject = as_subject(said.subject)
    # Asked of the run's own contract: the tool may be made for another recorder's.
    if run.contract.price(said.outcome_type) is not None and not subject:
        raise ToolRefused("name the subject, such as the ticket's number.")
    told = {
        "outcome_type": said.outcome_type,
        "subject": subject,
        "summary": cleaned(said.summary, MOST_TEXT),
        "success": said.success,
        "quantity": quantity,
    }
    return Claim(tool="log_outcome", said=told, run=run, call_id=call.id)


def _record(claim: Claim) -> str:
    said: Any = claim.said
    kind = said["outcome_type"]
    priced = claim.run.contract.price(kind) is not None
    claim.run.outcome(
        kind,
        description=words(kind),
        success=said["success"],
        quantity=said["quantity"],
        subject=said["subject"] if priced else None,
        evidence=evidence(claim),
        key=claim.key,
    )
    return f"Recorded: {words(kind)}."


def evidence(claim: Claim) -> dict[str, Any]:
    """What the model said, marked as a model's: the only place its words go to."""
    texts = {name: claim.said.get(name) for name in ("subject", "summary")}
    return {"claimed_by": "model", **{name: text for name, text in texts.items() if text}}
