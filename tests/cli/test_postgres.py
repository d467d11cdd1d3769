"""The command with an outbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import World
from tests.database import GIVEN, Database, own_schema, why_none

NOWHERE = "postgresql://me:secret@127.0.0.1:9/none"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if GIVEN:
        yield GIVEN
        return
    if why := why_none():
        pytest.skip(why)
    started = Database()
    started.start()
    yield started.dsn
    started.remove()


@pytest.fixture
def shared(world: World, server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with own_schema(server) as dsn:
        monkeypatch.setenv("KEITO_OUTBOX", dsn)
        yield world


def test_records_in_a_database_are_delivered_and_explained(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.record(outbox=None)

    assert shared.said("courier", "--once") == "2 delivered, 0 left\n"
    (record, *_) = shared.read("outbox", "list", "--state", "done")
    assert shared.read("explain", record["key"])["record"]["state"] == "DONE"
    assert shared.read("outbox", "status")["outbox"].startswith("postgresql://")


def test_a_database_that_does_not_answer_is_said_without_its_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_OUTBOX", NOWHERE)

    for command in (("outbox", "status"), ("courier", "--once")):
        said = world.refused(*command)
        assert "the outbox's database can't be used: connection failed" in said
        assert "secret" not in said


def test_the_doctor_goes_on_without_its_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_OUTBOX", NOWHERE)

    said = world.said("doctor", code=3)

    assert "PROBLEM outbox" in said
    assert "Check KEITO_OUTBOX" in said
    assert "secret" not in said
