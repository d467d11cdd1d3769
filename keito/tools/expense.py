"""`log_expense`: the model names what was used, the developer's list says what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from ..billing import Run
from ..billing.amounts import amount
from ..billing.usage import EXACT
from .call import Approve, Call, Claim, Decides, ToolRefused
from .cleaning import MOST_SUBJECT, MOST_TEXT, as_subject, cleaned, words
from .outcome import evidence
from .tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseItem:
    """Something a model may have had to pay for, such as a search.

    Attributes:
        category_id: The expense category in Keito.
        unit_cost: What one costs, in the account's currency; else give `units`.
        units: How many units of the category one is; Keito knows what a unit costs.
        most: How many of them one call may name.
        per_day: How many of a project are charged per day, all runs and processes together; what
            exceeds them is recorded, not charged. None is no limit.
        billable: Whether the client pays for it.

    Raises:
        TypeError: The cost is a float or no number, or another number is not a whole one.
        ValueError: Not exactly one of cost and units was given, or a number is out of range.
    """

    category_id: str
    unit_cost: Decimal | int | str | None = None
    units: int | None = None
    most: int = 1
    per_day: int | None = None
    billable: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.category_id, str) or not self.category_id:
            raise TypeError("ExpenseItem(category_id=) is text that is not empty")
        if (self.unit_cost is None) == (self.units is None):
            raise ValueError("ExpenseItem: give either unit_cost or units")
        if self.unit_cost is not None:
            amount("ExpenseItem(unit_cost=)", self.unit_cost)
        _check_whole("units", self.units, least=1)
        _check_whole("most", self.most, least=1)
        _check_whole("per_day", self.per_day, least=0)

    def cost(self, quantity: int) -> dict[str, Any]:
        """What so many of it cost, as arguments of `Run.expense`."""
        if self.units is not None:
            return {"units": self.units * quantity}
        assert self.unit_cost is not None
        return {
            "total_cost": EXACT.multiply(amount("unit_cost", self.unit_cost), Decimal(quantity))
        }


class Said(BaseModel):
    """What a model tells about an expense; the items are added from the developer's list."""

    item: str
    subject: str = Field(
        description="The id of what it was needed for, such as the ticket's or the lead's number."
    )
    summary: str = Field(description="Why it was needed, in one or two sentences.")


def log_expense(
    items: Mapping[str, ExpenseItem],
    *,
    verify: Decides | None = None,
    approve: Approve = False,
) -> Tool:
    """Make the tool by which a model says that it has used something that costs.

    Each item is charged once per project and subject.

    Args:
        items: What the model can name, and what each of it costs.
        verify: See `tools`.
        approve: See `tools`.

    Raises:
        ValueError: There are no items.
    """
    if not items:
        raise ValueError("log_expense: give at least one item")
    known = dict(items)
    return Tool(
        name="log_expense",
        description=(
            "Record that something was used for a client that costs money. "
            "Call it once for each use, after it has happened."
        ),
        arguments=_arguments(known),
        check=partial(_check, items=known),
        carry_out=partial(_record, items=known),
        writes=True,
        verify=verify,
        approve=approve,
    )


def _arguments(items: Mapping[str, ExpenseItem]) -> type[BaseModel]:
    limits = ", ".join(f"{item.most} for {name}" for name, item in items.items() if item.most > 1)
    fields: dict[str, Any] = {
        "item": (Literal[tuple(items)], Field(description="What was used.")),
    }
    if limits:
        fields["quantity"] = (int, Field(description=f"How many: 1, or at most {limits}."))
    return create_model("LogExpense", __base__=Said, **fields)


def _check(call: Call, run: Run, *, items: Mapping[str, ExpenseItem]) -> Claim:
    said = call.arguments
    assert isinstance(said, Said)
    quantity, most = getattr(said, "quantity", 1), items[said.item].most
    if not 1 <= quantity <= most:
        raise ToolRefused(f"quantity: at least 1 and at most {most}.")
    if len(said.subject) > MOST_SUBJECT:
        raise ToolRefused(f"subject: at most {MOST_SUBJECT} characters; its id is enough.")
    told = {
        "item": said.item,
        "subject": as_subject(said.subject),
        "summary": cleaned(said.summary, MOST_TEXT),
        "quantity": quantity,
    }
    if not told["subject"]:
        raise ToolRefused("name the subject, such as the ticket's number.")
    return Claim(tool="log_expense", said=told, run=run, call_id=call.id)


def _record(claim: Claim, *, items: Mapping[str, ExpenseItem]) -> str:
    said: Any = claim.said
    item = items[said["item"]]
    claim.run.expense(
        item.category_id,
        **item.cost(said["quantity"]),
        quantity=said["quantity"],
        name=said["item"],
        description=words(said["item"]),
        billable=item.billable,
        evidence=evidence(claim),
        subject=said["subject"],
        key=claim.key,
        per_day=item.per_day,
    )
    return f"Recorded: {words(said['item'])}."


def _check_whole(name: str, value: int | None, *, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"ExpenseItem({name}=): give a whole number")
    if value < least:
        raise ValueError(f"ExpenseItem({name}=): must be {least} or more")
