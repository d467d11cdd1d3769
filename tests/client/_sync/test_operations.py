# Generated from tests/client/_async/test_operations.py: change that, then run `make fix`.
"""Every operation, as the local Keito answers it; replayed from cassettes."""

from __future__ import annotations

from datetime import date, timezone
from decimal import Decimal

import pytest

from keito import Keito, KeitoConflictError, KeitoNotFoundError, TimeEntry

DAY = "2026-03-05"
PROJECT = "prj_acme_support"
TASK = "tsk_agent_run"
CLIENT = "cli_acme"


def made(keito: Keito, hours: str = "0.25") -> TimeEntry:
    return keito.time_entries.create(project_id=PROJECT, task_id=TASK, spent_date=DAY, hours=hours)


def test_time_entries_create(keito: Keito) -> None:
    entry = keito.time_entries.create(
        project_id=PROJECT,
        task_id=TASK,
        spent_date=DAY,
        hours="1.250001",
        notes="Reviewed #842",
        billable=True,
        source="agent",
        metadata={"agent_id": "reviewer", "cost_usd": Decimal("0.180000001")},
    )

    assert (entry.project_id, entry.task_id) == (PROJECT, TASK)
    assert entry.spent_date == date(2026, 3, 5)
    assert entry.hours == Decimal("1.250001")
    assert entry.source == "agent"
    assert entry.metadata is not None
    assert entry.metadata["cost_usd"] == Decimal("0.180000001")
    assert entry.created_at is not None
    assert entry.created_at.tzinfo == timezone.utc
    assert entry.http.headers["x-keito-api-version"] == "2"


def test_time_entries_list(keito: Keito) -> None:
    first = made(keito)
    second = made(keito, hours="2")

    page = keito.time_entries.list(project_id=PROJECT, per_page=1)
    every = [entry.id for entry in keito.time_entries.list(project_id=PROJECT, from_date=DAY)]

    assert page.total_entries == 2
    assert page.has_next_page()
    assert set(every) == {first.id, second.id}


def test_time_entries_update(keito: Keito) -> None:
    entry = made(keito)

    merged = keito.time_entries.update(
        entry.id, hours="0.5", notes="More", metadata={"reviewed": True}
    )
    cleared = keito.time_entries.update(entry.id, notes=None, metadata=None)

    assert merged.hours == Decimal("0.5")
    assert merged.metadata is not None
    assert set(merged.metadata) == {"keito_key", "reviewed"}
    assert cleared.notes is None
    assert not cleared.metadata


def test_time_entries_delete(keito: Keito) -> None:
    entry = made(keito)

    keito.time_entries.delete(entry.id)

    with pytest.raises(KeitoNotFoundError):
        keito.time_entries.delete(entry.id)


def test_time_entries_timer(keito: Keito) -> None:
    timer = keito.time_entries.start_timer(project_id=PROJECT, task_id=TASK, spent_date=DAY)
    with pytest.raises(KeitoConflictError):
        keito.time_entries.start_timer(project_id=PROJECT, task_id=TASK, spent_date=DAY)
    stopped = keito.time_entries.stop_timer(timer.id, notes="Done")
    restarted = keito.time_entries.restart_timer(timer.id, replace_running=True)

    assert timer.is_running is True
    assert (stopped.is_running, stopped.notes) == (False, "Done")
    assert restarted.is_running is True


def test_expenses_create(keito: Keito) -> None:
    expense = keito.expenses.create(
        project_id=PROJECT,
        expense_category_id="cat_llm_usage",
        spent_date=DAY,
        total_cost="4.20",
        notes="Model calls",
        source="agent",
        billable=True,
        metadata={"provider": "openai"},
    )

    assert expense.total_cost == Decimal("4.2")
    assert expense.expense_category is not None
    assert expense.expense_category.name == "LLM Usage"
    assert expense.metadata is not None
    assert expense.metadata["provider"] == "openai"


def test_expenses_list(keito: Keito) -> None:
    expense = keito.expenses.create(
        project_id=PROJECT, expense_category_id="cat_llm_usage", spent_date=DAY, units=12
    )

    found = [one for one in keito.expenses.list(from_date=DAY, to_date=DAY)]

    assert found == [expense]
    assert found[0].units == 12


def test_projects_list(keito: Keito) -> None:
    projects = {project.id: project for project in keito.projects.list(client_id=CLIENT)}

    project = projects[PROJECT]
    assert project.hourly_rate == Decimal(150)
    assert project.client is not None
    assert project.client.id == CLIENT


def test_clients_list(keito: Keito) -> None:
    page = keito.clients.list(is_active=True)

    assert CLIENT in {client.id for client in page.data}


def test_clients_get(keito: Keito) -> None:
    client = keito.clients.get(CLIENT)

    assert client.currency == "USD"


def test_clients_create(keito: Keito) -> None:
    client = keito.clients.create(
        name="Initech", currency="EUR", payment_terms="net_15", tax="19.5"
    )

    assert (client.name, client.currency, client.tax) == ("Initech", "EUR", Decimal("19.5"))


