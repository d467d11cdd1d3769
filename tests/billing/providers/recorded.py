"""Reads recorded exchanges with model providers, where a machine has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[3]
FOLDER = ROOT.parent / "shared" / "traffic" / "recordings"


@dataclass(frozen=True)
class Exchange:
    """One call: what the provider answered, and what somebody else made of its usage."""

    body: Any
    said: dict[str, Any] | None
    expected: dict[str, Any] | None

    @property
    def counted(self) -> dict[str, Any]:
        """The tokens that are on the bill: those of the iterations where there are any."""
        expected = self.expected or {}
        return {**expected, **expected.get("billable_from_iterations", {})}

    @property
    def events(self) -> list[Any] | None:
        """The events of a stream as a client parses them; None when it was no stream."""
        if not isinstance(self.body, list):
            return None
        return [event for line in self.body for event in _events(line)]


def _events(line: Any) -> Iterator[Any]:
    if isinstance(line, dict):
        yield {line["event"]: line["payload"]} if "payload" in line else line
    elif line.startswith("data:") and line != "data: [DONE]":
        yield json.loads(line[5:])


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def exchanges(file: Path) -> list[Exchange]:
    document = json.loads(file.read_text())
    usage = document["expected_usage"]
    parts = zip(
        document["exchanges"], usage["raw_per_exchange"], usage["per_exchange"], strict=True
    )
    return [Exchange(one["response"]["body"], said, expected) for one, said, expected in parts]


def total(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())["expected_usage"]["total"])


def as_attributes(value: Any) -> Any:
    """The same as an SDK's objects have it."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_attributes(inner) for name, inner in value.items()})
    return [as_attributes(inner) for inner in value] if isinstance(value, list) else value
