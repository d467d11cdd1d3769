"""Lines of the journal that can't be rendered: kept as a record, so that nothing waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from . import _log
from ._facts import decode, encode
from ._guard import described
from .keys import record_key
from .outbox.line import Kind, Line
from .outbox.record import Record

# What a line says, or how this version reads it: it would be the same the next time. What is not
# listed here (a locked or full disk, a lost connection) may pass, and the lines wait for that.
_LASTING = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


def lasting(error: Exception) -> bool:
    """Whether rendering fails in the same way however often it is tried."""
    # PEP 249's name for data that a database refuses, whichever database it is.
    return isinstance(error, _LASTING) or type(error).__name__ == "DataError"


def unreadable(lines: Sequence[Line], error: Exception, *, destination: str, now: float) -> Record:
    """Return the record that keeps lines which can't be rendered.

    Args:
        lines: The lines, oldest first; there is at least one.
        error: Why not. Only its type and place are kept: its message may quote what is secret.
        destination: Whose it is, where the lines don't say so.
        now: Seconds since 1970.
    """
    last = lines[-1]
    place = described(error)
    _log.warn(
        f"unreadable:{place}",
        f"what was recorded of a run can't be read ({place}): it is parked as it is, not billed, "
        "and may be retried with a newer version",
    )
    return Record(
        key=record_key("", "unreadable", last.run, last.kind, str(last.at), last.body),
        run=last.run,
        kind="unreadable",
        destination=_destination(lines) or destination,
        state="PARKED",
        payload="",
        facts=encode({"lines": [list(line[:5]) for line in lines]}),
        reason=f"unreadable: {place}",
        made=now,
        since=now,
    )


def lines_in(record: Record) -> list[Line]:
    """Return the lines that an unreadable record keeps."""
    kept = cast("list[tuple[str, Kind, int, str, str]]", decode(record.facts)["lines"])
    return [Line(*line) for line in kept]


def _destination(lines: Sequence[Line]) -> str:
    """Return whose lines these are, if any of them can say so."""
    for line in lines:
        found = _said_in(line)
        if found:
            return found
    return ""


def _said_in(line: Line) -> str:
    try:
        facts = decode(line.body)
    except (ValueError, RecursionError):
        return ""
    start = facts if line.kind == "start" else facts.get("start")
    said = start.get("destination") if isinstance(start, dict) else None
    return said if isinstance(said, str) and said.isalnum() and said.isascii() else ""
