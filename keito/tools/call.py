"""What passes between a model, a tool and the developer who decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from ..billing import Run, Target


class ToolRefused(Exception):  # noqa: N818  # nothing has failed: the answer is no
    """Nothing was recorded or shown; the text says why, in words that a model may read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool by a model.

    Attributes:
        arguments: What the model gave, checked against the tool's `arguments`.
        run: The billed run the call belongs to, if there is one.
        id: The provider's id of the call: the same call made twice is recorded once.
        ask: The framework's way to ask a person, where there is one; answers as `Decides` does.
    """

    arguments: BaseModel
    run: Run | None = None
    id: str | None = None
    ask: Callable[[Claim], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a model wants to be recorded or shown, as the developer's functions get it.

    Attributes:
        tool: The tool's name.
        said: What the model says, cleaned: the tool's arguments by name.
        run: The run it says it in.
        call_id: The provider's id of the call.
    """

    tool: str
    said: Mapping[str, object]
    run: Run
    call_id: str | None = None

    @property
    def target(self) -> Target | None:
        """Where the run is billed; None when nobody said so."""
        return self.run.target

    @property
    def key(self) -> str | None:
        """A name for this call; what it says is part of it, since some models reuse their ids."""
        said = (f"{name}={value}" for name, value in self.said.items() if name != "summary")
        return self.call_id and ":".join((self.call_id, *said))


Answer: TypeAlias = bool | str
"""True is yes; False, or a text that says why to the model, is no."""

Decides: TypeAlias = Callable[[Claim], Answer | Awaitable[Answer]]
"""A developer's function that decides about a claim, sync or async."""

Approve: TypeAlias = bool | Decides
"""True: a person must say yes, in the framework's own way. A function: it decides."""

Reason: TypeAlias = Literal["verify", "approve"]


def explained(error: ValidationError) -> str:
    """Why arguments were refused, in words for a model: by field, without what it gave."""
    reasons = {".".join(map(str, e["loc"])) or "arguments": e["msg"] for e in error.errors()}
    return "Nothing was recorded. " + "; ".join(f"{at}: {why}" for at, why in reasons.items())
