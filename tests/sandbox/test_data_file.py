"""State in a file: it survives a restart and a kill, and is never half written."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from keito.sandbox import DataFileError
from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http, created, entry, exact, expense, invoice, new_entry

PATH = "/api/v2/time_entries"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "keito.db"


def everything(local: LocalKeito) -> list[object]:
    with Http(local) as http:
        paths = ("time_entries", "expenses", "projects", "clients", "invoices", "users/me")
        return [http.get(f"/api/v2/{path}").json().get(path) for path in paths]


def test_a_restarted_sandbox_answers_as_before(data: Path) -> None:
    with sandbox(data=data) as local, Http(local) as http:
        kept = new_entry(http, hours=0.1, metadata={"cost_usd": 0.0001, "ü": [1, None]})
        http.patch(f"{PATH}/{kept['id']}", json={"notes": "changed"})
        http.delete(f"{PATH}/{new_entry(http)['id']}")
        new_entry(http, is_running=True)
        created(http, "/api/v2/expenses", expense())
        created(http, "/api/v2/invoices", invoice(tax=19))
        http.patch("/api/v2/clients/cli_acme", json={"name": "Acme Ltd"})
        before = everything(local)

    with sandbox(data=data) as local:
        after = everything(local)

    assert after == before


def test_a_restarted_sandbox_with_a_seed_gives_new_ids_and_later_times(data: Path) -> None:
    made = []
    for _ in range(2):
        with sandbox(data=data, seed=3) as local, Http(local) as http:
            made.append(new_entry(http))

    assert made[0]["id"] != made[1]["id"]
    assert made[0]["created_at"] < made[1]["created_at"]


def test_a_reset_clears_the_file(data: Path) -> None:
    with sandbox(data=data) as local, Http(local) as http:
        new_entry(http)
        local.reset()

    with sandbox(data=data) as local:
        assert local.entries() == []


SERVE = """
import sys, time
from keito.testing import sandbox
with sandbox(data=sys.argv[1]) as local:
    print(local.base_url, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_was_answered_survives_a_kill(data: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    url = process.stdout.readline().strip()
    headers = {"Authorization": "Bearer kto_sandbox_admin", "Keito-Account-Id": "acc_sandbox"}
    answers = [httpx.post(url + PATH, json=entry(), headers=headers) for _ in range(20)]

    process.send_signal(signal.SIGKILL)
    process.communicate()

    with sandbox(data=data) as local:
        assert [item["id"] for item in local.entries()] == [exact(a)["id"] for a in answers]


def refused(data: Path) -> str:
    with pytest.raises(DataFileError) as error, sandbox(data=data):
        pass
    return str(error.value)


def test_a_file_that_is_no_database_is_refused_with_its_name(data: Path) -> None:
    data.write_bytes(b"{}" * 4096)

    assert str(data) in refused(data)
    assert "move it away" in refused(data)
    assert data.read_bytes() == b"{}" * 4096


def test_a_damaged_file_is_refused(data: Path) -> None:
    with sandbox(data=data) as local, Http(local) as http:
        new_entry(http)
    content = data.read_bytes()
    data.write_bytes(content[: len(content) // 2])

    assert "can't be read" in refused(data)


def test_a_record_that_can_not_be_read_is_refused(data: Path) -> None:
    with sandbox(data=data):
        pass
    with sqlite3.connect(data) as database:
        database.execute("UPDATE record SET body = '{\"id\": 1}' WHERE kind = 'Task'")
    database.close()

    assert "can't be read" in refused(data)


def test_another_programs_database_is_refused(data: Path) -> None:
    with sqlite3.connect(data) as database:
        database.execute("CREATE TABLE other (name TEXT)")
    database.close()

    assert "is not a file of `keito sandbox`" in refused(data)


def test_a_file_in_use_is_refused(data: Path) -> None:
    with sandbox(data=data):
        assert "in use by another sandbox" in refused(data)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "can't be read" in refused(tmp_path / "none" / "keito.db")
