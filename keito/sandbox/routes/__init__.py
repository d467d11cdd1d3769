"""The API's operations, one file per resource."""

from __future__ import annotations

from . import (
    clients,
    contacts,
    expenses,
    invoices,
    messages,
    projects,
    reports,
    tasks,
    time_entries,
    timers,
    users,
)

ROUTERS = [
    time_entries.router,
    timers.router,
    expenses.router,
    projects.router,
    clients.router,
    contacts.router,
    tasks.router,
    users.router,
    invoices.router,
    messages.router,
    reports.router,
]
