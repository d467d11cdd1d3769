"""What users write, for the type checkers as much as for the run: nothing here needs a cast."""

from __future__ import annotations

from decimal import Decimal

from keito import (
    AgentMetadata,
    ExpenseCreate,
    InvoiceCreate,
    Keito,
    LineItemCreate,
    Page,
    Recipient,
    TimeEntry,
    TimeEntryCreate,
)
from keito.testing import LocalKeito
from keito.types import ClientCreate, ContactCreate, InvoiceUpdate, TimeEntryUpdate


def test_a_body_can_be_built_first_and_given_as_arguments(keito_sandbox: LocalKeito) -> None:
    time: TimeEntryCreate = {
        "project_id": keito_sandbox.project_id,
        "task_id": keito_sandbox.task_id,
        "spent_date": "2026-03-05",
        "hours": 0.5,
        "metadata": AgentMetadata(agent_id="support", cost_usd=Decimal("0.1")),
    }
    cost: ExpenseCreate = {
        "project_id": keito_sandbox.project_id,
        "expense_category_id": keito_sandbox.expense_category_id,
        "spent_date": "2026-03-05",
        "total_cost": Decimal("4.20"),
    }
    change: TimeEntryUpdate = {"notes": None}

    with Keito(**keito_sandbox.client_settings) as keito:
        entry = keito.time_entries.create(**time, settle=60, request_options={"timeout": 5})
        expense = keito.expenses.create(**cost)
        changed = keito.time_entries.update(entry.id, **change)

    assert (entry.hours, expense.total_cost) == (Decimal("0.5"), Decimal("4.20"))
    assert changed.notes is None


def test_an_invoice_is_drafted_and_sent_from_bodies(keito_sandbox: LocalKeito) -> None:
    company: ClientCreate = {"name": "Initech", "currency": "EUR"}
    to: Recipient = {"name": "Jo", "email": "jo@initech.test"}
    lines: list[LineItemCreate] = [{"description": "Tickets", "quantity": 2, "unit_price": "0.99"}]
    change: InvoiceUpdate = {"subject": "March"}

    with Keito(**keito_sandbox.client_settings) as keito:
        client = keito.clients.create(**company)
        person: ContactCreate = {"client_id": client.id, "first_name": "Jo"}
        bill: InvoiceCreate = {"client_id": client.id, "line_items": lines}
        contact = keito.contacts.create(**person)
        invoice = keito.invoices.create(**bill)
        renamed = keito.invoices.update(invoice.id, **change)
        message = keito.invoices.messages.send(invoice.id, recipients=[to])

    assert (contact.first_name, invoice.amount) == ("Jo", Decimal("1.98"))
    assert (renamed.subject, message.invoice_id) == ("March", invoice.id)


def test_a_list_is_typed_all_the_way(keito_sandbox: LocalKeito) -> None:
    keito_sandbox.fill(3)

    with Keito(**keito_sandbox.client_settings) as keito:
        page: Page[TimeEntry] = keito.time_entries.list(source=["agent", "api"])
        hours: list[Decimal | None] = [entry.hours for entry in page]
        total: int | None = page.total_entries

    assert total == len(hours)
