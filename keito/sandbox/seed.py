"""The company every sandbox starts with. The ids are readable, and the same everywhere."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from .records import (
    Assignment,
    Client,
    Contact,
    ExpenseCategory,
    IdName,
    Project,
    Task,
    User,
)
from .records.fields import UserType
from .store import Store
from .table import Record

COMPANY = IdName(id="acc_sandbox", name="Harbour & Finch")
ACCOUNT_ID = COMPANY.id
KEY_PREFIX = "kto_sandbox_"
DEFAULT_CURRENCY = "USD"

PROJECT_ID = "prj_acme_support"
TASK_ID = "tsk_agent_run"
CLIENT_ID = "cli_acme"
EXPENSE_CATEGORY_ID = "cat_llm_usage"

# The key `kto_sandbox_{name}` is the key of this user.
USERS_BY_KEY = {
    "admin": "usr_ada",
    "manager": "usr_max",
    "member": "usr_mia",
    "agent": "usr_agent",
    "researcher": "usr_researcher",
}

# Projects on which only people may record work, so that a missing assignment can be met.
_PEOPLE_ONLY = {"prj_globex_audit"}


def plant(store: Store) -> None:
    """Fill an empty store, in one commit."""
    at = store.now()
    clients = {client.id: client for client in _clients(at)}
    projects = _projects(at, clients)
    users = _users(at)
    records: list[Record] = [*clients.values(), *projects, *users, *_contacts(at, clients)]
    store.save(*records, *_tasks(at), *_categories(at), *_assignments(at, projects, users))


def _users(at: datetime) -> list[User]:
    return [
        _user(at, "usr_ada", "Ada Moore", "admin", rate="180", cost="95"),
        _user(at, "usr_max", "Max Berg", "manager", rate="160", cost="80"),
        _user(at, "usr_mia", "Mia Chen", "member", rate="120", cost="55"),
        _user(at, "usr_agent", "Support Agent", "agent", rate="60", cost="4.50"),
        _user(at, "usr_researcher", "Research Agent", "agent", rate="90", cost="7.25"),
    ]


def _user(at: datetime, user_id: str, name: str, role: str, *, rate: str, cost: str) -> User:
    first, last = name.split()
    user_type: UserType = "agent" if role == "agent" else "human"
    return User(
        id=user_id,
        first_name=first,
        last_name=last,
        email=f"{user_id.removeprefix('usr_')}@harbour-finch.example",
        telephone=None,
        timezone="UTC",
        has_access_to_all_future_projects=role == "admin",
        is_contractor=False,
        is_active=True,
        weekly_capacity=144_000,
        default_hourly_rate=Decimal(rate),
        cost_rate=Decimal(cost),
        currency=DEFAULT_CURRENCY,
        roles=[role],
        user_type=user_type,
        avatar_url=None,
        company=COMPANY,
        created_at=at,
        updated_at=at,
    )


def _clients(at: datetime) -> list[Client]:
    return [
        _client(at, CLIENT_ID, "Acme Corporation", "USD"),
        _client(at, "cli_globex", "Globex GmbH", "EUR"),
        _client(at, "cli_own", "Harbour & Finch", "USD"),
        _client(at, "cli_initech", "Initech Ltd", "GBP", is_active=False),
    ]


def _client(
    at: datetime, client_id: str, name: str, currency: str, *, is_active: bool = True
) -> Client:
    return Client(
        id=client_id,
        name=name,
        address=None,
        currency=currency,
        is_active=is_active,
        payment_terms="net_30",
        payment_days=30,
        tax=None,
        tax2=None,
        discount=None,
        statement_key=f"statement_{client_id.removeprefix('cli_')}",
        created_at=at,
        updated_at=at,
    )


def _projects(at: datetime, clients: dict[str, Client]) -> list[Project]:
    acme, globex, own = (clients[key] for key in (CLIENT_ID, "cli_globex", "cli_own"))
    return [
        _project(at, PROJECT_ID, acme, "Support", hourly_rate=Decimal("150"), code="ACME-1"),
        _project(at, "prj_acme_research", acme, "Research", bill_by="People", code="ACME-2"),
        _project(at, "prj_globex_onboarding", globex, "Onboarding", bill_by="Tasks"),
        _project(at, "prj_globex_audit", globex, "Audit", hourly_rate=Decimal("200")),
        _project(at, "prj_own", own, "Internal", is_billable=False, bill_by="none"),
        _project(at, "prj_acme_2024", acme, "Support 2024", is_active=False),
    ]


def _project(
    at: datetime,
    project_id: str,
    client: Client,
    name: str,
    *,
    bill_by: str = "Project",
    code: str | None = None,
    hourly_rate: Decimal | None = None,
    is_active: bool = True,
    is_billable: bool = True,
) -> Project:
    return Project(
        id=project_id,
        client=IdName(id=client.id, name=client.name),
        name=name,
        code=code,
        is_active=is_active,
        is_billable=is_billable,
        is_fixed_fee=False,
        bill_by=bill_by,
        hourly_rate=hourly_rate,
        fee=None,
        budget_by="none",
        budget=None,
        budget_is_monthly=False,
        notify_when_over_budget=False,
        over_budget_notification_percentage=None,
        show_budget_to_all=False,
        cost_budget=None,
        cost_budget_include_expenses=False,
        starts_on=date(2024, 1, 1) if not is_active else None,
        ends_on=date(2024, 12, 31) if not is_active else None,
        notes=None,
        created_at=at,
        updated_at=at,
    )


def _contacts(at: datetime, clients: dict[str, Client]) -> list[Contact]:
    return [
        _contact(at, "con_acme_jo", clients[CLIENT_ID], "Jo", "Park"),
        _contact(at, "con_globex_lena", clients["cli_globex"], "Lena", "Vogt"),
    ]


def _contact(at: datetime, contact_id: str, client: Client, first: str, last: str) -> Contact:
    return Contact(
        id=contact_id,
        client=IdName(id=client.id, name=client.name),
        first_name=first,
        last_name=last,
        title=None,
        email=f"{first.lower()}@{client.id.removeprefix('cli_')}.example",
        phone_office=None,
        phone_mobile=None,
        fax=None,
        created_at=at,
        updated_at=at,
    )


def _tasks(at: datetime) -> list[Task]:
    return [
        _task(at, TASK_ID, "Agent run", rate="75", is_default=True),
        _task(at, "tsk_support", "Support", rate="110"),
        _task(at, "tsk_research", "Research", rate=None),
        _task(at, "tsk_internal", "Internal", rate=None, billable=False),
        _task(at, "tsk_retired", "Fax", rate=None, is_active=False),
    ]


def _task(
    at: datetime,
    task_id: str,
    name: str,
    *,
    rate: str | None,
    billable: bool = True,
    is_active: bool = True,
    is_default: bool = False,
) -> Task:
    return Task(
        id=task_id,
        name=name,
        billable_by_default=billable,
        default_hourly_rate=None if rate is None else Decimal(rate),
        is_default=is_default,
        is_active=is_active,
        parent_task_id=None,
        created_at=at,
        updated_at=at,
    )


def _categories(at: datetime) -> list[ExpenseCategory]:
    return [
        _category(at, EXPENSE_CATEGORY_ID, "LLM Usage", unit="1,000 tokens", price="0.01"),
        _category(at, "cat_hosting", "Hosting"),
        _category(at, "cat_software", "Software"),
        _category(at, "cat_travel", "Travel", unit="kilometre", price="0.42"),
    ]


def _category(
    at: datetime,
    category_id: str,
    name: str,
    *,
    unit: str | None = None,
    price: str | None = None,
) -> ExpenseCategory:
    return ExpenseCategory(
        id=category_id,
        name=name,
        unit_name=unit,
        unit_price=None if price is None else Decimal(price),
        created_at=at,
        updated_at=at,
    )


def _assignments(at: datetime, projects: list[Project], users: list[User]) -> list[Assignment]:
    return [
        Assignment(
            id=f"{project.id}:{user.id}",
            project_id=project.id,
            user_id=user.id,
            created_at=at,
            updated_at=at,
        )
        for project in projects
        for user in users
        if user.user_type == "human" or project.id not in _PEOPLE_ONLY
    ]
