"""Our client and types, held against the table."""

from __future__ import annotations

from collections.abc import Iterator

from tests.spec.answers import answer_problem
from tests.spec.arguments import argument_problem, signature_problems
from tests.spec.covered import COVERED, Covered
from tests.spec.normalise import Fact, Table


def problems(table: Table) -> list[str]:
    """One line for each row of the table that our client does not follow, and why."""
    known = {str(places["operation"]["id"]) for places in table.values()}
    gone = [f"{COVERED[id].call}: {id} is not in the table" for id in COVERED if id not in known]
    return gone + [
        f"{operation} {place}: {why}"
        for operation, places in table.items()
        for place, why in _operation(operation, places)
    ]


def _operation(operation: str, places: dict[str, Fact]) -> Iterator[tuple[str, str]]:
    id = str(places["operation"]["id"])
    if id not in COVERED:
        yield "operation", f"no method of the client does {id}"
        return
    for place, fact in places.items():
        if (why := _row(operation, place, fact, COVERED[id])) is not None:
            yield place, why
    yield from signature_problems(COVERED[id].call, places)


def _row(operation: str, place: str, fact: Fact, covered: Covered) -> str | None:
    where, _, inside = place.partition(".")
    if where.startswith("2"):
        return answer_problem(place, fact, covered.answer)
    if where in ("body", "query") and inside:
        return argument_problem(operation, place, fact, covered.arguments)
    return None
