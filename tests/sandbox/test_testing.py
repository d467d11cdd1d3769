"""`keito.testing`: what users' own tests get."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
from datetime import datetime, timezone
from urllib.parse import urlsplit

import httpx
import pytest

from keito import Keito
from keito.billing import Recorder
from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http, created, expense, invoice, new_entry


def test_our_own_client_takes_its_settings(local: LocalKeito) -> None:
    with Keito(**local.client_settings) as keito:
        me = keito.users.me()

    assert me.id == "usr_ada"


def test_the_environment_is_enough(local: LocalKeito, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in local.env.items():
        monkeypatch.setenv(name, value)

    with Keito() as keito:
        assert keito.users.me().id == "usr_ada"


def test_a_role_can_be_asked_for() -> None:
    with sandbox(role="agent") as local, Keito(**local.client_settings) as keito:
        assert keito.users.me().id == "usr_agent"


def test_stored_records_are_shown_as_the_api_answers_them(local: LocalKeito, admin: Http) -> None:
    made = [new_entry(admin), new_entry(admin, spent_date="2026-01-01")]
    spent = created(admin, "/api/v2/expenses", expense())
    billed = created(admin, "/api/v2/invoices", invoice())

    assert (local.entries(), local.expenses(), local.invoices()) == (made, [spent], [billed])


def test_requests_are_counted_by_method_and_path(local: LocalKeito, admin: Http) -> None:
    new_entry(admin)
    admin.get("/api/v2/time_entries")
    admin.get("/api/v2/tasks")

    assert len(local.requests("POST")) == 1
    assert [r.path for r in local.requests("GET")] == ["/api/v2/time_entries", "/api/v2/tasks"]
    assert [r.method for r in local.requests(path="/api/v2/time_entries")] == ["POST", "GET"]
    assert all(r.seconds is not None and r.status == 200 for r in local.requests())


def test_a_clock_gives_the_time_of_records() -> None:
    def noon() -> datetime:
        return datetime(2026, 3, 2, 12, 0, 0, 123_999, tzinfo=timezone.utc)

    with sandbox(clock=noon) as local, Http(local) as http:
        assert new_entry(http)["created_at"] == "2026-03-02T12:00:00.123Z"


def test_a_stopped_sandbox_refuses_and_leaves_no_thread() -> None:
    threads = threading.active_count()

    with sandbox() as local:
        pass

    with pytest.raises(httpx.ConnectError):
        httpx.get(local.base_url)
    assert threading.active_count() == threads


def test_a_port_can_be_chosen_and_a_taken_one_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), sandbox(port=port):
            pass

    with sandbox(port=port) as local:
        assert local.base_url == f"http://127.0.0.1:{port}"


def test_it_listens_on_loopback_only(local: LocalKeito) -> None:
    assert local.base_url.startswith("http://127.0.0.1:")


def test_it_stops_though_a_request_hangs(local: LocalKeito) -> None:
    with sandbox() as other, Http(other, timeout=30) as http:
        other.faults.hang()
        thread = threading.Thread(target=lambda: _get(http))
        thread.start()
        while not other.requests():
            pass

    thread.join(10)
    assert not thread.is_alive()


def _get(http: Http) -> None:
    with pytest.raises(httpx.TransportError):
        http.get("/api/v2/users/me")


def test_the_key_is_in_no_repr(local: LocalKeito) -> None:
    assert "kto_" not in repr(local)


WITHOUT_THE_EXTRA = """
import sys
sys.modules["fastapi"] = None
from keito.testing import sandbox
try:
    with sandbox():
        pass
except ImportError as error:
    print(error)
"""


def test_without_the_extra_the_error_says_what_to_install() -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA],
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )

    assert 'pip install "keito[sandbox]"' in result.stdout
    assert result.returncode == 0


def test_importing_it_imports_no_server() -> None:
    code = "import sys, keito.testing; print({'fastapi', 'uvicorn', 'httpx'} & set(sys.modules))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert result.stdout.strip() == "set()"


def test_recorders_may_use_another_key_where_an_earlier_local_keito_was() -> None:
    with sandbox(role="admin") as earlier:
        Recorder(**earlier.client_settings, courier="external").close(0)
        port = urlsplit(earlier.base_url).port
        assert port is not None

    with sandbox(role="agent", port=port) as later:
        recorder = Recorder(**later.client_settings, courier="external")

        assert recorder.destination.api_key == later.api_key
        recorder.close(0)


def test_connections_that_are_just_being_accepted_are_closed_when_it_stops() -> None:
    for _ in range(5):
        with sandbox() as other:
            callers = [threading.Thread(target=_call_until_gone, args=(other,)) for _ in range(4)]
            for caller in callers:
                caller.start()
        for caller in callers:
            caller.join()

    # A socket of the server's that is garbage and open would be an error now.
    gc.collect()


def _call_until_gone(local: LocalKeito) -> None:
    port = urlsplit(local.base_url).port
    while True:
        with socket.socket() as caller:
            caller.settimeout(0.1)
            if caller.connect_ex(("127.0.0.1", port)):
                return
