"""gunicorn: processes that are forked, replaced, told to stop and killed, and share an outbox."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE
from tests.places.books import books, charged, delivered
from tests.places.conftest import Start
from tests.places.program import Program
from tests.sandbox.waiting import eventually


class Server:
    """A server with two workers, and browsers that ask it."""

    def __init__(self, program: Program, door: Path, browsers: ThreadPoolExecutor) -> None:
        self.program = program
        self._door = door
        self._browsers = browsers

    def asked(self, what: str) -> Future[str | None]:
        """Ask for something: the worker that did it, or None if there was no answer."""
        return self._browsers.submit(self._ask, what)

    def _ask(self, what: str) -> str | None:
        transport = httpx.HTTPTransport(uds=str(self._door))
        with httpx.Client(transport=transport, timeout=PATIENCE) as browser:
            try:
                answer = browser.get(f"http://server/{what}")
            except httpx.TransportError:
                return None
        return answer.text if answer.is_success else None


@pytest.fixture
def serve(start: Start, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    with ThreadPoolExecutor(8) as browsers:

        def serve(*options: str) -> Server:
            door = tmp_path / "door"
            command = ["-m", "gunicorn", "--workers", "2", "--bind", f"unix:{door}"]
            # There gunicorn has a socket of its own, which would otherwise be in the home folder.
            program = start(
                *command, *options, "tests.places.served:app", XDG_RUNTIME_DIR=str(tmp_path)
            )
            assert program.says("Booting worker", times=2), program.log
            return Server(program, door, browsers)

        yield serve


@pytest.mark.parametrize(
    "options", [(), ("--preload", "--max-requests", "3")], ids=["plain", "preloaded and replaced"]
)
def test_each_request_is_billed_once_whichever_worker_answers(
    serve: Callable[..., Server], successor: Recorder, local: LocalKeito, options: tuple[str, ...]
) -> None:
    server = serve(*options)

    answers: list[str | None] = []
    while len(set(answers)) < 2:
        asked = [server.asked("quick") for _ in range(8)]
        answers += [answer.result() for answer in asked]
    code = server.program.end()

    assert code == 0
    assert None not in answers
    assert delivered(local, successor, at_least=len(answers)) == {"quick ok": len(answers)}


def test_a_request_whose_worker_is_killed_is_recovered_by_another_and_not_charged(
    serve: Callable[..., Server], local: LocalKeito
) -> None:
    server = serve()
    server.asked("quick").result()

    answer = server.asked("killed").result()

    def recovered() -> bool:
        # Whichever worker is asked looks for what others have left.
        return bool(server.asked("quick").result() and books(local)["killed recovered"])

    assert answer is None
    assert eventually(recovered, within=PATIENCE)
    assert books(local)["killed recovered"] == 1
    assert charged(local, "killed") == [False]


def test_a_request_that_is_under_way_as_the_server_is_restarted_is_billed_once(
    serve: Callable[..., Server], successor: Recorder, local: LocalKeito
) -> None:
    server = serve()
    under_way = server.asked("slow")
    assert server.program.says("at work")

    server.program.popen.send_signal(signal.SIGHUP)
    assert server.program.says("Booting worker", times=4)
    after = server.asked("quick")

    assert None not in {under_way.result(), after.result()}
    server.program.end()
    assert delivered(local, successor, at_least=2) == {"slow ok": 1, "quick ok": 1}


def test_a_request_that_takes_too_long_is_recorded_once_and_not_charged(
    serve: Callable[..., Server], successor: Recorder, local: LocalKeito
) -> None:
    server = serve("--timeout", "1")

    answers = [server.asked(what) for what in ("hanging", "deaf")]

    assert [answer.result() for answer in answers] == [None, None]
    assert delivered(local, successor, at_least=2) == {"hanging cancelled": 1, "deaf recovered": 1}
    assert not any(charged(local, "hanging") + charged(local, "deaf"))
    assert eventually(lambda: server.asked("quick").result() is not None)
