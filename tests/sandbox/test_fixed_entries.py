"""Work that people have approved, locked or billed stays as it is."""

from __future__ import annotations

import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import Http, created, error, exact, expense, listed, new_entry

PATH = "/api/v2/time_entries"
HOW = ["approve", "lock", "bill"]


@pytest.mark.parametrize("how", HOW)
def test_it_can_not_be_changed(local: LocalKeito, admin: Http, how: str) -> None:
    made = new_entry(admin)
    getattr(local, how)(made["id"])

    refused = admin.patch(f"{PATH}/{made['id']}", json={"hours": 9})

    assert error(refused) == (403, "forbidden")
    assert listed(admin)[0]["hours"] == made["hours"]


@pytest.mark.parametrize("how", HOW)
def test_it_can_not_be_deleted(local: LocalKeito, admin: Http, how: str) -> None:
    made = new_entry(admin)
    getattr(local, how)(made["id"])

    assert error(admin.delete(f"{PATH}/{made['id']}")) == (409, "conflict")
    assert len(local.entries()) == 1


@pytest.mark.parametrize("how", HOW)
def test_its_timer_can_not_be_restarted(local: LocalKeito, admin: Http, how: str) -> None:
    made = new_entry(admin)
    getattr(local, how)(made["id"])

    assert error(admin.patch(f"{PATH}/{made['id']}/restart")) == (403, "forbidden")


@pytest.mark.parametrize(
    ("how", "flag"), [("approve", "is_closed"), ("lock", "is_locked"), ("bill", "is_billed")]
)
def test_the_entry_says_so(local: LocalKeito, admin: Http, how: str, flag: str) -> None:
    made = new_entry(admin)

    getattr(local, how)(made["id"])

    changed = listed(admin)[0]
    assert {name for name in changed if changed[name] != made[name]} <= {flag, "updated_at"}
    assert changed[flag] is True


def test_expenses_are_approved_locked_and_billed_too(local: LocalKeito, admin: Http) -> None:
    made = created(admin, "/api/v2/expenses", expense())
    assert made["approval_status"] == "unsubmitted"

    for how in HOW:
        getattr(local, how)(made["id"])

    changed = local.expenses()[0]
    assert changed["approval_status"] == "approved"
    assert (changed["is_locked"], changed["is_billed"]) == (True, True)
    assert exact(admin.get("/api/v2/expenses", params={"is_billed": "false"}))["expenses"] == []
