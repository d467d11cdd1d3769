from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from keito._errors import KeitoConfigError
from keito.billing import (
    Contract,
    MemoryOutbox,
    Recorder,
    Target,
    Usage,
    bill_to,
    billed,
    default_recorder,
)
from keito.billing.destination import Destination
from keito.testing import LocalKeito
from tests.billing.conftest import HOME, MakeRecorder
from tests.billing.sending import PATIENCE, keys_at, recorder_to
from tests.billing.test_harmless import wait_until


@pytest.fixture
def no_keys_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Destination, "_keys", {})


def test_test_mode_sends_and_never_charges(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(mode="test", contract=Contract(charge="both"))

    with recorded.recorder.run("agent") as run:
        run.outcome("ticket_resolved", unit_price=1)

    for entry in recorded.entries():
        assert (entry["billable"], entry["metadata"]["mode"]) == (False, "test")


def test_a_test_does_not_use_up_what_is_charged_once(make_recorder: MakeRecorder) -> None:
    test, live = make_recorder(mode="test"), make_recorder()

    keys = set()
    for recorded in (test, live):
        with recorded.recorder.run("agent") as run:
            keys.add(run.outcome("ticket_resolved", subject="T-1"))

    assert len(keys) == 2


def test_record_mode_keeps_everything_until_it_is_released(
    local: LocalKeito, tmp_path: Path
) -> None:
    outbox = MemoryOutbox()
    recorder = recorder_to(local, tmp_path, mode="record", outbox=outbox)
    with recorder.run("agent"):
        pass

    left = recorder.flush(PATIENCE)
    held = recorder.status().held
    before = keys_at(local)
    outbox.release(recorder.destination.id)

    assert (left, held, before) == (0, 1, [])
    assert recorder.flush(PATIENCE) == 0
    assert len(keys_at(local)) == 1
    recorder.close()


def test_off_records_nothing_and_says_so_once(
    make_recorder: MakeRecorder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("KEITO_MODE", "off")
    recorded, _ = make_recorder(), make_recorder()

    with recorded.recorder.run("agent") as run:
        run.model_start("1")
        run.outcome("ticket_resolved")

    assert recorded.recorder.flush() == 0
    assert recorded.outbox.counts(recorded.recorder.destination.id).journal == 0
    assert caplog.text.count("nothing is recorded") == 1
    assert recorded.recorder.status().mode == "off"


def test_without_a_key_records_are_kept_and_it_is_said_once(
    local: LocalKeito, tmp_path: Path, no_keys_yet: None, caplog: pytest.LogCaptureFixture
) -> None:
    without = Recorder(
        outbox=tmp_path / "outbox.db",
        account_id=local.account_id,
        base_url=local.base_url,
        target=HOME,
    )
    for _ in range(3):
        without.start("agent").finish()
    left = without.flush(PATIENCE)
    without.close()

    assert left == 3
    assert caplog.text.count("no API key") == 1


def test_records_kept_without_a_key_go_once_there_is_one(local: LocalKeito, tmp_path: Path) -> None:
    target = Target(project_id=local.project_id, task_id=local.task_id)
    without = Recorder(
        outbox=tmp_path / "outbox.db",
        account_id=local.account_id,
        base_url=local.base_url,
        target=target,
    )
    without.start("agent").finish()
    without.close()

    recorder = recorder_to(local, tmp_path)

    assert recorder.flush(PATIENCE) == 0
    assert len(keys_at(local)) == 1
    recorder.close()


def test_a_run_without_a_target_is_kept_and_said_loudly(
    local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recorder_to(local, tmp_path, target=None)
    with recorder.run("agent") as run:
        run.model_call(Usage(input_tokens=1, output_tokens=1), key="1")

    assert recorder.flush(PATIENCE) == 0
    assert recorder.status().records == {"UNROUTED": 1}
    assert keys_at(local) == []
    assert "no project and task" in caplog.text
    recorder.close()


def test_an_address_that_must_not_be_used_keeps_records_and_says_why(
    tmp_path: Path, no_keys_yet: None, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(
        outbox=tmp_path / "outbox.db",
        api_key="kto_live_secret",
        account_id="acc",
        base_url="http://keito.example",
        target=HOME,
    )
    recorder.start("agent").finish()
    wait_until(lambda: recorder.flush(0.3) == 1)
    wait_until(lambda: caplog.text)
    recorder.close(0.1)

    assert "unencrypted" in caplog.text
    assert "secret" not in caplog.text


def test_two_keys_under_one_name_are_refused(no_keys_yet: None) -> None:
    Recorder(api_key="kto_one", account_id="acc", mode="off")

    with pytest.raises(KeitoConfigError, match="two API keys"):
        Recorder(api_key="kto_two", account_id="acc", mode="off")
    Recorder(api_key="kto_two", account_id="acc", mode="off", credential="second")


def test_the_key_is_nowhere_to_be_seen(no_keys_yet: None, tmp_path: Path) -> None:
    recorder = Recorder(
        outbox=tmp_path / "outbox.db", api_key="kto_secret", account_id="acc", courier="external"
    )
    recorder.start("agent").finish()

    shown = repr(recorder) + repr(recorder.destination) + repr(recorder.status())
    recorder.close(0)

    assert "kto_secret" not in shown
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"kto_secret" not in path.read_bytes()


def test_each_destination_has_its_own_file_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KEITO_OUTBOX")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    for account in ("acc_one", "acc_two"):
        recorder = Recorder(account_id=account, courier="external", target=HOME)
        recorder.start("agent").finish()
        recorder.close(0)

    assert len(list((tmp_path / "keito").glob("outbox-*.db"))) == 2


@pytest.mark.parametrize("name", ["liv", "prod", "live,test", "\udcff"])
def test_a_mode_of_the_environment_that_there_is_not_keeps_what_is_recorded_unsent(
    local: LocalKeito,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    monkeypatch.setenv("KEITO_MODE", name)
    recorders = [recorder_to(local, tmp_path) for _ in range(2)]

    for recorder in recorders:
        recorder.start("agent").finish()
    left = [recorder.flush(PATIENCE) for recorder in recorders]

    assert left == [0, 0]
    assert recorders[0].status().held == 2
    assert keys_at(local) == []
    assert caplog.text.count("KEITO_MODE is none of") == 1
    for recorder in recorders:
        recorder.close()


@pytest.mark.parametrize("name", ["TEST", " test "])
def test_a_mode_of_the_environment_may_be_written_in_any_way(
    monkeypatch: pytest.MonkeyPatch, make_recorder: MakeRecorder, name: str
) -> None:
    monkeypatch.setenv("KEITO_MODE", name)

    assert make_recorder().recorder.mode == "test"


def test_a_mode_that_is_given_is_not_asked_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KEITO_MODE", "liv")

    assert make_recorder(mode="live").recorder.mode == "live"
    assert caplog.text == ""


@pytest.fixture
def default() -> Iterator[None]:
    yield
    default_recorder().close(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"KEITO_MODE": "liv"},
        {"KEITO_TIMEZONE": "Mars/Olympus"},
        {"KEITO_API_KEY": "kto_second", "KEITO_ACCOUNT_ID": "acc_known"},
        {"KEITO_BASE_URL": "not an address"},
        {"KEITO_OUTBOX": "/dev/null/outbox.db"},
    ],
)
def test_a_wrong_environment_raises_nothing_into_an_agent_and_is_said(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    default: None,
    no_keys_yet: None,
    wrong: dict[str, str],
) -> None:
    Recorder(api_key="kto_first", account_id="acc_known", mode="off")
    for variable, value in {
        "KEITO_API_KEY": "kto_mine",
        "KEITO_ACCOUNT_ID": "acc",
        **wrong,
    }.items():
        monkeypatch.setenv(variable, value)

    @billed
    def work() -> str:
        return "done"

    with bill_to(HOME):
        assert work() == "done"
    wait_until(lambda: caplog.text)

    status = default_recorder().status()
    kept = status.unfiled + status.in_memory + status.undelivered + status.held
    assert kept > 0
    assert "kto_" not in caplog.text


def test_a_second_key_of_the_environment_bills_nobody(
    monkeypatch: pytest.MonkeyPatch, default: None, no_keys_yet: None
) -> None:
    Recorder(api_key="kto_first", account_id="acc", mode="off")
    monkeypatch.setenv("KEITO_API_KEY", "kto_second")
    monkeypatch.setenv("KEITO_ACCOUNT_ID", "acc")

    recorder = default_recorder()

    assert recorder.mode == "record"
    assert not recorder.destination.complete


def test_a_state_folder_that_can_not_be_made_loses_nothing_while_the_process_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("a file, where a folder should be")
    monkeypatch.delenv("KEITO_OUTBOX")
    monkeypatch.setenv("XDG_STATE_HOME", str(in_the_way))
    recorder = Recorder(account_id="acc", courier="external", target=HOME)

    for _ in range(3):
        recorder.start("agent").finish()
    before = recorder.status()
    in_the_way.unlink()
    left = recorder.flush(PATIENCE)

    assert (before.in_memory > 0, before.durable) == (True, False)
    assert caplog.text.count("the outbox can't be written") == 1
    assert left == 3
    assert recorder.status().in_memory == 0
    recorder.close(0)


READ_ONLY = """
import os, sys
from keito.billing import Recorder, Target

def record(folder):
    recorder = Recorder(outbox=folder + "/outbox.db", account_id="acc", courier="external",
                        target=Target(project_id="p", task_id="t"))
    for _ in range(3):
        with recorder.run("agent"):
            pass
    return recorder.status().in_memory

# All is loaded before the rights go with which Python may be read.
assert record(sys.argv[1]) == 0
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
print(record(sys.argv[2]))
"""


def test_a_folder_that_must_not_be_written_is_said_and_harms_nobody(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(tmp_path), folder]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout == "7\n"
    assert told.stderr.count("the outbox can't be written") == 1
    assert "Traceback" not in told.stderr


def test_the_outbox_of_the_environment_may_be_named_from_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KEITO_OUTBOX", "~/books/outbox.db")
    recorder = Recorder(courier="external")

    recorder.start("agent").finish()
    recorder.close(0)

    assert (tmp_path / "books" / "outbox.db").exists()


@pytest.mark.parametrize("name", ["KEITO_ACCOUNT_ID", "KEITO_API_KEY", "KEITO_BASE_URL"])
def test_an_environment_that_is_no_text_ends_no_agent(
    name: str,
    default: None,
    no_keys_yet: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KEITO_OUTBOX", str(tmp_path / "outbox.db"))
    monkeypatch.setenv(name, "http://a\udcff")

    @billed
    def work() -> int:
        return 1

    assert work() == 1
