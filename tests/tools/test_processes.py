"""Caps and subjects hold however many processes a model, or many of them, claims in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito, sandbox
from tests.billing.sending import FAST
from tests.tools.model import CONTRACT, HOURS, PER_DAY

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKeito]:
    """What Keito has after four processes have claimed as much as they could, into one file."""
    outbox = tmp_path_factory.mktemp("shared") / "outbox.db"
    with sandbox() as keito:
        others = {name: v for name, v in os.environ.items() if not name.startswith("KEITO_")}
        settings = {**others, **keito.env, "KEITO_OUTBOX": str(outbox)}
        models = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.tools.model", str(n)], cwd=ROOT, env=settings
            )
            for n in range(4)
        ]
        assert [model.wait(60) for model in models] == [0, 0, 0, 0]
        rest = Recorder(
            outbox=outbox,
            mode="live",
            contract=CONTRACT,
            timing=FAST,
            requests_per_minute=None,
            **keito.client_settings,
        )
        assert rest.flush(30) == 0
        rest.close(1)
        yield keito


def outcomes(keito: LocalKeito, outcome_type: str) -> list[dict[str, Any]]:
    return [e for e in keito.entries() if e["metadata"].get("outcome_type") == outcome_type]


def test_each_ticket_is_recorded_once(claimed: LocalKeito) -> None:
    subjects = [
        entry["metadata"]["outcome_subject"] for entry in outcomes(claimed, "ticket_resolved")
    ]

    assert sorted(subjects) == [f"T-{number}" for number in range(8)]


def test_no_more_tickets_are_charged_than_a_day_may_have(claimed: LocalKeito) -> None:
    found = outcomes(claimed, "ticket_resolved")

    charged = [entry for entry in found if entry["billable"]]
    capped = [entry for entry in found if entry["metadata"].get("capped") is True]
    assert (len(charged), len(capped)) == (PER_DAY, 8 - PER_DAY)


def test_no_more_pages_are_charged_than_a_day_may_have(claimed: LocalKeito) -> None:
    found = outcomes(claimed, "page_translated")

    charged = sum(entry["metadata"]["outcome_quantity"] for entry in found if entry["billable"])
    assert len(found) == 32
    assert charged == PER_DAY - PER_DAY % 2


def test_no_more_hours_are_charged_than_a_day_may_have(claimed: LocalKeito) -> None:
    found = [e for e in claimed.entries() if e["metadata"].get("time_basis") == "told"]

    charged = sum(Decimal(str(entry["hours"])) for entry in found if entry["billable"])
    assert len(found) == 32
    assert charged == HOURS


def test_no_more_expenses_are_charged_than_a_day_may_have(claimed: LocalKeito) -> None:
    found = claimed.expenses()

    charged = [expense for expense in found if expense["billable"]]
    assert len(found) == 8
    assert sum(expense["metadata"]["expense_quantity"] for expense in charged) == 4
    assert {Decimal(str(expense["total_cost"])) for expense in found} == {Decimal("0.5")}
