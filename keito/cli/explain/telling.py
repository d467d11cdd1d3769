"""Telling what is known of a record, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..output import say
from .arithmetic import Step
from .story import Story

# Among the events, in a form that people read.
_TOLD = ("at",)
_MICROSECONDS = ("elapsed",)


def tell_story(story: Story) -> None:
    """Write it down, one heading after the other."""
    for heading, lines in _chapters(story):
        said = list(lines)
        if said:
            say(heading, style="bold")
            for line in said:
                say(f"  {line}")


def _chapters(story: Story) -> Iterator[tuple[str, Iterator[str]]]:
    yield "Record", _record(story)
    yield "Events", (f"{e.at.isoformat(timespec='milliseconds')}  {e.what}" for e in story.events)
    yield "Run", _fields({name: said for name, said in story.run.items() if name not in _TOLD})
    yield "What came of it", _fields(_readable(story.result))
    yield "Arithmetic", map(_step, story.arithmetic)
    yield "Contract", _fields(story.contract)
    yield "Cost of its model calls", _fields(story.cost)
    yield "Sent", _fields(story.sent)
    yield "As Keito stored it", _beside(story.echo, story.sent)
    yield (
        "Other records of the run",
        (f"{one.key}  {one.kind}, {one.what}, {one.state}" for one in story.others),
    )
    if story.in_keito is not None:
        now = _beside(story.in_keito, story.sent) if story.in_keito else iter(["it is not there"])
        yield "In Keito now", now


def _readable(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what came of a run, with the times in seconds that are kept in microseconds."""
    times = {name: Decimal(result[name]) / 1_000_000 for name in _MICROSECONDS if name in result}
    return {**result, **{name: f"{_number(time)} s" for name, time in times.items()}}


def _beside(said: Mapping[str, Any], sent: Mapping[str, Any]) -> Iterator[str]:
    """List what is not the same in what was sent."""
    same = set(_fields(sent))
    others = [field for field in _fields(said) if field not in same]
    yield from others
    if sent and len(others) < len(list(_fields(said))):
        yield "all else as it was sent"


def _record(story: Story) -> Iterator[str]:
    record = story.record
    if record is None:
        yield "is not of this outbox; this is all that Keito has of it"
        return
    yield f"{record.key}"
    yield f"{record.kind}, {record.what}, {record.state}{' (held)' if record.held else ''}"
    if record.reason:
        yield f"because: {record.reason}"
    if record.entry_id:
        yield f"in Keito: {record.entry_id}"
    if story.not_charged:
        yield f"not charged: {story.not_charged}"
    if story.differs:
        yield f"Keito stored another {', '.join(story.differs)} than was sent"


def _step(step: Step) -> str:
    number = "" if step.seconds is None else f"{_number(step.seconds)} s"
    said = f"{number:>18}  {step.what}"
    return said if step.amount is None else f"{said} = {_number(step.amount)}"


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _fields(said: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in said.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{before}{name}.")
        elif value not in (None, {}, []):
            yield f"{before}{name}: {_short(value)}"


def _short(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    parts = [_of_list(part) for part in value]
    return "; ".join(parts)


def _of_list(part: object) -> str:
    if isinstance(part, Mapping):
        told = (f"{name} {said}" for name, said in part.items() if said and name != "each")
        return ", ".join(told)
    return " to ".join(map(str, part)) if isinstance(part, list) else str(part)
