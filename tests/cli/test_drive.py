"""The commands that drive a sandbox which runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from keito.cli.app import app
from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http, new_entry
from tests.sandbox.waiting import eventually

Drive = Callable[..., Result]


@pytest.fixture
def local() -> Iterator[LocalKeito]:
    with sandbox() as running:
        yield running


@pytest.fixture
def admin(local: LocalKeito) -> Iterator[Http]:
    with Http(local) as http:
        yield http


@pytest.fixture
def drive(local: LocalKeito, monkeypatch: pytest.MonkeyPatch) -> Drive:
    monkeypatch.setenv("KEITO_BASE_URL", local.base_url)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["sandbox", *words])

    return run


def read(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("verb", "done", "flag"),
    [
        ("approve", "approved", "is_closed"),
        ("lock", "locked", "is_locked"),
        ("bill", "billed", "is_billed"),
    ],
)
def test_entries_can_be_marked(
    local: LocalKeito, admin: Http, drive: Drive, verb: str, done: str, flag: str
) -> None:
    first, second = new_entry(admin)["id"], new_entry(admin)["id"]

    result = drive(verb, first, second)

    assert (result.stdout, result.exit_code) == (f"{done}: {first}, {second}\n", 0)
    assert [entry[flag] for entry in local.entries()] == [True, True]
    assert read(drive(verb, first, "--json")) == {done: [first]}


def test_an_unknown_entry_is_said_in_one_line(drive: Drive) -> None:
    result = drive("approve", "ent_none")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "time entry or expense ent_none was not found\n"


def test_a_fault_happens_and_is_described(drive: Drive, admin: Http) -> None:
    result = drive("fault", "error", "--status", "502", "--before", "--method", "get")

    assert result.stdout == "GET, once: answer 502, without carrying it out\n"
    assert [admin.get("/api/v2/tasks").status_code for _ in range(2)] == [502, 200]


@pytest.mark.parametrize(
    ("words", "described"),
    [
        (
            ["drop"],
            "any request, once: cut the connection instead of answering, after carrying it out",
        ),
        (
            ["drop", "--times", "3", "--path", "*entries"],
            "any request *entries, 3 times: cut the connection instead of answering,"
            " after carrying it out",
        ),
        (
            ["hang", "--before", "--times", "0", "--probability", "0.5"],
            "any request, always with probability 0.5: answer nothing, without carrying it out",
        ),
        (
            ["late", "--seconds", "2.5", "--first-attempt"],
            "any request, once, only the first attempt: answer 503 and carry it out 2.5 s later",
        ),
        (["rate_limit", "--retry-after", "7"], "any request, once: answer 429 with Retry-After 7"),
        (["stale", "--seconds", "3"], "any request, once: let lists be 3.0 s behind"),
        (["truncated"], "any request, once: send half of the answer"),
    ],
)
def test_every_fault_is_described(drive: Drive, words: list[str], described: str) -> None:
    assert drive("fault", *words).stdout == described + "\n"
    assert drive("faults").stdout == described + "\n"


def test_a_fault_as_json_has_all_its_fields(drive: Drive) -> None:
    fault = read(drive("fault", "rate_limit", "--retry-after", "5", "--as-date", "--json"))

    assert (fault["kind"], fault["retry_after"], fault["as_date"], fault["hits"]) == (
        "rate_limit", 5, True, 0,
    )  # fmt: skip


def test_faults_can_be_taken_away(local: LocalKeito, drive: Drive) -> None:
    local.faults.drop()

    assert drive("faults", "--clear").stdout == "1 faults taken away\n"
    assert drive("faults").stdout == "no faults\n"
    assert read(drive("faults", "--json")) == {"faults": []}


def test_an_unknown_kind_of_fault_is_refused(drive: Drive) -> None:
    assert drive("fault", "earthquake").exit_code == 2


def test_requests_are_shown(local: LocalKeito, admin: Http, drive: Drive) -> None:
    assert drive("requests").stdout == "no requests\n"
    admin.get("/api/v2/tasks")
    local.faults.drop()
    with pytest.raises(httpx.RemoteProtocolError):
        admin.get("/api/v2/tasks")

    lines = drive("requests").stdout.splitlines()

    assert [line[10:] for line in lines] == [
        "200  GET    /api/v2/tasks",
        "---  GET    /api/v2/tasks  drop",
    ]
    assert [r["status"] for r in read(drive("requests", "--json"))["requests"]] == [200, None]


def test_a_reset_takes_everything_back(local: LocalKeito, admin: Http, drive: Drive) -> None:
    new_entry(admin)

    assert drive("reset").stdout == "as new\n"
    assert local.entries() == []
    assert read(drive("reset", "--json")) == {"reset": True}


def test_an_outage_refuses_connections_for_a_while(admin: Http, drive: Drive) -> None:
    def is_up() -> bool:
        try:
            return admin.get("/api/v2/tasks").status_code == 200
        except httpx.ConnectError:
            return False

    assert drive("outage", "0.4").stdout == "down for 0.4 s\n"
    assert eventually(lambda: not is_up())
    assert eventually(is_up)


def test_without_a_sandbox_it_says_how_to_start_one(drive: Drive) -> None:
    result = drive("reset", "--url", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "start one with `keito sandbox`" in result.stderr


def test_it_never_drives_another_host(drive: Drive) -> None:
    result = drive("reset", "--url", "https://app.keito.io")

    assert result.exit_code == 1
    assert "only a local sandbox can be driven" in result.stderr
