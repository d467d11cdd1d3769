"""Keito operations as data, safe to give to a model: a framework's adapter makes its tools of them.

The model says what happened. Whom it bills, what it costs and whether it counts is the
developer's: none of that is ever an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, ValidationError, create_model

from .types.outcome import OutcomeTypes

if TYPE_CHECKING:
    from .billing import Run

MOST_TEXT = 500
"""How many characters of a model's text are kept as evidence."""

COMMON_TYPES = tuple(str(v) for k, v in vars(OutcomeTypes).items() if k.isupper())
"""The outcome types a model may name where there is no price list."""

MOST_SUBJECT = 200
"""How many characters name a subject."""

_LINKS = re.compile(
    r"""
    (?: [a-z][a-z0-9+.-]*:// | www\. | \b(?:mailto|javascript|data|tel): ) \S+  # with a scheme
    | \b (?:[\w-]+\.)+ [a-z]{2,} / \S*                                         # with a path
    | \b (?:[\w-]+\.)+ (?:com|net|org|io|info|biz|xyz|dev|app) \b              # a bare host
    """,
    re.IGNORECASE | re.VERBOSE,
)


class ToolRefused(Exception):  # noqa: N818  # nothing has failed: the answer is no
    """Nothing was recorded; the text says why, in words that are safe for a model to read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool by a model.

    Attributes:
        arguments: What the model gave, checked against the tool's `arguments`.
        run: The billed run the call belongs to, if there is one.
        id: The provider's id of the call: the same call made twice is recorded once.
    """

    arguments: BaseModel
    run: Run | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """An operation a model may call.

    Attributes:
        name: What the model calls it.
        description: What the model reads about it.
        arguments: What the model gives.
        call: Does it, and returns what the model reads. Raises `ToolRefused`.
        writes: Whether it records something, or only reads.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    call: Callable[[Call], str]
    writes: bool

    def read(self, arguments: str) -> BaseModel:
        """Read the arguments as a model writes them.

        Raises:
            ToolRefused: They are no JSON, or not what the tool takes.
        """
        try:
            return self.arguments.model_validate_json(arguments)
        except ValidationError as error:
            raise ToolRefused(explained(error)) from None


def explained(error: ValidationError) -> str:
    """Why arguments were refused, in words for a model: by field, without what it gave."""
    reasons = {".".join(map(str, e["loc"])) or "arguments": e["msg"] for e in error.errors()}
    return "Nothing was recorded. " + "; ".join(f"{at}: {why}" for at, why in reasons.items())


class _Outcome(BaseModel):
    """What a model tells about an outcome; the types are added from the price list."""

    outcome_type: str
    subject: str = Field(
        description="The id of what it was achieved for, such as the ticket's or the lead's number."
    )
    summary: str = Field(description="What was done, in one or two sentences.")
    success: bool = Field(description="Whether it was achieved.")


def log_outcome(prices: Mapping[str, Decimal | int | str] | None = None) -> Tool:
    """Make the tool by which a model says that it has achieved something.

    Args:
        prices: The price list of the contract (`Contract(prices=...)`): its types are the only
            ones the model can name. Without one: Keito's own types, recorded without a price.
    """
    priced = frozenset(prices or ())
    types: Any = Literal[tuple(prices) if prices else COMMON_TYPES]
    arguments = create_model(
        "LogOutcome",
        __base__=_Outcome,
        outcome_type=(types, Field(description="What was achieved.")),
    )
    return Tool(
        name="log_outcome",
        description=(
            "Record that something was achieved for a client, such as a resolved ticket. "
            "Call it once for each thing achieved, after it is done."
        ),
        arguments=arguments,
        call=partial(_log_outcome, priced=priced),
        writes=True,
    )


def _log_outcome(call: Call, *, priced: Collection[str]) -> str:
    said = call.arguments
    assert isinstance(said, _Outcome)
    if call.run is None:
        raise ToolRefused("Nothing was recorded: no billed run is open.")
    subject = cleaned(said.subject, MOST_SUBJECT)
    is_priced = said.outcome_type in priced
    if is_priced and not subject:
        raise ToolRefused("Nothing was recorded: name the subject, such as the ticket's number.")
    call.run.outcome(
        said.outcome_type,
        description=_words(said.outcome_type),
        success=said.success,
        subject=subject if is_priced else None,
        evidence=_evidence(said, subject),
        key=_key(call, said, subject),
    )
    return f"Recorded: {_words(said.outcome_type)}."


def _words(outcome_type: str) -> str:
    return outcome_type.replace("_", " ").capitalize()


def _evidence(said: _Outcome, subject: str) -> dict[str, Any]:
    told = {"subject": subject, "summary": cleaned(said.summary, MOST_TEXT)}
    return {"claimed_by": "model", **{name: text for name, text in told.items() if text}}


def _key(call: Call, said: _Outcome, subject: str) -> str | None:
    """Name this call; its content is part of the name, because some models reuse their call ids."""
    return call.id and ":".join((call.id, said.outcome_type, str(said.success), subject))


def cleaned(text: str, most: int) -> str:
    """A model's text with control and invisible characters and links removed, on one line."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    # Cut before links are sought: a cut could make evil.com out of evil.community.
    line = " ".join(visible.split())[:most]
    return " ".join(_LINKS.sub("", line).split())
