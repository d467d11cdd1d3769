"""What every outbox must do."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keito.billing import MemoryOutbox, Outbox
from keito.billing.outbox.line import Kind, Line
from keito.billing.outbox.postgres import PostgresOutbox
from keito.billing.outbox.record import STATES, UNDELIVERED, Change, Record, State
from keito.billing.outbox.sqlite import SqliteOutbox

HERE = "destination-1"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    opened: Outbox = MemoryOutbox()
    if request.param == "sqlite":
        opened = SqliteOutbox(tmp_path / "outbox.db")
    if request.param == "postgres":
        opened = PostgresOutbox(request.getfixturevalue("postgres_place"))
    yield opened
    opened.leave("me")
    opened.close()


def line(run: str, kind: Kind, *, owner: str = "me", body: str = "{}") -> Line:
    return Line(run, kind, 1, owner, body)


def record(key: str, *, state: State = "READY", **more: Any) -> Record:
    settings: dict[str, Any] = {
        "run": f"run-{key}",
        "kind": "run",
        "destination": HERE,
        "payload": "{}",
        **more,
    }
    return Record(key=key, state=state, **settings)


def add(outbox: Outbox, *lines: Line) -> None:
    for added in lines:
        outbox.append(added)


def store(outbox: Outbox, *records: Record) -> None:
    outbox.file(records, contracts={}, lines=(), runs=())


def claim(outbox: Outbox, *, owner: str = "me", lease: float = 100.0) -> Record | None:
    return outbox.claim(HERE, owner=owner, now=10.0, lease=lease, without=())


def claimed(outbox: Outbox, *, owner: str = "me", lease: float = 100.0) -> Record:
    found = claim(outbox, owner=owner, lease=lease)
    assert found is not None
    return found


def taken_over(outbox: Outbox, *, owner: str = "me") -> int:
    """Take over what is being sent, as if its claim were over; how many records that are."""
    over = [
        (found, Change(state="AMBIGUOUS", since=found.lease))
        for found in outbox.in_state(HERE, "SENDING")
    ]
    return outbox.take_over(over, owner=owner, now=51.0)


def states(outbox: Outbox) -> dict[State, int]:
    return dict(outbox.counts(HERE).states)


def test_a_finished_run_arrives_with_its_start(outbox: Outbox) -> None:
    add(outbox, line("a", "start"), line("b", "start"), line("a", "call"))
    outbox.append(line("a", "finish"), wait=0.005)

    arrived = outbox.arrivals(limit=10)

    assert [(found.run, found.kind) for found in arrived] == [("a", "start"), ("a", "finish")]
    assert all(found.id for found in arrived)


def test_arrivals_come_in_the_order_in_which_they_were_recorded(outbox: Outbox) -> None:
    runs = [str(n) for n in range(30)]
    add(outbox, *(line(run, "outcome") for run in runs))

    assert [found.run for found in outbox.arrivals(limit=20)] == runs[:20]


def test_filing_drops_what_the_records_were_made_from(outbox: Outbox) -> None:
    add(outbox, line("a", "start"), line("a", "call"), line("a", "finish"), line("b", "start"))

    outbox.file([record("k")], contracts={"c": "text"}, lines=(), runs=["a"])

    assert outbox.arrivals(limit=10) == []
    assert [lines[0].run for lines in outbox.orphans(now=0.0)] == ["b"]
    assert outbox.contract("c") == "text"
    assert outbox.contract("d") is None


def test_an_outcome_that_came_while_its_run_was_filed_is_not_dropped(outbox: Outbox) -> None:
    add(outbox, line("a", "start"), line("a", "outcome"), line("a", "finish"))
    read = outbox.arrivals(limit=10)
    add(outbox, line("a", "outcome", body='{"second":1}'))

    outbox.file([], contracts={}, lines=[x.id for x in read if x.kind == "outcome"], runs=["a"])

    (left,) = outbox.arrivals(limit=10)
    assert (left.kind, left.id) == ("outcome", max(x.id for x in read) + 1)


def test_what_was_dropped_leaves_its_number_to_no_other_line(outbox: Outbox) -> None:
    outbox.append(line("one", "outcome"))
    (first,) = outbox.arrivals(limit=9)
    outbox.file([], contracts={}, lines=[first.id], runs=[])
    outbox.append(line("two", "outcome"))

    # A process that was stopped while it filed the first one goes on.
    outbox.file([], contracts={}, lines=[first.id], runs=[])

    assert [left.run for left in outbox.arrivals(limit=9)] == ["two"]


def test_a_record_with_a_known_key_is_ignored(outbox: Outbox) -> None:
    store(outbox, record("k", payload="first"))
    store(outbox, record("k", payload="second"))

    assert claimed(outbox).payload == "first"
    assert claim(outbox) is None


def test_records_are_claimed_oldest_first_and_once(outbox: Outbox) -> None:
    store(outbox, record("new", made=2.0), record("old", made=1.0))

    first, second = claimed(outbox), claimed(outbox)

    assert [first.key, second.key] == ["old", "new"]
    assert (first.state, first.owner, first.attempts, first.lease) == ("SENDING", "me", 1, 100.0)
    assert claim(outbox) is None


def test_whoever_claims_says_where_its_clock_began(outbox: Outbox) -> None:
    store(outbox, record("a", made=1.0), record("b", made=2.0))

    told = outbox.claim(HERE, owner="me", now=10.0, lease=50.0, without=(), epoch=4.5)
    untold = claim(outbox)

    assert told is not None
    assert untold is not None
    assert (told.epoch, untold.epoch) == (4.5, None)


def test_only_records_of_the_own_destination_are_claimed(outbox: Outbox) -> None:
    store(outbox, record("theirs", destination="destination-2"))

    assert claim(outbox) is None


@pytest.mark.parametrize("state", ["AMBIGUOUS", "DONE", "PARKED", "UNROUTED"])
def test_only_ready_records_are_claimed(outbox: Outbox, state: State) -> None:
    store(outbox, record("k", state=state))

    assert claim(outbox) is None


def test_records_of_a_project_can_be_left_out(outbox: Outbox) -> None:
    store(outbox, record("held", project="p1", made=1.0), record("free", project="p2", made=2.0))

    found = outbox.claim(HERE, owner="me", now=0, lease=0, without=["p1"])

    assert found is not None
    assert found.key == "free"


def test_held_records_wait_for_their_release(outbox: Outbox) -> None:
    store(outbox, record("k", held=True))

    before = claim(outbox)
    held = outbox.counts(HERE).held
    released = outbox.release(HERE)

    assert (before, held, released) == (None, 1, 1)
    assert claimed(outbox).key == "k"


def test_the_records_of_a_day_are_found_in_every_state(outbox: Outbox) -> None:
    store(
        outbox,
        record("ready", day="2026-03-05"),
        record("done", day="2026-03-05", state="DONE"),
        record("tomorrow", day="2026-03-06"),
        record("theirs", day="2026-03-05", destination="destination-2"),
    )

    found = [outbox.of_day(HERE, "2026-03-05") for _ in range(2)]

    assert [sorted(x.key for x in one) for one in found] == [["done", "ready"]] * 2


def test_a_change_is_made_and_remembered(outbox: Outbox) -> None:
    store(outbox, record("k"))
    sending = claimed(outbox)

    changed = outbox.change(sending, Change(state="AMBIGUOUS", since=12.0, absent=13.0, epoch=7.0))

    (ambiguous,) = outbox.ambiguous(HERE)
    assert changed
    assert (ambiguous.since, ambiguous.absent, ambiguous.owner) == (12.0, 13.0, "")
    assert ambiguous.epoch == 7.0


def test_a_courier_that_was_overtaken_changes_nothing(outbox: Outbox) -> None:
    store(outbox, record("k"))
    sending = claimed(outbox)
    outbox.change(sending, Change(state="AMBIGUOUS", since=12.0))

    changed = outbox.change(sending, Change(state="DONE", since=13.0))

    assert not changed
    assert states(outbox) == {"AMBIGUOUS": 1}


def test_a_new_attempt_forgets_that_the_record_was_absent(outbox: Outbox) -> None:
    store(outbox, record("k"))
    outbox.change(claimed(outbox), Change(state="AMBIGUOUS", since=1.0, absent=2.0))
    outbox.change(outbox.ambiguous(HERE)[0], Change(state="READY", since=3.0))

    again = claimed(outbox)

    assert (again.absent, again.attempts) == (None, 2)


def test_what_a_dead_courier_was_sending_is_taken_over_once(outbox: Outbox) -> None:
    store(outbox, record("k"))
    read = claimed(outbox, owner="dead", lease=50.0)

    taken = taken_over(outbox)
    again = outbox.take_over([(read, Change(state="AMBIGUOUS", since=60.0))], owner="me", now=61.0)

    (ambiguous,) = outbox.ambiguous(HERE)
    assert (taken, again, ambiguous.since) == (1, 0, 50.0)


def test_what_a_living_courier_sends_is_not_taken_over(outbox: Outbox) -> None:
    outbox.join("me", until=1000.0)
    store(outbox, record("k"))
    claimed(outbox, owner="me", lease=50.0)

    assert taken_over(outbox, owner="other") == 0


def test_a_courier_takes_over_what_it_left_itself(outbox: Outbox) -> None:
    outbox.join("me", until=1000.0)
    store(outbox, record("k"))
    claimed(outbox, owner="me", lease=50.0)

    assert taken_over(outbox) == 1


def test_a_run_is_an_orphan_when_its_recorder_is_gone(outbox: Outbox) -> None:
    outbox.join("me", until=time.time() + 100)
    add(outbox, line("mine", "start"), line("mine", "call"))
    add(outbox, line("lost", "start", owner="dead"), line("lost", "call", owner="dead"))

    (lost,) = outbox.orphans(now=time.time())

    assert [(found.run, found.kind) for found in lost] == [("lost", "start"), ("lost", "call")]


def test_a_recorder_that_left_is_gone(outbox: Outbox) -> None:
    outbox.join("me", until=time.time() + 100)
    assert outbox.alive("me", now=time.time())

    outbox.leave("me")

    assert not outbox.alive("me", now=time.time())


def test_attempts_are_counted_by_run(outbox: Outbox) -> None:
    store(
        outbox,
        record("a1", run="a", work="job"),
        record("a2", run="a", work="job"),
        record("b", run="b", work="job", charged=True),
        record("c", run="c", work="other", charged=True),
        record("d", run="d", work="job", charged=True, destination="elsewhere"),
        record("e", run="e", work="job", state="UNROUTED"),
    )

    assert outbox.attempts("job", destination=HERE, run="new") == (2, True)
    assert outbox.attempts("job", destination=HERE, run="b") == (1, False)


def test_an_attempt_whose_cost_is_passed_on_is_charged(outbox: Outbox) -> None:
    store(outbox, record("a", run="a", work="job", cost='{"cost_usd":1}', expense="due"))

    assert outbox.attempts("job", destination=HERE, run="new") == (1, True)


def test_it_knows_which_runs_have_a_record(outbox: Outbox) -> None:
    store(outbox, record("a", run="a"), record("b", run="b", kind="outcome"))

    assert (outbox.recorded("a"), outbox.recorded("b")) == (True, False)


def test_only_what_was_delivered_long_ago_is_forgotten(outbox: Outbox) -> None:
    store(
        outbox,
        record("old", state="DONE", since=1.0),
        record("new", state="DONE", since=3.0),
        record("parked", state="PARKED", since=1.0),
        record("ready", since=1.0),
    )

    outbox.prune(before=2.0)

    assert states(outbox) == {"DONE": 1, "PARKED": 1, "READY": 1}


NEEDED: dict[str, dict[str, Any]] = {
    **{state: {"state": state} for state in STATES if state not in ("DONE", "DROPPED")},
    "a cost to be passed on": {"state": "DONE", "expense": "due"},
    "delivered since": {"state": "DONE", "since": 3.0},
}


@pytest.mark.parametrize("needed", NEEDED)
def test_an_entry_is_kept_as_long_as_a_correction_of_it_is(outbox: Outbox, needed: str) -> None:
    corrected = {"run": "r", "kind": "correction", "after": "entry", "since": 1.0}
    store(
        outbox,
        record("entry", run="r", state="DONE", since=1.0),
        record("correction", **{**corrected, **NEEDED[needed]}),
    )

    outbox.prune(before=2.0)

    assert [found.key for found in outbox.of_run("r")] == ["correction", "entry"]


@pytest.mark.parametrize(("state", "left"), [("DONE", []), ("DROPPED", ["correction"])])
def test_a_run_that_is_over_is_forgotten_as_a_whole(
    outbox: Outbox, state: State, left: list[str]
) -> None:
    store(
        outbox,
        record("entry", run="r", state="DONE", since=1.0),
        record("correction", run="r", kind="correction", after="entry", state=state, since=1.0),
    )

    outbox.prune(before=2.0)

    assert [found.key for found in outbox.of_run("r")] == left


def test_counts_say_what_waits_and_since_when(outbox: Outbox) -> None:
    add(outbox, line("a", "start"), line("a", "finish"), line("b", "outcome"))
    store(outbox, record("1", made=5.0), record("2", made=3.0), record("3", state="DONE", made=1.0))

    counts = outbox.counts(HERE)

    assert (counts.journal, counts.oldest) == (2, 3.0)
    assert counts.states == {"READY": 2, "DONE": 1}


@pytest.mark.parametrize("state", STATES)
def test_what_waits_for_the_total_of_its_day_waits_too(outbox: Outbox, state: State) -> None:
    store(outbox, record("1", state=state, made=3.0), record("2", made=5.0))

    assert outbox.counts(HERE).oldest == (3.0 if state in UNDELIVERED else 5.0)


def test_many_threads_can_record_at_once(outbox: Outbox) -> None:
    def work(name: int) -> None:
        for n in range(50):
            outbox.append(line(f"{name}/{n}", "outcome"), wait=5.0)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outbox.counts(HERE).journal == 200


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "state" / "outbox.db")
    outbox.join("me", until=0.0)
    add(outbox, line("a", "start"))

    found = [path for path in tmp_path.rglob("*") if path != tmp_path]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in found}

    assert len(modes) >= 5
    for path in found:
        assert modes[path.name] == (0o700 if path.is_dir() else 0o600), path
    outbox.close()


def test_another_process_sees_what_was_recorded_and_who_is_alive(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    outbox.join("me", until=0.0)
    add(outbox, line("a", "start"))
    store(outbox, record("k"))
    look = (
        "import sys\n"
        "from keito.billing.outbox.sqlite import SqliteOutbox\n"
        "outbox = SqliteOutbox(sys.argv[1])\n"
        "print(outbox.alive('me', now=1e12), len(outbox.orphans(now=1e12)))\n"
        "print(dict(outbox.counts('destination-1').states))\n"
    )

    def others_see() -> str:
        command = [sys.executable, "-c", look, str(outbox.path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    # The lease is long over, so it is the lock alone that says this process lives.
    assert others_see() == "True 0\n{'READY': 1}\n"
    outbox.leave("me")
    assert others_see() == "False 1\n{'READY': 1}\n"
    outbox.close()


def test_a_recorder_does_not_wait_for_another_process_that_is_writing(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    other = sqlite3.connect(tmp_path / "outbox.db-inbox", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError):
        outbox.append(line("a", "start"), wait=0.005)
    waited = time.monotonic() - began

    # Far more than 5 ms on a busy machine, far less than the seconds a background thread waits.
    assert waited < 2.0
    other.execute("ROLLBACK")
    outbox.append(line("a", "start"), wait=0.005)
    other.close()
    outbox.close()


def test_a_recorder_outlasts_a_short_write_of_another_process(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    other = sqlite3.connect(
        tmp_path / "outbox.db-inbox", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.05, lambda: other.execute("COMMIT"))
    ending.start()

    outbox.append(line("a", "finish"), wait=20.0)

    ending.join()
    assert outbox.counts(HERE).journal == 1
    other.close()
    outbox.close()


def test_a_childs_outbox_is_its_own(outbox: Outbox) -> None:

    child = outbox.for_child()

    assert child is not outbox
    child.append(line("a", "outcome"))
    assert child.counts(HERE).journal == 1
    child.close()


def test_an_outbox_stays_where_it_is_when_its_program_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    outbox = SqliteOutbox("outbox.db")
    monkeypatch.chdir("elsewhere")

    store(outbox, record("a"))
    outbox.close()

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "outbox.db").exists()


def test_a_second_name_for_an_outbox_does_not_take_its_locks_away(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    first, second = (SqliteOutbox(tmp_path / name) for name in ("outbox.db", "link/outbox.db"))
    first.join("me", until=0.0)

    alive = second.alive("me", now=1.0)

    assert alive
    first.leave("me")
    first.close()
    second.close()


def test_only_one_courier_files_at_a_time(outbox: Outbox) -> None:
    with outbox.filing_turn() as first, outbox.filing_turn() as second:
        pass
    with outbox.filing_turn() as again:
        pass

    assert (first, second, again) == (True, False, True)


def test_all_lines_of_a_run_can_be_read(outbox: Outbox) -> None:
    add(outbox, line("a", "start"), line("b", "start"), line("a", "call"), line("a", "finish"))

    assert [found.kind for found in outbox.lines("a")] == ["start", "call", "finish"]


def test_records_can_be_listed_by_state(outbox: Outbox) -> None:
    store(outbox, record("b", made=2.0), record("a", made=1.0), record("c", state="PARKED"))

    assert [found.key for found in outbox.in_state(HERE, "READY")] == ["a", "b"]
    assert [found.key for found in outbox.in_state(HERE, "PARKED")] == ["c"]
    assert [found.key for found in outbox.in_state(HERE, "PARKED", "READY")] == ["c", "a", "b"]
    assert outbox.in_state("elsewhere", "READY") == []


def test_records_take_the_place_of_others(outbox: Outbox) -> None:
    old = record("a", state="UNROUTED"), record("b", state="UNROUTED")
    store(outbox, *old)

    done = outbox.replace(old, [record("a"), record("c")])

    assert done
    assert [found.key for found in outbox.in_state(HERE, "READY")] == ["a", "c"]
    assert outbox.find("b") is None


def test_records_that_have_moved_on_are_not_replaced(outbox: Outbox) -> None:
    store(outbox, record("a"), record("b"))
    read = outbox.in_state(HERE, "READY")
    claimed(outbox)

    done = outbox.replace(read, [record("c")])

    assert not done
    assert outbox.find("c") is None
    assert states(outbox) == {"SENDING": 1, "READY": 1}


def test_a_known_key_is_not_replaced_by_mistake(outbox: Outbox) -> None:
    store(outbox, record("a"), record("b"))

    with pytest.raises((KeyError, sqlite3.IntegrityError)):
        outbox.replace([record("a")], [record("b", payload="other")])

    assert [outbox.find(key) for key in "ab"] == [record("a"), record("b")]
