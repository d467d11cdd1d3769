"""Why something did not work, in a few words, for people: of a refusal in Keito's own."""

from __future__ import annotations

import re

from .._explanation import explanation
from .._transport import Answer, Outcome
from .wire import item_of

LONGEST = 200
"""How many characters of it are kept."""

_KEY = re.compile(r"kto_\w+")


def kind_of(outcome: Outcome) -> str:
    """Name what was met: a status, or an error."""
    if isinstance(outcome, Answer):
        return f"HTTP {outcome.status}"
    return f"{outcome.kind.replace('_', ' ')}, {type(outcome.error).__name__}"


def said_by(outcome: Outcome, *, secret: str) -> str:
    """Say what was met, and what Keito said about it.

    Args:
        outcome: What was met.
        secret: The API key, which some servers repeat: it is never said.
    """
    words = _shown(_explained(outcome), secret) if isinstance(outcome, Answer) else ""
    return f"{kind_of(outcome)} {words}".rstrip()


def _explained(answer: Answer) -> str:
    body = item_of(answer)
    # A page of a proxy, an answer that is cut off: there is nothing of Keito's in it.
    if body is None:
        return ""
    name, description, field = explanation(body)
    of_field = f"{name} ({field})" if field else name
    return ": ".join(part for part in (of_field, description) if part)


def _shown(text: str, secret: str) -> str:
    # Hidden before it is cut: half a key is not found any more.
    hidden = _KEY.sub("[API key]", text.replace(secret, "[API key]") if secret else text)
    plain = "".join(c if c.isprintable() else " " for c in hidden)
    words = " ".join(plain.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
