"""A server that is slow, gone, killed or somewhere else: no agent waits, and nothing is lost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from keito.billing import Recorder, Timing
from keito.billing.outbox.line import Line
from keito.billing.outbox.postgres import PostgresOutbox, schema
from keito.billing.outbox.record import Change, Record
from tests.billing.conftest import HOME
from tests.billing.test_harmless import wait_until
from tests.database import Database, why_none


@pytest.fixture
def outbox(postgres_place: str) -> Iterator[PostgresOutbox]:
    opened = PostgresOutbox(postgres_place)
    yield opened
    opened.close()


@pytest.fixture
def own_server() -> Iterator[Database]:
    """A server that may be killed."""
    if why := why_none():
        pytest.skip(why)
    server = Database()
    server.start()
    yield server
    server.remove()


def line(run: str, *, body: str = "{}") -> Line:
    return Line(run, "outcome", 1, "me", body)


def record(key: str) -> Record:
    return Record(key=key, run=key, kind="run", destination="here", state="READY", payload="{}")


def finished(outbox: PostgresOutbox) -> int:
    return sum(line.kind == "finish" for line in outbox.arrivals(limit=1000))


def test_a_killed_server_loses_nothing_and_stops_no_agent(own_server: Database) -> None:
    patient = Timing(inline=10.0)
    recorder = Recorder(outbox=own_server.dsn, target=HOME, courier="external", timing=patient)
    for _ in range(20):
        recorder.start("before").finish()
    put_aside = recorder.status().in_memory

    own_server.kill()
    for _ in range(20):
        recorder.start("during").finish()
    own_server.start()
    left = recorder.flush(30)
    wait_until(lambda: recorder.status().in_memory == 0)
    recorder.start("after").finish()

    outbox = PostgresOutbox(own_server.dsn)
    assert (put_aside, left > 0) == (0, True)
    assert finished(outbox) == 41
    outbox.close()
    recorder.close(0)


def test_a_line_that_may_have_been_written_is_there_once(
    outbox: PostgresOutbox, postgres_place: str
) -> None:
    outbox.append(line("first"), wait=10)
    with psycopg.connect(postgres_place) as other:
        other.execute("LOCK TABLE keito_outbox_journal IN SHARE MODE")
        with pytest.raises(TimeoutError):
            outbox.append(line("second"), wait=0.005)
        with pytest.raises(TimeoutError):
            outbox.append(line("third"), wait=0.005)

    for run in ("second", "third"):
        outbox.append(line(run))
    outbox.append(line("fourth"), wait=10)

    found = [found.run for found in outbox.arrivals(limit=9)]
    assert sorted(found) == ["first", "fourth", "second", "third"]


def test_a_run_that_was_put_aside_is_one_run(outbox: PostgresOutbox, postgres_place: str) -> None:
    recorder = Recorder(
        outbox=postgres_place, target=HOME, courier="external", timing=Timing(inline=0.01)
    )
    recorder.start("before").finish()
    with psycopg.connect(postgres_place) as other:
        other.execute("LOCK TABLE keito_outbox_journal IN SHARE MODE")
        run = recorder.start("meanwhile")
        run.finish()
    wait_until(lambda: recorder.status().in_memory == 0)

    lines = outbox.lines(run.id)
    assert [line.kind for line in lines] == ["start", "finish"]
    assert '"deferred":true' in lines[1].body
    recorder.close(0)


def test_a_server_that_is_not_there_holds_no_agent_up() -> None:
    dsn = "postgresql://keito@/postgres?host=/nowhere"
    recorder = Recorder(outbox=dsn, target=HOME, courier="external")
    began = time.monotonic()

    recorder.start("agent").finish()
    taken = time.monotonic() - began

    # A quarter of a second at the most for the first; the rest is for a busy machine.
    assert taken < 5
    assert recorder.status().in_memory == 3
    recorder.close(0)


def test_a_server_that_never_answers_holds_nobody_up() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        dsn = f"postgresql://keito@127.0.0.1:{server.getsockname()[1]}/postgres"
        recorder = Recorder(outbox=dsn, target=HOME, courier="external")
        recorder.start("agent").finish()
        began = time.monotonic()
        left = recorder.flush(0.1)
        status = recorder.status()
        recorder.close(0.1)
        taken = time.monotonic() - began

    # A second more than asked for each, and the rest for a busy machine: to notice takes 5 s each.
    assert taken < 8
    assert (left, status.in_memory) == (3, 3)


def test_threads_that_open_a_new_outbox_at_once_find_it_made(postgres_place: str) -> None:
    outboxes = [PostgresOutbox(postgres_place) for _ in range(6)]
    counted: list[int] = []

    def work(outbox: PostgresOutbox) -> None:
        outbox.append(line(str(id(outbox))), wait=20)
        counted.append(outbox.counts("here").journal)

    threads = [threading.Thread(target=work, args=(one,)) for one in outboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(counted) == 6
    assert max(counted) == 6
    for one in outboxes:
        one.close()


def test_a_recorder_is_alive_for_as_long_as_its_connection_is(
    outbox: PostgresOutbox, postgres_place: str
) -> None:
    other = PostgresOutbox(postgres_place)
    other.join("stopped", until=0.0)
    other.append(Line("run", "start", 1, "stopped", "{}"))

    alive, orphans = outbox.alive("stopped", now=0), outbox.orphans(now=0)
    other.close()
    wait_until(lambda: not outbox.alive("stopped", now=0))

    # The lease was over from the first, so it is the connection alone that said so.
    assert (alive, orphans) == (True, [])
    assert [lines[0].run for lines in outbox.orphans(now=0)] == ["run"]


def test_a_recorder_is_seen_again_after_its_connection_broke(
    outbox: PostgresOutbox, postgres_place: str
) -> None:
    outbox.join("me", until=0.0)
    assert outbox.alive("me", now=0)
    with psycopg.connect(postgres_place, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'keito' AND pid != pg_backend_pid()"
        )
    with pytest.raises(psycopg.OperationalError):
        outbox.counts("here")

    assert outbox.alive("me", now=0)


def test_who_lost_the_connection_has_lost_the_turn_to_file(
    outbox: PostgresOutbox, postgres_place: str
) -> None:
    outbox.append(line("run"))
    with outbox.filing_turn() as mine:
        outbox._session.close()
        with pytest.raises(psycopg.OperationalError, match="turn"):
            outbox.file([record("k")], contracts={}, lines=(), runs=())

    assert mine
    assert outbox.find("k") is None


def test_only_one_machine_files_at_a_time(outbox: PostgresOutbox, postgres_place: str) -> None:
    other = PostgresOutbox(postgres_place)

    with outbox.filing_turn() as first, other.filing_turn() as second:
        pass
    with other.filing_turn() as third:
        pass

    assert (first, second, third) == (True, False, True)
    other.close()


def test_tables_of_the_first_version_are_brought_up_to_date(
    postgres_place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = PostgresOutbox(postgres_place)
    with monkeypatch.context() as then:
        then.setattr(schema, "_STEPS", schema._STEPS[:1])
        first.append(line("before"))
    first.close()

    outbox = PostgresOutbox(postgres_place)
    outbox.file([record("k")], contracts={}, lines=(), runs=())
    claimed = outbox.claim("here", owner="me", now=1.0, lease=2.0, without=(), epoch=5.0)

    assert [found.run for found in outbox.arrivals(limit=9)] == ["before"]
    assert claimed is not None
    assert claimed.epoch == 5.0
    outbox.close()


def test_a_clock_that_is_set_is_known_to_be_elsewhere_at_once(
    outbox: PostgresOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.counts("here")
    before, wall = outbox._session.ahead, time.time

    monkeypatch.setattr(time, "time", lambda: wall() + 3600)

    assert outbox._session.ahead == pytest.approx(before - 3600, abs=1)


def test_machines_whose_clocks_differ_agree_on_when_a_lease_ends(
    outbox: PostgresOutbox, postgres_place: str
) -> None:
    late = PostgresOutbox(postgres_place)
    outbox.file([record("k")], contracts={}, lines=(), runs=())
    late.counts("here")
    # Its clock shows a minute less than the database's.
    assert late._session._zero is not None
    late._session._zero += 60

    claimed = late.claim("here", owner="late", now=10.0, lease=50.0, without=())

    assert claimed is not None
    assert (claimed.since, claimed.lease) == (10.0, 50.0)
    (seen,) = outbox.in_state("here", "SENDING")
    assert (seen.since, seen.lease) == (70.0, 110.0)
    assert late.change(claimed, Change(state="DONE", since=70.0))
    assert late.counts("here").oldest is None
    late.close()


def test_text_that_a_database_can_not_hold_is_kept_as_far_as_it_can(
    outbox: PostgresOutbox,
) -> None:
    outbox.append(line("nul\0", body="half \ud800"), wait=10)
    outbox.append(line("nul\0", body="other"))

    first, second = outbox.lines("nul\0")

    assert (first.run, first.body) == ("nul\ufffd", "half \\ud800")
    assert second.body == "other"
