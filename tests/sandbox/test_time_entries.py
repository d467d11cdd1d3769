"""Creating, changing and deleting time entries."""

from __future__ import annotations

import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import D, Http, entry, error, exact, new_entry

PATH = "/api/v2/time_entries"


def test_a_created_entry_has_every_documented_field(admin: Http) -> None:
    made = new_entry(admin, notes="Fixed the login", source="agent", metadata={"run_id": "r1"})

    assert set(made) == {
        "id", "user_id", "project_id", "task_id", "user", "project", "task", "spent_date", "hours",
        "notes", "is_running", "timer_started_at", "started_time", "ended_time", "is_locked",
        "is_closed", "is_billed", "billable", "budgeted", "billable_rate", "cost_rate", "source",
        "metadata", "created_at", "updated_at",
    }  # fmt: skip
    assert made["user"] == {"id": "usr_ada", "name": "Ada Moore"}
    assert made["project"] == {"id": "prj_acme_support", "name": "Support"}
    assert (made["hours"], made["notes"], made["source"]) == (D("1.5"), "Fixed the login", "agent")
    assert made["metadata"] == {"run_id": "r1"}


def test_an_entry_without_hours_has_none_and_no_timer_runs(admin: Http) -> None:
    body = entry()
    del body["hours"]

    made = exact(admin.post(PATH, json=body))

    assert (made["hours"], made["is_running"], made["source"]) == (0, False, "api")


def test_start_and_end_give_the_hours(admin: Http) -> None:
    made = new_entry(admin, hours=0.75, started_time="09:00", ended_time="17:30")
    body = entry(started_time="09:00", ended_time="17:30")
    del body["hours"]
    counted = exact(admin.post(PATH, json=body))

    assert (made["hours"], counted["hours"]) == (D("0.75"), D("8.5"))


def test_an_end_before_the_start_breaks_a_rule(admin: Http) -> None:
    body = entry(started_time="17:00", ended_time="09:00")
    del body["hours"]

    assert error(admin.post(PATH, json=body)) == (422, "unprocessable entity")


@pytest.mark.parametrize("missing", ["project_id", "task_id", "spent_date"])
def test_project_task_and_date_are_required(admin: Http, missing: str) -> None:
    body = entry()
    del body[missing]

    response = admin.post(PATH, json=body)

    assert response.status_code == 400
    assert response.json()["error_description"] == f"{missing} is required"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": -0.1},
        {"hours": 24.01},
        {"hours": "1"},
        {"hours": True},
        {"hours": None},
        {"notes": 1},
        {"notes": None},
        {"billable": "yes"},
        {"spent_date": "2026-02-30"},
        {"spent_date": "20260301"},
        {"spent_date": 20260301},
        {"source": "robot"},
        {"started_time": "24:00"},
        {"started_time": "9:00"},
        {"metadata": []},
        {"metadata": "text"},
        {"project_id": None},
    ],
)
def test_a_field_of_another_form_is_refused(admin: Http, wrong: dict[str, object]) -> None:
    assert error(admin.post(PATH, json=entry(**wrong))) == (400, "bad request")


@pytest.mark.parametrize("hours", [0, 24])
def test_hours_go_from_0_to_24(admin: Http, hours: int) -> None:
    assert new_entry(admin, hours=hours)["hours"] == hours


@pytest.mark.parametrize("unknown", [{"project_id": "prj_none"}, {"task_id": "tsk_none"}])
def test_an_unknown_project_or_task_is_not_found(admin: Http, unknown: dict[str, object]) -> None:
    assert error(admin.post(PATH, json=entry(**unknown))) == (404, "not found")


@pytest.mark.parametrize("archived", [{"project_id": "prj_acme_2024"}, {"task_id": "tsk_retired"}])
def test_an_archived_project_or_task_takes_no_work(
    admin: Http, archived: dict[str, object]
) -> None:
    assert error(admin.post(PATH, json=entry(**archived))) == (422, "unprocessable entity")


