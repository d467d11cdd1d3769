"""Which time entries a list shows, and in which order."""

from __future__ import annotations

import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import Http, error, exact, listed, new_entry


def ids(http: Http, **query: object) -> list[str]:
    return [item["id"] for item in listed(http, **query)]


def test_the_latest_day_comes_first_and_on_it_the_latest_entry(admin: Http) -> None:
    first, second, third = (
        new_entry(admin, spent_date=day)["id"] for day in ("2026-03-02", "2026-03-09", "2026-03-02")
    )

    assert ids(admin) == [second, third, first]


def test_both_ends_of_a_period_belong_to_it(admin: Http) -> None:
    days = [f"2026-03-0{day}" for day in (1, 2, 3, 4)]
    made = {day: new_entry(admin, spent_date=day)["id"] for day in days}

    found = exact(
        admin.get("/api/v2/time_entries", params={"from": "2026-03-02", "to": "2026-03-03"})
    )

    assert [item["id"] for item in found["time_entries"]] == [made[days[2]], made[days[1]]]


@pytest.mark.parametrize(
    ("query", "other"),
    [
        ({"project_id": "prj_acme_support"}, {"project_id": "prj_own"}),
        ({"client_id": "cli_acme"}, {"project_id": "prj_own"}),
        ({"task_id": "tsk_agent_run"}, {"task_id": "tsk_support"}),
        ({"source": "agent"}, {"source": "web"}),
        ({"user_id": "usr_ada"}, {"user_id": "usr_mia"}),
    ],
)
def test_a_list_can_be_narrowed(
    admin: Http, query: dict[str, str], other: dict[str, object]
) -> None:
    wanted = new_entry(admin, source="agent")["id"]
    new_entry(admin, **{"source": "agent", **other})

    assert ids(admin, **query) == [wanted]


def test_several_sources_are_separated_by_commas(admin: Http) -> None:
    sources = ("agent", "cli", "calendar", "web")
    made = {source: new_entry(admin, source=source)["id"] for source in sources}

    assert ids(admin, source="agent,calendar") == [made["calendar"], made["agent"]]


def test_an_unknown_source_is_refused(admin: Http) -> None:
    response = admin.get("/api/v2/time_entries", params={"source": "agent,robot"})

    assert error(response) == (400, "bad request")


def test_billed_and_running_entries_can_be_told_apart(admin: Http, local: LocalKeito) -> None:
    plain, billed = new_entry(admin)["id"], new_entry(admin)["id"]
    running = new_entry(admin, is_running=True)["id"]
    local.bill(billed)

    assert ids(admin, is_billed="true") == [billed]
    assert set(ids(admin, is_billed="false")) == {plain, running}
    assert ids(admin, is_running="true") == [running]


def test_updated_since_shows_what_changed_from_that_moment_on(admin: Http) -> None:
    old, new = new_entry(admin), new_entry(admin)
    changed = exact(admin.patch(f"/api/v2/time_entries/{old['id']}", json={"hours": 3}))

    assert old["id"] in ids(admin, updated_since=changed["updated_at"])
    assert ids(admin, updated_since="2999-01-01T00:00:00Z") == []
    assert set(ids(admin, updated_since="2020-01-01T00:00:00+02:00")) == {old["id"], new["id"]}


def test_the_shown_time_of_a_change_is_not_too_late_to_find_it(admin: Http) -> None:
    made = new_entry(admin)

    assert ids(admin, updated_since=made["updated_at"]) == [made["id"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"is_billed": "maybe"},
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"updated_since": "soon"},
    ],
)
def test_a_filter_of_another_form_is_refused(admin: Http, wrong: dict[str, str]) -> None:
    assert error(admin.get("/api/v2/time_entries", params=wrong)) == (400, "bad request")


def test_a_list_shows_a_change_at_once(admin: Http) -> None:
    made = new_entry(admin)
    listed(admin)

    admin.patch(f"/api/v2/time_entries/{made['id']}", json={"hours": 7})

    assert listed(admin)[0]["hours"] == 7
