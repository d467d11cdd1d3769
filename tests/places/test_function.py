"""A function, as on Lambda: frozen after each call, and one day not woken again, its disk gone."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE, recorder_to
from tests.places.books import books, delivered
from tests.places.conftest import Start
from tests.places.program import Program

FUNCTION = ("-m", "tests.places.function")


def call(container: Program, *, deliver_for: float) -> int:
    """Wake it for a call, freeze it again; what is left by its own account."""
    calls = container.log.count("left: ")
    container.popen.send_signal(signal.SIGCONT)
    container.hear(str(deliver_for))
    assert container.says("left: ", times=calls + 1), container.log
    container.popen.send_signal(signal.SIGSTOP)
    return int(re.findall(r"left: (\d+)", container.log)[-1])


def test_what_a_call_says_is_left_is_what_its_disk_takes_along(
    start: Start, local: LocalKeito, tmp_path: Path
) -> None:
    containers = [start(*FUNCTION, KEITO_OUTBOX=str(tmp_path / name / "o.db")) for name in "ab"]

    first = call(containers[0], deliver_for=PATIENCE)
    with local.outage():
        second = call(containers[0], deliver_for=0.2)
    containers[0].close()
    # Another one, with another disk, knows nothing of it.
    third = call(containers[1], deliver_for=PATIENCE)

    assert (first, second, third) == (0, 1, 0)
    assert books(local) == {"call ok": 2}


def test_in_postgresql_nothing_is_lost_when_a_container_does_not_come_back(
    start: Start, local: LocalKeito, postgres_place: str, tmp_path: Path
) -> None:
    container = start(*FUNCTION, KEITO_OUTBOX=postgres_place)

    with local.outage():
        left = [call(container, deliver_for=0.2) for _ in range(2)]
    container.close()
    other = recorder_to(local, tmp_path, outbox=postgres_place)

    assert left == [1, 2]
    assert delivered(local, other, at_least=2) == {"call ok": 2}
    other.close(1)
