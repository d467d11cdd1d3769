"""Our methods, arguments and types are those of the API's description."""

from __future__ import annotations

import pytest

from tests.spec.client import problems
from tests.spec.covered import MEANT
from tests.spec.document import Json
from tests.spec.normalise import Fact
from tests.spec.table import load

TABLE = load()
CREATE = "POST /api/v2/time_entries"
LIST = "GET /api/v2/time_entries"
UPDATE = "PATCH /api/v2/time_entries/{id}"

FOUND = [line for line in problems(TABLE) if not line.startswith(f"{MEANT}: ")]


@pytest.mark.parametrize("operation", TABLE)
def test_every_row_has_its_place_in_the_client(operation: str) -> None:
    assert [line for line in FOUND if line.startswith(f"{operation} ")] == []


def test_the_client_has_no_method_that_the_table_lacks() -> None:
    assert [line for line in FOUND if " ".join(line.split(" ")[:2]) not in TABLE] == []


def test_the_one_deviation_that_we_mean_is_still_one() -> None:
    assert any(line.startswith(f"{MEANT}: ") for line in problems(TABLE))


def new_problems(operation: str, place: str, fact: Fact | None) -> list[str]:
    """What a changed row adds to its operation's problems."""
    places = dict(TABLE.get(operation, {}))
    if fact is None:
        del places[place]
    else:
        places[place] = fact
    lines = problems({operation: places})
    return [line for line in lines if line.startswith(f"{operation} ") and line not in FOUND]


@pytest.mark.parametrize(
    ("operation", "place", "fact", "told"),
    [
        ("GET /api/v2/teams", "operation", {"id": "listTeams"}, "no method of the client"),
        (CREATE, "200.invoice_id", {"type": "string"}, "TimeEntry has no such field"),
        (CREATE, "200.notes", {"type": "number"}, "should be Decimal, is str"),
        (CREATE, "200.user.email", {"type": "string"}, "TimeEntry has no such field"),
        (LIST, "200.time_entries[].mood", {"type": "string"}, "TimeEntry has no such field"),
        (LIST, "200.cursor", {"type": "string"}, "TimeEntry has no such field"),
        (LIST, "query.from", {"type": "boolean"}, "should take bool"),
        (LIST, "query.agent_id", {"type": "string"}, "TimeEntryFilter has no such key"),
        (CREATE, "body.mood", {"type": "string"}, "TimeEntryCreate has no such key"),
        (CREATE, "body.notes", {"type": "string", "required": True}, "should be required"),
        (CREATE, "body.task_id", {"type": "string"}, "should not be required"),
        (CREATE, "body.hours", {"type": "number", "maximum": 12}, "should refuse 13"),
        (CREATE, "body.hours", {"type": "number", "maximum": 48}, "should take its maximum, 48"),
        (UPDATE, "body.hours", {"type": "number", "nullable": True}, "should allow null"),
        (UPDATE, "body.notes", {"type": "string"}, "should not allow null"),
        (CREATE, "path.id", {"type": "string"}, "should take by position what is in the path"),
    ],
)
def test_a_changed_row_is_a_problem_that_names_it(
    operation: str, place: str, fact: Fact, told: str
) -> None:
    lines = new_problems(operation, place, fact)

    assert any(told in line for line in lines)
    assert place == "path.id" or any(line.startswith(f"{operation} {place}: ") for line in lines)


@pytest.mark.parametrize("place", ["query.source", "200.time_entries[].source"])
@pytest.mark.parametrize("value", ["mail", None])
def test_a_new_or_missing_value_of_an_enumeration_is_a_problem(
    place: str, value: str | None
) -> None:
    known: list[Json] = ["agent", "api", "calendar", "cli", "desktop", "web"]
    values = [*known, value] if value else known[:-1]

    lines = new_problems(LIST, place, {"type": "string", "enum": values})

    assert any(line.startswith(f"{LIST} {place}: ") for line in lines)


def test_an_argument_that_the_api_no_longer_has_is_a_problem() -> None:
    lines = new_problems(CREATE, "body.started_time", None)

    assert len(lines) == 2
    assert "create takes started_time, which the API does not know" in lines[0]


def test_an_operation_that_the_api_no_longer_has_is_a_problem() -> None:
    table = {name: places for name, places in TABLE.items() if name != "GET /api/v2/users/me"}

    assert "users.me: getCurrentUser is not in the table" in problems(table)
