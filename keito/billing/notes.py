"""What the client reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LONGEST = 250


def notes(
    *,
    agent: str,
    outcomes: Mapping[str, int],
    key: str,
    template: str | None,
    said: Sequence[str] = (),
) -> str:
    """Return an entry's notes, at most 250 characters.

    Args:
        agent: Who worked.
        outcomes: How many of each outcome were achieved.
        key: The entry's `keito_key`, of which the beginning is shown.
        template: The target's notes; `{agent}`, `{outcomes}` and `{key}` are filled in.
        said: What the run itself said, in place of the template.
    """
    short = key[:8]
    if said:
        return _fitted("; ".join(said), "")
    achieved = _counts(outcomes)
    if template is not None:
        values = {"{agent}": agent, "{outcomes}": achieved, "{key}": short}
        for name, value in values.items():
            template = template.replace(name, value)
        return _fitted(template, "")
    return _fitted(f"{agent}: {achieved}", f" [{short}]")


def _counts(outcomes: Mapping[str, int]) -> str:
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in sorted(outcomes.items())]
    return ", ".join(counts) or "agent run"


def _fitted(text: str, end: str) -> str:
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    room = LONGEST - len(end)
    return (text if len(text) <= room else text[: room - 1] + "…") + end
