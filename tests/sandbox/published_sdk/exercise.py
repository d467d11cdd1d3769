"""Uses every resource of the published SDK, and prints what came of it as JSON.

Run by the published SDK's own interpreter, with `sync` or `async` as the argument.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

# Its names are not those of the project that type checkers see under this name.
sdk: Any = importlib.import_module("keito")
common: Any = importlib.import_module("keito.types.common")

DAY = "2026-03-02"
WORK = {"project_id": "prj_acme_support", "task_id": "tsk_agent_run", "spent_date": DAY}
AGENT = common.Source.AGENT


async def done(value: Any) -> Any:
    """The result of a call of either client."""
    return await value if inspect.isawaitable(value) else value


async def items(pages: Any) -> list[Any]:
    """Every item of every page."""
    return [item async for item in pages] if hasattr(pages, "__aiter__") else list(pages)


async def raised(call: Callable[[], Any]) -> list[object]:
    """Which error a call raises, and its status."""
    try:
        await done(call())
    except (sdk.KeitoApiError, sdk.KeitoTimeoutError, sdk.KeitoConnectionError) as error:
        return [type(error).__name__, getattr(error, "status_code", None)]
    return ["nothing", None]


async def time_entries(keito: Any) -> dict[str, object]:
    create = keito.time_entries.create
    made = await done(
        create(**WORK, hours=1.5, notes="a", source=AGENT, metadata={"a": 1, "b": {"c": [2]}})
    )
    changed = await done(keito.time_entries.update(made.id, hours=2.25, metadata={"d": 4}))
    timer = await done(create(**WORK, is_running=True))
    second = await raised(lambda: create(**WORK, is_running=True))
    for number in range(5):
        await done(create(**WORK, hours=number, source=AGENT))
    pages = keito.time_entries.list(source=AGENT, per_page=2, from_date=DAY, to_date=DAY)
    found = await items(pages)
    await done(keito.time_entries.delete(timer.id))
    left = await items(keito.time_entries.list(is_running=True))
    return {
        "create": [made.hours, made.user.name, made.source.value, made.billable_rate],
        "update": [changed.hours, changed.notes, changed.metadata],
        "timer": [timer.is_running, second],
        "list": [len({item.id for item in found}), pages.total_entries, pages.total_pages],
        "delete": [item.id for item in left],
        "fields": [made.created_at.year > 2000, made.spent_date.isoformat(), made.user_id],
    }


async def expenses(keito: Any) -> dict[str, object]:
    spent = {"project_id": "prj_acme_support", "expense_category_id": "cat_llm_usage"}
    made = await done(keito.expenses.create(**spent, spent_date=DAY, total_cost=0.37))
    units = await done(keito.expenses.create(**spent, spent_date=DAY, units=37, source=AGENT))
    found = await items(keito.expenses.list(source=AGENT, is_billed=False))
    return {
        "create": [made.total_cost, made.expense_category.name, made.approval_status.value],
        "units": [units.total_cost, units.units],
        "list": [item.units for item in found],
    }


async def people_and_projects(keito: Any) -> dict[str, object]:
    me = await done(keito.users.me())
    projects = await items(keito.projects.list(client_id="cli_acme"))
    tasks = await items(keito.tasks.list(is_active=False))
    client = await done(
        keito.clients.create(name="New", currency="EUR", payment_terms=common.PaymentTerm.NET_15)
    )
    changed = await done(keito.clients.update(client.id, address="1 Street"))
    contact = await done(keito.contacts.create(client_id=client.id, first_name="Kim"))
    return {
        "users.me": [me.email, me.user_type.value, me.roles, me.company.id],
        "projects.list": sorted([item.name, item.hourly_rate] for item in projects),
        "tasks.list": [item.name for item in tasks],
        "clients.create": [client.name, client.currency, client.payment_days],
        "clients.update": [changed.name, changed.address],
        "clients.get": (await done(keito.clients.get(client.id))).address,
        "clients.list": len(await items(keito.clients.list(per_page=2))),
        "contacts.create": [contact.client.name, contact.first_name],
        "contacts.list": len(await items(keito.contacts.list(client_id=client.id))),
    }


async def invoices(keito: Any) -> dict[str, object]:
    lines = [
        {"description": "March", "quantity": 2, "unit_price": 150, "taxed": True},
        {"description": "Tokens", "unit_price": 0.37},
    ]
    made = await done(
        keito.invoices.create(client_id="cli_acme", issue_date=DAY, tax=10, line_items=lines)
    )
    changed = await done(keito.invoices.update(made.id, subject="March", discount=50))
    recipients = [{"name": "Jo Park", "email": "jo@acme.example"}]
    message = await done(keito.invoices.messages.create(made.id, recipients=recipients))
    opened = await done(keito.invoices.get(made.id))
    messages = await items(keito.invoices.messages.list(made.id))
    draft = await done(keito.invoices.create(client_id="cli_globex"))
    deleted = await done(keito.invoices.delete(draft.id))
    listed = await items(keito.invoices.list(state=common.InvoiceState.OPEN, client_id="cli_acme"))
    return {
        "create": [made.state.value, made.amount, made.tax_amount, made.due_date.isoformat()],
        "lines": [[line.description, line.amount] for line in made.line_items],
        "update": [changed.subject, changed.amount, changed.discount_amount],
        "messages.create": [message.event_type, message.sent_by, message.recipients],
        "get": [opened.state.value, opened.sent_at is not None],
        "messages.list": [item.id == message.id for item in messages],
        "delete": [deleted["deleted"], deleted["id"] == draft.id],
        "list": [item.number for item in listed],
    }


async def reports_and_outcomes(keito: Any) -> dict[str, object]:
    outcome = await done(
        keito.outcomes.log(
            **WORK, outcome_type="ticket_resolved", description="Done", unit_price=0.99
        )
    )
    rows = await items(keito.reports.team_time(from_date="20260301", to_date="20260331"))
    return {
        "outcomes.log": [outcome.hours, outcome.notes, outcome.metadata],
        "reports.team_time": [
            [row.user_name, row.total_hours, row.billable_hours, row.billable_amount, row.currency]
            for row in rows
        ],
    }


async def errors(keito: Any, client: Callable[..., Any]) -> dict[str, object]:
    stranger, agent = client(api_key="kto_sandbox_nobody"), client(api_key="kto_sandbox_agent")
    try:
        return {
            "400": await raised(lambda: keito.time_entries.create(**WORK, hours=25)),
            "401": await raised(stranger.users.me),
            "403": await raised(lambda: agent.clients.create(name="New")),
            "404": await raised(lambda: keito.clients.get("cli_none")),
            "422": await raised(
                lambda: keito.time_entries.create(**{**WORK, "task_id": "tsk_retired"})
            ),
        }
    finally:
        await done(stranger.close())
        await done(agent.close())


async def main(client: Callable[..., Any]) -> None:
    """Print everything that came of it."""
    keito = client()
    try:
        report: dict[str, object] = {
            "time_entries": await time_entries(keito),
            "expenses": await expenses(keito),
            "people_and_projects": await people_and_projects(keito),
            "invoices": await invoices(keito),
            "reports_and_outcomes": await reports_and_outcomes(keito),
            "errors": await errors(keito, client),
        }
    finally:
        closing: Awaitable[None] | None = keito.close()
        await done(closing)
    sys.stdout.write(json.dumps({"version": version("keito"), **report}))


def connect(**options: Any) -> Any:
    """A client of the kind that was asked for."""
    kind = sdk.AsyncKeito if sys.argv[1] == "async" else sdk.Keito
    return kind(base_url=os.environ["KEITO_BASE_URL"], max_retries=0, **options)


if __name__ == "__main__":
    asyncio.run(main(connect))
