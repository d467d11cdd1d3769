"""Work and its bill commit together, or neither does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import copy_context

import psycopg
import pytest
from psycopg import Connection

from keito.billing import MemoryOutbox, Recorder, _log
from keito.billing.outbox.postgres import PostgresOutbox
from tests.billing.conftest import HOME


@pytest.fixture
def recorder(postgres_place: str) -> Iterator[Recorder]:
    recorder = Recorder(outbox=postgres_place, target=HOME, courier="external")
    yield recorder
    recorder.close(0)


@pytest.fixture
def work(postgres_place: str) -> Iterator[Connection[tuple[str]]]:
    """The user's own connection, with a table that agents work on."""
    with psycopg.connect(postgres_place) as connection:
        connection.execute("CREATE TABLE done (ticket text)")
        connection.commit()
        yield connection


@pytest.fixture
def outbox(postgres_place: str) -> Iterator[PostgresOutbox]:
    opened = PostgresOutbox(postgres_place)
    yield opened
    opened.close()


def do(work: Connection[tuple[str]]) -> None:
    work.execute("INSERT INTO done VALUES ('t1')")


def tickets(work: Connection[tuple[str]]) -> int:
    return len(work.execute("SELECT ticket FROM done").fetchall())


def kinds(outbox: PostgresOutbox) -> list[str]:
    return [line.kind for line in outbox.arrivals(limit=20) if line.kind != "contract"]


def test_a_run_is_there_when_its_transaction_commits(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work), recorder.run("agent") as run:
        do(work)
        run.outcome("ticket_resolved")
    before = kinds(outbox)

    work.commit()

    assert before == []
    assert kinds(outbox) == ["start", "outcome", "finish"]
    assert tickets(work) == 1


def test_a_block_that_is_left_in_another_context_raises_nothing_and_takes_nothing_more(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    entered = copy_context()
    block = recorder.within(work)

    entered.run(block.__enter__)
    block.__exit__(None, None, None)
    entered.run(lambda: recorder.start("agent").finish())
    work.rollback()

    assert kinds(outbox) == ["start", "finish"]


def test_a_block_does_not_wait_for_a_courier_that_waits_for_the_database(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work):
        pass
    opened = recorder._recording.opened()
    assert isinstance(opened, PostgresOutbox)
    busy, done = threading.Event(), threading.Event()

    def wait() -> None:
        with opened._session.turn():
            busy.set()
            done.wait(30)

    courier = threading.Thread(target=wait)
    courier.start()
    busy.wait()
    with recorder.within(work), recorder.run("agent"):
        pass
    still_busy = courier.is_alive()
    done.set()
    courier.join()
    work.commit()

    assert still_busy
    assert kinds(outbox) == ["start", "finish"]


def test_a_run_is_undone_with_its_transaction(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with (
        pytest.raises(RuntimeError),
        work.transaction(),
        recorder.within(work),
        recorder.run("agent") as run,
    ):
        do(work)
        run.outcome("ticket_resolved")
        raise RuntimeError("the work fails")

    assert (kinds(outbox), tickets(work)) == ([], 0)
    assert outbox.lines(run.id) == []
    assert recorder.status().open_runs == 0


def test_an_outcome_that_was_rolled_back_can_be_told_again(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.run("agent") as run:
        with recorder.within(work):
            first = run.outcome("ticket_resolved", key="t1")
            work.rollback()
        with recorder.within(work):
            second = run.outcome("ticket_resolved", key="t1")
            work.commit()

    assert first == second
    assert kinds(outbox) == ["start", "outcome", "finish"]


def test_an_aborted_transaction_harms_neither_the_agent_nor_the_next_one(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work):
        with pytest.raises(psycopg.errors.UndefinedTable):
            work.execute("SELECT * FROM nowhere")
        with recorder.run("lost"):
            pass
        work.rollback()
        with recorder.run("agent"):
            do(work)
        work.commit()

    assert kinds(outbox) == ["start", "finish"]
    assert tickets(work) == 1
    assert _log.counts["rolled back"] == 2


def test_a_savepoint_takes_back_only_what_was_recorded_in_it(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with work.transaction(), recorder.within(work), recorder.run("agent") as run:
        with work.transaction(force_rollback=True):
            run.outcome("guessed")
        run.outcome("ticket_resolved")

    assert kinds(outbox) == ["start", "outcome", "finish"]
    assert "ticket_resolved" in outbox.arrivals(limit=9)[-2].body


def test_a_connection_that_commits_by_itself_does_so_here(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    work.autocommit = True

    with recorder.within(work), recorder.run("agent"):
        pass

    assert kinds(outbox) == ["start", "finish"]


def test_what_the_connection_may_not_write_is_recorded_apart_and_its_work_goes_on(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work):
        work.execute("SET TRANSACTION READ ONLY")
        with recorder.run("agent"):
            seen = tickets(work)
        work.commit()

    assert seen == 0
    assert kinds(outbox) == ["start", "finish"]
    assert _log.counts["apart"] == 2


def test_a_connection_to_another_outbox_is_told_from_the_own(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    outbox.counts("any")
    work.execute("UPDATE keito_outbox_version SET id = 'other'")

    with recorder.within(work), recorder.run("agent"):
        pass
    work.rollback()

    assert kinds(outbox) == ["start", "finish"]
    assert _log.counts["apart"] == 2


def test_a_connection_that_looks_elsewhere_finds_the_outbox(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    work.execute("SET search_path TO pg_catalog")

    with recorder.within(work), recorder.run("agent"):
        pass
    work.commit()

    assert kinds(outbox) == ["start", "finish"]
    assert _log.counts["apart"] == 0


def test_a_run_that_goes_on_after_its_start_was_rolled_back_is_never_filed(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work):
        run = recorder.start("agent")
    work.rollback()

    run.finish()

    assert [line.kind for line in outbox.lines(run.id)] == ["finish"]
    assert kinds(outbox) == []
    assert outbox.counts(recorder.destination.id).journal == 0


def test_what_is_left_of_a_run_that_was_rolled_back_is_dropped_in_the_end(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work):
        run = recorder.start("agent")
    work.rollback()
    run.finish()

    outbox.orphans(now=0)
    early = outbox.lines(run.id)
    work.execute("UPDATE keito_outbox_journal SET written = written - interval '2 days'")
    work.commit()
    outbox.orphans(now=0)

    assert len(early) == 1
    assert outbox.lines(run.id) == []


def test_only_what_is_recorded_in_the_block_depends_on_the_transaction(
    recorder: Recorder, work: Connection[tuple[str]], outbox: PostgresOutbox
) -> None:
    with recorder.within(work), recorder.run("inside"):
        pass
    with recorder.run("outside"):
        pass
    work.rollback()

    (start,) = [line for line in outbox.arrivals(limit=9) if line.kind == "start"]
    assert '"outside"' in start.body


def test_what_can_not_be_part_of_a_transaction_is_said_at_once(
    recorder: Recorder, work: Connection[tuple[str]]
) -> None:
    elsewhere = Recorder(outbox=MemoryOutbox(), courier="external")

    with pytest.raises(ValueError, match="PostgreSQL"):
        elsewhere.within(work)
    with pytest.raises(TypeError, match="str is not a"):
        recorder.within("postgresql://")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    elsewhere.close(0)
