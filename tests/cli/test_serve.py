"""`keito sandbox`, as a process."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from keito import Keito

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in another way")


class Running:
    """A `keito sandbox` that runs, and what it has said."""

    def __init__(self, *options: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keito.cli", "sandbox", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
        )
        self.said = self._until("Press Ctrl-C")

    @property
    def env(self) -> dict[str, str]:
        exports = re.findall(r"^export (\w+)=(.*)$", self.said, re.MULTILINE)
        return {name: shlex.split(value)[0] for name, value in exports}

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def _until(self, last: str) -> str:
        assert self.process.stdout
        said = ""
        for line in self.process.stdout:
            said += line
            if last in line:
                return said
        raise AssertionError(f"it ended, having said {said!r} {self.process.communicate()[1]}")


@contextmanager
def serving(*options: str, **env: str) -> Iterator[Running]:
    running = Running("--port", "0", *options, **env)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


def client(running: Running) -> Keito:
    return Keito(
        api_key=running.env["KEITO_API_KEY"],
        account_id=running.env["KEITO_ACCOUNT_ID"],
        base_url=running.env["KEITO_BASE_URL"],
    )


def test_the_printed_lines_are_all_a_client_needs() -> None:
    with serving() as running, client(running) as keito:
        entry = keito.time_entries.create(
            project_id=running.env["KEITO_PROJECT_ID"],
            task_id=running.env["KEITO_TASK_ID"],
            spent_date="2026-03-02",
            hours=1,
        )

    assert entry.user_id == "usr_ada"


def test_what_it_prints_fits_80_columns_and_is_plain_without_a_terminal() -> None:
    with serving() as running:
        said = running.said

    assert max(len(line) for line in said.splitlines()) <= 80
    assert "\x1b" not in said
    assert "kto_sandbox_manager" in said


def test_a_line_to_copy_is_not_broken_in_a_narrow_terminal() -> None:
    with serving(COLUMNS="20") as running:
        assert running.env["KEITO_BASE_URL"].startswith("http://127.0.0.1:")
        assert running.env["KEITO_PROJECT_ID"] == "prj_acme_support"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_when_told_to(number: signal.Signals) -> None:
    with serving() as running:
        url = running.env["KEITO_BASE_URL"]

        assert running.end(number) == (0, "stopped\n", "")

    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_role_can_be_chosen() -> None:
    with serving("--role", "agent") as running, client(running) as keito:
        assert keito.users.me().id == "usr_agent"


def test_a_file_keeps_the_state(tmp_path: Path) -> None:
    data = str(tmp_path / "keito.db")
    with serving("--data", data) as running, client(running) as keito:
        assert f"It keeps its state in {data}" in running.said
        name = keito.clients.create(name="Kept").name
        running.end(signal.SIGTERM)

    with serving("--data", data) as running, client(running) as keito:
        assert name in [found.name for found in keito.clients.list()]


def test_a_seed_makes_ids_and_times_the_same() -> None:
    made = []
    for _ in range(2):
        with serving("--seed", "7") as running, client(running) as keito:
            made.append(keito.clients.create(name="New"))

    assert made[0] == made[1]


def refused(*options: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "keito.cli", "sandbox", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        assert refused("--port", port).startswith(f"port {port} can't be used")


def test_a_damaged_file_is_said_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "keito.db"
    data.write_text("not a database, but long enough to be read as one" * 100)

    message = refused("--port", "0", "--data", str(data))

    assert str(data) in message
    assert len(message.splitlines()) == 1
