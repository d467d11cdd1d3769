"""Which of our methods and types stand for the API's operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keito.types._arguments import PageChoice
from keito.types._model import Model
from keito.types.client import Client, ClientCreate, ClientFilter, ClientUpdate
from keito.types.contact import Contact, ContactCreate, ContactFilter
from keito.types.expense import Expense, ExpenseCreate, ExpenseFilter
from keito.types.invoice import (
    Deleted,
    Invoice,
    InvoiceCreate,
    InvoiceFilter,
    InvoiceUpdate,
)
from keito.types.invoice_message import InvoiceMessage, InvoiceMessageCreate
from keito.types.project import Project, ProjectFilter
from keito.types.report import TeamTimeFilter, TeamTimeResult
from keito.types.task import Task, TaskFilter
from keito.types.time_entry import (
    TimeEntry,
    TimeEntryCreate,
    TimeEntryFilter,
    TimeEntryRestart,
    TimeEntryStop,
    TimeEntryUpdate,
)
from keito.types.user import User


@dataclass(frozen=True, slots=True)
class Covered:
    """Where our client has one of the API's operations.

    Attributes:
        call: The resource and its method.
        answer: What the method returns, or lists.
        arguments: The TypedDict that its keyword arguments are checked by.
    """

    call: str
    answer: type[Model] | None
    arguments: type | None = None


COVERED: Mapping[str, Covered] = {
    "listTimeEntries": Covered("time_entries.list", TimeEntry, TimeEntryFilter),
    "createTimeEntry": Covered("time_entries.create", TimeEntry, TimeEntryCreate),
    "updateTimeEntry": Covered("time_entries.update", TimeEntry, TimeEntryUpdate),
    "deleteTimeEntry": Covered("time_entries.delete", None),
    "stopTimeEntry": Covered("time_entries.stop_timer", TimeEntry, TimeEntryStop),
    "restartTimeEntry": Covered("time_entries.restart_timer", TimeEntry, TimeEntryRestart),
    "listExpenses": Covered("expenses.list", Expense, ExpenseFilter),
    "createExpense": Covered("expenses.create", Expense, ExpenseCreate),
    "listProjects": Covered("projects.list", Project, ProjectFilter),
    "listClients": Covered("clients.list", Client, ClientFilter),
    "getClient": Covered("clients.get", Client),
    "createClient": Covered("clients.create", Client, ClientCreate),
    "updateClient": Covered("clients.update", Client, ClientUpdate),
    "listContacts": Covered("contacts.list", Contact, ContactFilter),
    "createContact": Covered("contacts.create", Contact, ContactCreate),
    "listTasks": Covered("tasks.list", Task, TaskFilter),
    "getCurrentUser": Covered("users.me", User),
    "listInvoices": Covered("invoices.list", Invoice, InvoiceFilter),
    "getInvoice": Covered("invoices.get", Invoice),
    "createInvoice": Covered("invoices.create", Invoice, InvoiceCreate),
    "updateInvoice": Covered("invoices.update", Invoice, InvoiceUpdate),
    "deleteInvoice": Covered("invoices.delete", Deleted),
    "listInvoiceMessages": Covered("invoices.messages.list", InvoiceMessage, PageChoice),
    "sendInvoice": Covered("invoices.messages.send", InvoiceMessage, InvoiceMessageCreate),
    "getTeamTimeReport": Covered("reports.team_time", TeamTimeResult, TeamTimeFilter),
}

# Where we know better: a client's change is described by the body of its creation, but a change of
# the tax takes no name.
MEANT = "PATCH /api/v2/clients/{id} body.name"
