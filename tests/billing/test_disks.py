"""Files that are deleted, damaged or on a disk that is not kept: nothing is lost in silence."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from keito.billing import Recorder
from keito.billing.filing import Filing
from keito.billing.outbox.disks import file_system
from keito.billing.outbox.line import Line
from keito.billing.outbox.records import Records
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.testing import LocalKeito
from tests.billing.conftest import HOME
from tests.billing.sending import PATIENCE, recorder_to
from tests.billing.test_delivery import delivered, work
from tests.billing.test_harmless import wait_until

MOUNTS = """\
22 1 0:20 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/l
30 22 8:1 /vol /data rw,relatime shared:2 master:1 - ext4 /dev/sda1 rw
31 22 0:30 / /run/user rw - tmpfs tmpfs rw
32 22 0:31 / /data/my\\040files rw - nfs4 host:/export rw
33 22 0:32 / /home rw - ext4 /dev/sdb rw
34 22 0:33 / /home rw - fuse.sshfs me@host:/ rw
"""
RECORD = (
    "import sys\n"
    "from keito.billing import Recorder, Target\n"
    "target = Target(project_id='p', task_id='t')\n"
    "recorder = Recorder(outbox=sys.argv[1], target=target, courier='external')\n"
    "for _ in range(5):\n"
    "    recorder.start('agent').finish()\n"
    "sys.exit(recorder.flush(20) < 5)\n"
)


def delete(path: Path) -> None:
    """Delete an outbox, as somebody does who tidies up."""
    for file in path.parent.glob(f"{path.name}*"):
        if file.is_file():
            file.unlink()


def test_an_outbox_that_is_deleted_while_in_use_is_made_again_with_all_it_held(
    local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recorder_to(local, tmp_path)

    with local.outage():
        runs = work(recorder, 5)
        open_run = recorder.start("open")
        wait_until(lambda: recorder.status().last_error is not None)
        delete(tmp_path / "outbox.db")
        runs += work(recorder, 5)
        open_run.finish()
    left = recorder.flush(PATIENCE)

    assert left == 0
    assert delivered(local) == sorted([*runs, open_run.id])
    assert (tmp_path / "outbox.db-inbox").exists()
    assert "was deleted while it was in use" in caplog.text
    recorder.close(1)


def test_a_deleted_outbox_is_made_again_as_soon_as_there_is_room_for_it(
    local: LocalKeito, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_to(local, tmp_path, courier="external")
    work(recorder, 3)
    outbox, place = recorder._recording.opened(), recorder.destination.id
    filing = Filing(outbox, clock=time.time, destination=place)
    while filing.arrivals():
        pass
    before = outbox.counts(place).states

    def full(*args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    delete(tmp_path / "outbox.db")
    with monkeypatch.context() as patched:
        patched.setattr(Records, "add", full)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            outbox.counts(place)

    assert before == {"READY": 3}
    assert outbox.counts(place).states == before
    recorder.close(0)


def test_several_that_have_a_deleted_outbox_open_double_nothing(
    local: LocalKeito, tmp_path: Path
) -> None:
    recorders = [recorder_to(local, tmp_path) for _ in range(3)]
    runs: list[str] = []

    for _ in range(3):
        for recorder in recorders:
            runs += work(recorder, 4)
        delete(tmp_path / "outbox.db")
        for recorder in recorders:
            runs += work(recorder, 4)
    left = [recorder.flush(PATIENCE) for recorder in recorders]

    assert left == [0, 0, 0]
    assert delivered(local) == sorted(runs)
    for recorder in recorders:
        recorder.close(1)


def test_what_is_in_a_deleted_outbox_outlives_its_process(tmp_path: Path) -> None:
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")
    recorder.start("agent").finish()
    delete(tmp_path / "outbox.db")

    recorder.close(1)

    left = SqliteOutbox(tmp_path / "outbox.db")
    assert [line.kind for line in left.arrivals(limit=9) if line.kind != "contract"] == [
        "start",
        "finish",
    ]
    left.close()


def test_what_was_read_of_a_deleted_journal_drops_nothing_of_the_next_one(tmp_path: Path) -> None:
    one = SqliteOutbox(tmp_path / "outbox.db")
    one.append(Line("read", "outcome", 1, "one", "{}"))
    read = [line.id for line in one.arrivals(limit=9)]
    for file in tmp_path.glob("outbox.db-inbox*"):
        file.unlink()
    two = SqliteOutbox(tmp_path / "outbox.db")
    two.append(Line("first of the next", "outcome", 1, "two", "{}"))

    one.file([], contracts={}, lines=read, runs=[])

    # What one has read is moved, and filed again: it changes nothing.
    assert {line.run for line in two.arrivals(limit=9)} == {"first of the next", "read"}
    one.close()
    two.close()


@pytest.mark.parametrize("end", ["", "-inbox"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(
    local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    damaged = tmp_path / f"outbox.db{end}"
    damaged.write_bytes(b"no database at all" * 500)
    recorder = recorder_to(local, tmp_path)

    runs = work(recorder, 3)
    left = recorder.flush(PATIENCE)

    (aside,) = tmp_path.glob(f"outbox.db{end}.damaged-*")
    assert left == 0
    assert delivered(local) == runs
    assert aside.read_bytes() == b"no database at all" * 500
    assert f"moved to {aside.name}" in caplog.text
    recorder.close(1)


def damage(path: Path) -> None:
    """Overwrite the middle of a file that is open, as a bad disk does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3 // 4096 * 4096)
        file.write(b"\xa5" * (size // 3))


def test_records_that_are_damaged_while_in_use_are_moved_aside_and_delivery_goes_on(
    local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recorder_to(local, tmp_path)
    with local.outage():
        before = work(recorder, 100)
        wait_until(lambda: recorder.status().unfiled == 0)
        damage(tmp_path / "outbox.db")
        during = work(recorder, 5)
        recorder.flush(1.0)

    after = work(recorder, 5)
    left = recorder.flush(PATIENCE)

    found = delivered(local)
    assert left == 0
    assert len(set(found)) == len(found)
    assert set(after) <= set(found) <= {*before, *during, *after}
    assert list(tmp_path.glob("outbox.db.damaged-*"))
    assert caplog.text.count("is damaged: it was moved to") == 1
    recorder.close(1)


def test_what_is_readable_of_a_damaged_journal_is_saved(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    for n in range(300):
        outbox.append(Line(f"{n}", "outcome", n, "me", "{}" * 200))
    damage(tmp_path / "outbox.db-inbox")

    with pytest.raises(sqlite3.DatabaseError):
        outbox.arrivals(limit=999)
    outbox.append(Line("after", "outcome", 1, "me", "{}"))

    found = [line.run for line in outbox.arrivals(limit=999)]
    assert {"0", "299", "after"} < set(found)
    assert len(found) == len(set(found)) > 100
    assert list(tmp_path.glob("outbox.db-inbox.damaged-*"))
    outbox.close()


def test_processes_that_find_a_file_damaged_at_once_move_it_once(tmp_path: Path) -> None:
    (tmp_path / "outbox.db-inbox").write_bytes(b"no database at all" * 500)
    command = [sys.executable, "-c", RECORD, str(tmp_path / "outbox.db")]

    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(4)]
    ends = [process.wait(60) for process in processes]

    outbox = SqliteOutbox(tmp_path / "outbox.db")
    assert ends == [0, 0, 0, 0]
    assert outbox.counts("").journal == 20
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1
    outbox.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/outbox.db", "ext4"),
        ("/data/my files/outbox.db", "nfs4"),
        ("/database/outbox.db", "overlay"),
        ("/run/user/0/outbox.db", "tmpfs"),
        ("/home/me/outbox.db", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_and_last_mount(path: str, kind: str) -> None:
    assert file_system(MOUNTS, Path(path)) == kind


def test_a_table_that_says_nothing_names_no_file_system() -> None:
    assert file_system("half a line\n", Path("/data/outbox.db")) == ""


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="only Linux has this tmpfs")
def test_a_file_in_memory_is_said_not_to_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        recorders = [
            Recorder(outbox=f"{folder}/outbox.db", target=HOME, courier="external")
            for _ in range(2)
        ]
        durable = [recorder.status().durable for recorder in recorders]
        for recorder in recorders:
            recorder.close(0)

    assert durable == [False, False]
    assert caplog.text.count("is on tmpfs") == 1


@pytest.mark.parametrize(("kind", "durable"), [("nfs4", True), ("overlay", False), ("ext4", True)])
def test_what_the_mount_table_says_is_said_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    durable: bool,
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 0:20 / / rw shared:1 - {kind} what rw\n")
    monkeypatch.setattr("keito.billing.outbox.disks._MOUNTS", mounts)

    outbox = SqliteOutbox(tmp_path / "outbox.db")

    assert outbox.durable is durable
    assert (kind in caplog.text) is (kind != "ext4")
    outbox.close()
