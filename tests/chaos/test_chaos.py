"""A tenth of `make chaos`, and that its audit would tell."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.chaos.conductor import Report, Scale, chaos

pytestmark = [
    pytest.mark.skipif(
        not hasattr(signal, "SIGSTOP"), reason="this platform can't stop a process from outside"
    ),
    # On a busy machine the processes take turns for longer.
    pytest.mark.timeout(300),
]


def described(report: Report) -> str:
    audit = report.audit
    return f"lost {audit.lost}, doubled {audit.doubled}, wrong {audit.wrong}, left {report.left}"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    """Where the outbox is: None is a file."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_place")


def test_processes_that_die_in_every_way_lose_and_double_nothing(
    database: str | None, tmp_path: Path
) -> None:
    report = chaos(tmp_path, Scale(records=1000, kills=24), seed=4, database=database)

    assert report.audit.clean, described(report)
    assert report.left == 0
    assert report.audit.acknowledged >= 1000
    assert report.kills >= 24
    # A killed process leaves at most what it was just recording.
    assert report.audit.unacknowledged <= report.kills
    assert len(report.faults) >= 8
    assert report.deferred == 0


@pytest.mark.parametrize(("sabotage", "seen"), [("again", "doubled"), ("forget", "lost")])
def test_the_audit_tells_of_a_delivery_that_is_worse(
    sabotage: str, seen: str, tmp_path: Path
) -> None:
    scale = Scale(records=400, kills=5, recorders=2, couriers=2, sabotage=sabotage)

    report = chaos(tmp_path, scale, seed=4)

    assert getattr(report.audit, seen)
    assert not report.audit.clean
