"""Recorders without a network, and what they would send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from keito import _json
from keito.billing import Contract, MemoryOutbox, Recorder, Target, _log
from keito.billing.filing import Filing
from keito.billing.outbox.record import Record
from keito.testing import LocalKeito, sandbox
from tests.blocking import nothing_blocks
from tests.database import GIVEN, Database, own_schema, why_none

__all__ = ["nothing_blocks"]

HOME = Target(project_id="prj_home", task_id="tsk_home")
AWAY = Target(project_id="prj_away", task_id="tsk_away")

MakeRecorder = Callable[..., "Recorded"]


@dataclass
class Recorded:
    """A recorder into memory, with nobody delivering."""

    recorder: Recorder
    outbox: MemoryOutbox

    def records(self) -> list[Record]:
        """Everything that would be sent, oldest first."""
        self.recorder.flush(0)
        filing = Filing(self.outbox, clock=lambda: 0.0, prices=self.recorder._settings.prices)
        while filing.arrivals():
            pass
        found = []
        destination = self.recorder.destination.id
        while record := self.outbox.claim(destination, owner="test", now=0, lease=0, without=()):
            found.append(record)
        return found

    def entries(self) -> list[dict[str, Any]]:
        """The bodies that would be posted."""
        return [_body(record) for record in self.records()]

    def entry(self) -> dict[str, Any]:
        """The only body that would be posted."""
        (entry,) = self.entries()
        return entry

    def metadata(self) -> dict[str, Any]:
        """The metadata of the only entry."""
        metadata: dict[str, Any] = self.entry()["metadata"]
        return metadata


def _body(record: Record) -> dict[str, Any]:
    body = _json.loads(record.payload)
    assert isinstance(body, dict)
    return body


@pytest.fixture
def make_recorder() -> Iterator[MakeRecorder]:
    made: list[Recorder] = []

    def make(**settings: Any) -> Recorded:
        outbox = MemoryOutbox()
        defaults: dict[str, Any] = {
            "target": HOME,
            "account_id": "acc_test",
            "outbox": outbox,
            "courier": "external",
        }
        recorder = Recorder(**{**defaults, **settings})
        made.append(recorder)
        return Recorded(recorder, outbox)

    yield make
    for recorder in made:
        recorder.close(0)


@pytest.fixture
def recorded(make_recorder: MakeRecorder) -> Recorded:
    return make_recorder()


@pytest.fixture
def paid_outcomes(make_recorder: MakeRecorder) -> Recorded:
    return make_recorder(contract=Contract(charge="both"))


@pytest.fixture
def local() -> Iterator[LocalKeito]:
    """A local Keito of the test's own."""
    with sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, for all tests of this process."""
    if GIVEN:
        yield GIVEN
        return
    if why := why_none():
        pytest.skip(why)
    server = Database()
    server.start()
    yield server.dsn
    server.remove()


@pytest.fixture
def postgres_place(postgres: str) -> Iterator[str]:
    """Where a new outbox in PostgreSQL can be."""
    with own_schema(postgres) as place:
        yield place


@pytest.fixture(autouse=True)
def _every_warning_is_new() -> None:
    _log.counts.clear()