def test_unknown_fields_are_ignored(admin: Http) -> None:
    assert "colour" not in new_entry(admin, colour="red")


def test_an_entry_is_billable_as_its_task_is(admin: Http) -> None:
    assert new_entry(admin)["billable"] is True
    assert new_entry(admin, task_id="tsk_internal")["billable"] is False
    assert new_entry(admin, task_id="tsk_internal", billable=True)["billable"] is True


def test_nothing_is_billable_on_an_unbilled_project(admin: Http) -> None:
    made = new_entry(admin, project_id="prj_own", billable=True)

    assert (made["billable"], made["billable_rate"]) == (False, None)


@pytest.mark.parametrize(
    ("project", "task", "rate"),
    [
        ("prj_acme_support", "tsk_agent_run", 150),
        ("prj_acme_research", "tsk_agent_run", 180),
        ("prj_globex_onboarding", "tsk_agent_run", 75),
        ("prj_globex_onboarding", "tsk_research", None),
    ],
)
def test_the_rate_is_the_projects_the_persons_or_the_tasks(
    admin: Http, project: str, task: str, rate: int | None
) -> None:
    made = new_entry(admin, project_id=project, task_id=task)

    assert (made["billable_rate"], made["cost_rate"]) == (rate, 95)


def test_a_change_touches_only_the_fields_it_names(admin: Http) -> None:
    made = new_entry(admin, notes="before", metadata={"a": 1})

    changed = exact(admin.patch(f"{PATH}/{made['id']}", json={"hours": 2.25}))

    assert changed == {**made, "hours": D("2.25"), "updated_at": changed["updated_at"]}
    assert changed["updated_at"] >= made["updated_at"]


def test_null_clears_what_may_be_null(admin: Http) -> None:
    made = new_entry(admin, notes="before", started_time="09:00", ended_time="10:00")

    cleared = exact(
        admin.patch(
            f"{PATH}/{made['id']}", json={"notes": None, "started_time": None, "ended_time": None}
        )
    )

    assert (cleared["notes"], cleared["started_time"], cleared["ended_time"]) == (None, None, None)
    assert error(admin.patch(f"{PATH}/{made['id']}", json={"hours": None}))[0] == 400


def test_moving_an_entry_to_another_project_moves_its_rate(admin: Http) -> None:
    made = new_entry(admin)

    moved = exact(admin.patch(f"{PATH}/{made['id']}", json={"project_id": "prj_acme_research"}))

    assert moved["project"] == {"id": "prj_acme_research", "name": "Research"}
    assert (made["billable_rate"], moved["billable_rate"]) == (150, 180)


def test_an_entry_that_is_no_longer_billable_has_no_rate(admin: Http) -> None:
    made = new_entry(admin)

    changed = exact(admin.patch(f"{PATH}/{made['id']}", json={"billable": False}))

    assert (changed["billable"], changed["billable_rate"]) == (False, None)


def test_the_source_can_not_be_changed(admin: Http) -> None:
    made = new_entry(admin, source="agent")

    refused = admin.patch(f"{PATH}/{made['id']}", json={"source": "web", "hours": 3})
    repeated = admin.patch(f"{PATH}/{made['id']}", json={"source": "agent", "hours": 3})

    assert error(refused) == (400, "bad request")
    assert (exact(repeated)["source"], exact(repeated)["hours"]) == ("agent", 3)


def test_a_deleted_entry_is_gone(admin: Http, local: LocalKeito) -> None:
    made = new_entry(admin)

    deleted = admin.delete(f"{PATH}/{made['id']}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert local.entries() == []
    assert error(admin.delete(f"{PATH}/{made['id']}")) == (404, "not found")


def test_an_unknown_entry_is_not_found(admin: Http) -> None:
    assert error(admin.patch(f"{PATH}/ent_none", json={"hours": 1})) == (404, "not found")
    assert error(admin.patch(f"{PATH}/ent_none/stop")) == (404, "not found")
    assert error(admin.patch(f"{PATH}/ent_none/restart")) == (404, "not found")
