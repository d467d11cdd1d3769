"""Adding up what Keito has of agents' work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from ..._money import Sum
from ..names import Names, names_of
from ..period import Period
from ..record import read
from .row import Adding, Group, Row

if TYPE_CHECKING:
    from ..._sync.client import Keito
    from ...billing.outbox.port import Outbox
    from ...types.expense import Expense
    from ...types.time_entry import TimeEntry

By = Literal["client", "project", "agent", "all"]


def summary_rows(
    client: Keito,
    days: Period,
    *,
    by: By,
    outbox: Outbox | None,
    tell: Callable[[str], None],
) -> list[Row]:
    """Add up the agents' time entries and expenses of a period.

    Args:
        client: Whose entries.
        days: The period.
        by: What to add up by; `all` is by each client, project and agent.
        outbox: Where to look for costs that Keito was not told.
        tell: Called with how far it is.
    """
    # Here, since a command that does not add up should not wait for the models to be loaded.
    from ...types.expense import Expense

    names = names_of(client)
    found: dict[Group, Adding] = {}
    for number, item in enumerate(_items(client, days), start=1):
        adding = found.setdefault(_group(item, names, by), Adding())
        if isinstance(item, Expense):
            adding.add_expense(item)
        else:
            adding.add(item, *_cost(item, outbox))
        if number % 100 == 0:
            tell(f"({number} read)")
    ordered = sorted(found, key=lambda group: tuple(name or "" for name in group))
    return [found[group].row(group) for group in ordered]


def _items(client: Keito, days: Period) -> Iterator[TimeEntry | Expense]:
    first, last = days.first, days.last
    yield from client.time_entries.list(from_date=first, to_date=last, source="agent")
    yield from client.expenses.list(from_date=first, to_date=last, source="agent")


def _group(entry: TimeEntry | Expense, names: Names, by: By) -> Group:
    project = names.projects.get(entry.project_id) or entry.project
    agent = (entry.metadata or {}).get("agent_id") or (entry.user.name if entry.user else None)
    return Group(
        client=names.client(entry.project_id) if by != "agent" else "",
        project=(project.name if project else None) or entry.project_id
        if by in ("project", "all")
        else "",
        agent=str(agent or entry.user_id) if by in ("agent", "all") else "",
        currency=names.currency(entry.project_id),
    )


def _cost(entry: TimeEntry, outbox: Outbox | None) -> tuple[Decimal | None, int]:
    """Return what an entry's model calls cost, and how many of them have no known cost."""
    said = entry.metadata or {}
    if "cost_usd" not in said and outbox is not None:
        said = {**said, **_local_cost(outbox, str(said.get("keito_key")))}
    cost, unpriced = _number(said.get("cost_usd")), said.get("llm_calls_unpriced")
    if isinstance(unpriced, int):
        return cost, unpriced
    calls = said.get("llm_calls")
    return cost, calls if cost is None and isinstance(calls, int) else 0


def _local_cost(outbox: Outbox, key: str) -> Mapping[str, object]:
    """Look up what Keito was not told, corrections included."""
    record = outbox.find(key)
    if record is None or not record.cost:
        return {}
    of_entry = [r for r in outbox.of_run(record.run) if r.key == key or r.after == key]
    total, unpriced = Sum(), 0
    for said in (read(one.cost) for one in of_entry):
        total.add(_number(said.get("cost_usd")) or Decimal(0))
        unpriced += said.get("llm_calls_unpriced") or 0
    known = {"cost_usd": total.amount} if "cost_usd" in read(record.cost) else {}
    return {**known, "llm_calls_unpriced": unpriced}


def _number(value: object) -> Decimal | None:
    number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return Decimal(value) if number and isinstance(value, (int, Decimal)) else None
