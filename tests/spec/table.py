"""The committed table: its file, and how two tables differ."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from tests.spec.normalise import Fact, Table

COMMITTED = Path(__file__).with_name("table.json")


def load(path: Path = COMMITTED) -> Table:
    """The table in a file; an absent file is a table without rows."""
    if not path.exists():
        return {}
    return cast("Table", json.loads(path.read_text(encoding="utf-8")))


def save(table: Table, path: Path = COMMITTED) -> None:
    """Replace the file as a whole, so that an interrupted run leaves the old table."""
    beside = path.with_suffix(".new")
    beside.write_text(text(table), encoding="utf-8")
    os.replace(beside, path)


def text(table: Table) -> str:
    """The table as JSON with one row on each line, sorted: a change reads as a diff."""
    operations = [
        f"{json.dumps(operation)}: {{\n{_lines(table[operation])}\n}}"
        for operation in sorted(table, key=_by_path)
    ]
    return "{\n" + ",\n".join(operations) + "\n}\n"


def rows(table: Table) -> Iterator[tuple[str, Fact]]:
    """Every row under its full name, such as `GET /api/v2/users/me 200.email`."""
    for operation in sorted(table, key=_by_path):
        for place, fact in sorted(table[operation].items()):
            yield f"{operation} {place}", fact


def differences(before: Table, after: Table) -> list[str]:
    """One line for each row that is new, gone, or says something else."""
    old, new = dict(rows(before)), dict(rows(after))
    names = [name for name in new if name not in old or old[name] != new[name]]
    gone = [f"- {name}: {_told(old[name])}" for name in old if name not in new]
    return gone + [
        f"~ {name}: {_told(old[name])} -> {_told(new[name])}"
        if name in old
        else f"+ {name}: {_told(new[name])}"
        for name in names
    ]


def _by_path(operation: str) -> tuple[str, str]:
    method, _, path = operation.partition(" ")
    return path, method


def _lines(places: dict[str, Fact]) -> str:
    return ",\n".join(
        f"  {json.dumps(place)}: {json.dumps(places[place], sort_keys=True)}"
        for place in sorted(places)
    )


def _told(fact: Fact) -> str:
    return " ".join(f"{key}={_plain(fact[key])}" for key in sorted(fact))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
