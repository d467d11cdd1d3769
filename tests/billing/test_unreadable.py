"""Lines that can't be rendered are parked as they are, and hold up nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from keito.billing import Contract, MemoryOutbox, Outbox
from keito.billing.filing import Filing
from keito.billing.outbox.line import Line
from keito.billing.outbox.record import Record
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.billing.unreadable import lines_in

from .conftest import MakeRecorder

SECRET = "canary-7f3a"


class Inked(MemoryOutbox):
    """An outbox whose journal can be spoiled."""

    def spoil(self, kind: str, body: str) -> None:
        """Damage the newest line of a kind."""
        id = max(id for id, line in self._journal.items() if line.kind == kind)
        self._journal[id] = self._journal[id]._replace(body=body)

    def kinds(self) -> list[str]:
        """What the journal still holds."""
        return [line.kind for line in self._journal.values()]


@pytest.fixture
def outbox() -> Inked:
    return Inked()


def record_runs(make_recorder: MakeRecorder, outbox: Outbox, *names: str, **more: object) -> str:
    """Finish runs; return whose they are."""
    recorder = make_recorder(outbox=outbox, **more).recorder
    for name in names:
        with recorder.run(name):
            pass
    return recorder.destination.id


def parked(outbox: Outbox, destination: str) -> list[Record]:
    return outbox.in_state(destination, "PARKED")


def file_all(outbox: Outbox, destination: str = "elsewhere") -> None:
    filing = Filing(outbox, clock=lambda: 5.0, destination=destination)
    while filing.arrivals():
        pass
    filing.orphans()


def test_a_run_that_can_not_be_read_is_parked_and_the_others_are_not_held_up(
    make_recorder: MakeRecorder, outbox: Inked, caplog: pytest.LogCaptureFixture
) -> None:
    destination = record_runs(make_recorder, outbox, "good", "bad")
    outbox.spoil("finish", f'{{"status": {SECRET}')

    file_all(outbox)

    (record,) = parked(outbox, destination)
    assert record.kind == "unreadable"
    assert record.reason.startswith("unreadable: JSONDecodeError at ")
    assert [line.kind for line in lines_in(record)] == ["start", "finish"]
    assert len(outbox.in_state(destination, "READY")) == 1
    assert outbox.kinds() == []
    assert caplog.text.count("can't be read") == 1
    assert SECRET not in caplog.text


def test_nothing_is_left_to_wait_for_once_it_is_parked(
    make_recorder: MakeRecorder, outbox: Inked
) -> None:
    destination = record_runs(make_recorder, outbox, "bad")
    outbox.spoil("finish", "[]")

    file_all(outbox)

    counts = outbox.counts(destination)
    assert (counts.journal, counts.states) == (0, {"PARKED": 1})


def test_an_outcome_that_can_not_be_read_leaves_its_run_alone(
    make_recorder: MakeRecorder, outbox: Inked
) -> None:
    recorder = make_recorder(outbox=outbox).recorder
    with recorder.run("agent") as run:
        run.outcome("done")
    outbox.spoil("outcome", "no facts")

    file_all(outbox, recorder.destination.id)

    (record,) = parked(outbox, recorder.destination.id)
    assert [line.body for line in lines_in(record)] == ["no facts"]
    (ready,) = outbox.in_state(recorder.destination.id, "READY")
    assert (ready.run, ready.kind) == (run.id, "run")


def test_a_contract_of_a_newer_version_is_kept_for_it_and_its_runs_are_parked(
    make_recorder: MakeRecorder, outbox: Inked
) -> None:
    from keito.billing.contract import _id

    destination = record_runs(make_recorder, outbox, "agent")
    newer = '{"charge":"moon","phases":8}'
    start = next(line for line in outbox._journal.values() if line.kind == "start")
    outbox.spoil("contract", newer)
    for id, line in outbox._journal.items():
        run = _id(newer) if line.kind == "contract" else line.run
        body = line.body.replace(json.loads(start.body)["contract"], _id(newer))
        outbox._journal[id] = line._replace(run=run, body=body)

    file_all(outbox)

    assert outbox.contract(_id(newer)) == newer
    (record,) = parked(outbox, destination)
    assert "read_contract" in record.reason


def test_a_damaged_contract_takes_no_good_ones_place(
    make_recorder: MakeRecorder, outbox: Inked
) -> None:
    destination = record_runs(make_recorder, outbox, "agent")
    outbox.spoil("contract", '{"charge":"time"}')
    file_all(outbox, destination)

    record_runs(make_recorder, outbox, "later")
    file_all(outbox, destination)

    assert sorted(r.reason.split()[1] for r in parked(outbox, destination)) == [
        "LookupError",
        "ValueError",
    ]
    assert len(outbox.in_state(destination, "READY")) == 1


def test_a_run_that_a_dead_process_left_unreadable_is_parked_whole(
    make_recorder: MakeRecorder, outbox: Inked
) -> None:
    recorder = make_recorder(outbox=outbox).recorder
    recorder.start("agent")
    outbox.spoil("start", "{")
    outbox.leave(recorder._recording._owner)

    file_all(outbox, recorder.destination.id)

    (record,) = parked(outbox, recorder.destination.id)
    assert [line.kind for line in lines_in(record)] == ["start"]
    assert outbox.kinds() == []


@pytest.mark.parametrize("error", [sqlite3.OperationalError("locked"), OSError("disk full")])
def test_trouble_that_may_pass_parks_nothing(
    make_recorder: MakeRecorder, outbox: Inked, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = record_runs(make_recorder, outbox, "agent")

    def fail(id: str) -> str:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "contract", fail)
        patched.setattr(outbox, "recorded", fail)
        with pytest.raises(type(error)):
            file_all(outbox)
    untouched = parked(outbox, destination), outbox.kinds()
    file_all(outbox)

    assert untouched == ([], ["start", "finish"])
    assert len(outbox.in_state(destination, "READY")) == 1


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[SqliteOutbox]:
    opened = SqliteOutbox(tmp_path / "outbox.db")
    yield opened
    opened.close()


def test_a_value_that_no_column_takes_holds_up_no_other_record(
    make_recorder: MakeRecorder, on_disk: SqliteOutbox
) -> None:
    paid = Contract(prices={"token": 1})
    recorder = make_recorder(outbox=on_disk, contract=paid).recorder
    with recorder.run("agent") as run:
        run.outcome("token", quantity=2**70)
        run.outcome("token", quantity=2)

    file_all(on_disk, recorder.destination.id)

    (record,) = parked(on_disk, recorder.destination.id)
    assert "OverflowError" in record.reason
    ready = on_disk.in_state(recorder.destination.id, "READY")
    assert sorted(record.kind for record in ready) == ["outcome", "run"]


def test_a_line_whose_bytes_are_damaged_holds_up_no_other(
    make_recorder: MakeRecorder, on_disk: SqliteOutbox, tmp_path: Path
) -> None:
    destination = record_runs(make_recorder, on_disk, "good", "bad")
    other = sqlite3.connect(tmp_path / "outbox.db-inbox", isolation_level=None)
    other.execute(
        "UPDATE journal SET body = CAST(X'7B22FF227D' AS TEXT) "
        "WHERE id = (SELECT max(id) FROM journal WHERE kind = 'finish')"
    )
    other.close()

    file_all(on_disk, destination)

    (record,) = parked(on_disk, destination)
    assert lines_in(record)[-1].body == '{"\\xff"}'
    assert len(on_disk.in_state(destination, "READY")) == 1


def test_the_same_lines_are_parked_once(outbox: Inked) -> None:
    for _ in range(2):
        outbox.append(Line("run", "finish", 1, "me", "{"))
        file_all(outbox, "here")

    assert len(parked(outbox, "here")) == 1
    assert outbox.kinds() == []