def test_clients_update(keito: Keito) -> None:
    client = keito.clients.update(CLIENT, name="Acme Ltd", discount=5)

    assert (client.name, client.discount) == ("Acme Ltd", Decimal(5))


def test_contacts_create(keito: Keito) -> None:
    contact = keito.contacts.create(
        client_id=CLIENT, first_name="Jane", last_name="Smith", email="jane@acme.example"
    )

    assert contact.client is not None
    assert (contact.first_name, contact.client.id) == ("Jane", CLIENT)


def test_contacts_list(keito: Keito) -> None:
    contacts = [contact for contact in keito.contacts.list(client_id=CLIENT)]

    assert contacts
    assert all(contact.client and contact.client.id == CLIENT for contact in contacts)


def test_tasks_list(keito: Keito) -> None:
    tasks = [task.id for task in keito.tasks.list(is_active=True)]

    assert TASK in tasks


def test_users_me(keito: Keito) -> None:
    me = keito.users.me()

    assert me.user_type == "human"
    assert me.email
    assert me.company is not None
    assert me.company.id == "acc_sandbox"


def test_invoices_create(keito: Keito) -> None:
    invoice = keito.invoices.create(
        client_id=CLIENT,
        subject="March",
        payment_term="net_30",
        issue_date="2026-03-31",
        line_items=[
            {"description": "Tickets", "quantity": 42, "unit_price": Decimal("0.99")},
        ],
    )

    assert invoice.state == "draft"
    assert invoice.amount == Decimal("41.58")
    assert invoice.line_items is not None
    assert invoice.line_items[0].amount == Decimal("41.58")


def test_invoices_get(keito: Keito) -> None:
    invoice = keito.invoices.create(client_id=CLIENT)

    assert keito.invoices.get(invoice.id) == invoice


def test_invoices_list(keito: Keito) -> None:
    invoice = keito.invoices.create(client_id=CLIENT)

    found = [one.id for one in keito.invoices.list(state="draft")]

    assert found == [invoice.id]


def test_invoices_update(keito: Keito) -> None:
    invoice = keito.invoices.create(client_id=CLIENT)

    changed = keito.invoices.update(invoice.id, subject="April", tax=20)

    assert (changed.subject, changed.tax) == ("April", Decimal(20))


def test_invoices_delete(keito: Keito) -> None:
    invoice = keito.invoices.create(client_id=CLIENT)

    deleted = keito.invoices.delete(invoice.id)

    assert (deleted.id, deleted.deleted) == (invoice.id, True)


def test_invoices_messages_send(keito: Keito) -> None:
    invoice = keito.invoices.create(client_id=CLIENT)

    message = keito.invoices.messages.send(
        invoice.id,
        recipients=[{"name": "Jane Smith", "email": "jane@acme.example"}],
        subject="Your invoice",
        event_type="send",
    )

    assert message.invoice_id == invoice.id
    assert (keito.invoices.get(invoice.id)).state == "open"


def test_invoices_messages_list(keito: Keito) -> None:
    invoice = keito.invoices.create(client_id=CLIENT)
    message = keito.invoices.messages.send(
        invoice.id, recipients=[{"name": "Jane", "email": "jane@acme.example"}]
    )

    found = [one.id for one in keito.invoices.messages.list(invoice.id)]

    assert found == [message.id]


def test_reports_team_time(keito: Keito) -> None:
    made(keito, hours="1.5")

    lines = [line for line in keito.reports.team_time(from_date=DAY, to_date=date(2026, 3, 6))]

    assert [line.total_hours for line in lines if line.total_hours] == [Decimal("1.5")]


def test_reports_agent_summary(keito: Keito) -> None:
    made(keito, hours="2")
    keito.outcomes.log(
        project_id=PROJECT,
        task_id=TASK,
        outcome_type="ticket_resolved",
        description="Resolved #1",
        unit_price="0.99",
        spent_date=DAY,
    )
    me = keito.users.me()

    summary = keito.reports.agent_summary(user_id=me.id, from_date=DAY, to_date=DAY)

    assert summary.time.billable_hours == Decimal(2)
    assert summary.outcomes.revenue == Decimal("0.99")


def test_outcomes_log(keito: Keito) -> None:
    entry = keito.outcomes.log(
        project_id=PROJECT,
        task_id=TASK,
        outcome_type="ticket_resolved",
        description="Resolved #4821",
        unit_price="0.99",
        quantity=2,
        evidence={"ticket_id": "TKT-4821"},
        spent_date=DAY,
    )

    assert entry.hours == Decimal(0)
    assert entry.notes == "Resolved #4821"
    assert entry.metadata is not None
    assert entry.metadata["outcome_unit_price"] == Decimal("0.99")
    assert entry.metadata["outcome_evidence"] == {"ticket_id": "TKT-4821"}
