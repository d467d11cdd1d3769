"""The local Keito describes itself as the API does."""

from __future__ import annotations

import copy

import pytest

from keito.testing import sandbox
from tests.spec.document import Document
from tests.spec.normalise import Fact, Table, normalise
from tests.spec.table import differences, load

TABLE = load()
LIST = "GET /api/v2/time_entries"


@pytest.fixture(scope="module")
def described() -> Table:
    """What the sandbox says about itself over HTTP."""
    with sandbox() as keito_sandbox:
        return normalise(Document.read(f"{keito_sandbox.base_url}/openapi.json"))


def without_further_errors(described: Table, table: Table) -> Table:
    """The sandbox's table, less the errors that it names and the API's description leaves out.

    That description names few of the errors that the documentation does: every operation can be
    refused for its key (401), or for being one too many (429).
    """
    return {
        operation: {
            place: fact
            for place, fact in places.items()
            if place in table.get(operation, {}) or not place.startswith(("4", "5"))
        }
        for operation, places in described.items()
    }


def test_the_sandbox_has_every_row_and_no_other_but_errors(described: Table) -> None:
    assert differences(TABLE, without_further_errors(described, TABLE)) == []


@pytest.mark.parametrize(
    ("place", "fact"),
    [
        ("query.agent_id", {"type": "string"}),
        ("200.time_entries[].mood", {"type": "string"}),
        ("query.source", {"type": "string", "enum": ["agent", "mail"]}),
        ("418.error", {"type": "string"}),
    ],
)
def test_a_changed_row_is_a_difference(described: Table, place: str, fact: Fact) -> None:
    table = copy.deepcopy(TABLE)
    table[LIST][place] = fact

    drift = differences(table, without_further_errors(described, table))

    assert len(drift) == 1
    assert f" {LIST} {place}: " in drift[0]
