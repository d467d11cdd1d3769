"""`keito sweep`: a day compared with Keito, and nothing done about it."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from keito.cli.courier.delivering import serving
from keito.cli.place import place
from tests.cli.conftest import World


def today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def delivered(world: World) -> None:
    world.record()
    world.said("outbox", "flush")


def test_a_day_that_is_as_it_should_be_says_so(world: World) -> None:
    delivered(world)

    said = world.said("sweep", today())

    assert said == f"{today()}: 2 records here, 2 in Keito: as it should be\n"


def test_yesterday_is_swept_unless_a_day_is_given(world: World) -> None:
    delivered(world)

    report = world.read("sweep")

    assert (report["day"] < today(), report["compared"], report["findings"]) == (True, 0, [])


def test_what_another_outbox_made_is_listed_and_the_exit_code_says_so(world: World) -> None:
    delivered(world)
    other = world.recorder(outbox=world.path.with_name("other.db"), courier="thread")
    with other.run("elsewhere"):
        pass
    other.flush(20)
    other.close()

    said = world.said("sweep", today(), code=3)
    report = world.read("sweep", today(), code=3)

    assert said.splitlines()[0].endswith("2 records here, 3 in Keito: 1 foreign")
    assert "by elsewhere" in said
    assert [found["what"] for found in report["findings"]] == ["foreign"]


def test_a_day_that_can_t_be_listed_fails(world: World) -> None:
    delivered(world)
    world.local.faults.error(503, times=None, method="GET", path="/api/v2/time_entries")

    result = world.keito("sweep", today())

    assert result.exit_code == 1
    assert "would not list prj_acme_support: HTTP 503" in result.stderr


def test_a_day_that_is_none_is_refused(world: World) -> None:
    delivered(world)

    result = world.keito("sweep", "tomorrow")

    assert (result.exit_code, "a day looks like" in result.stderr) == (2, True)


def test_a_service_sweeps_where_it_is_asked_to(world: World) -> None:
    delivered(world)

    with serving([place(str(world.path))], grace=5, sweep=True):
        deadline = time.monotonic() + 20
        while (
            len(world.read("outbox", "list", "--state", "all")) < 4 and time.monotonic() < deadline
        ):
            time.sleep(0.1)

    found = world.read("outbox", "list", "--state", "all")
    assert [record["kind"] for record in found[2:]] == ["sweep", "sweep"]
