"""Looking an entry up in Keito itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from ... import _json
from ..period import Period
from ..record import SHORT

if TYPE_CHECKING:
    from ..._sync.client import Keito
    from ...types.expense import Expense
    from ...types.time_entry import TimeEntry


def look_up(
    client: Keito,
    name: str,
    days: Period,
    *,
    project: str | None = None,
    tell: Callable[[str], None] = lambda so_far: None,
) -> Mapping[str, Any] | None:
    """Find an entry or expense by its id or its `keito_key`; None if the period has none.

    Args:
        client: Whose entries.
        name: The id, the key, or the key's beginning.
        days: When it was spent.
        project: On which project; default: on any.
        tell: Called with how far it is.
    """
    for number, item in enumerate(_items(client, days, project), start=1):
        key = str((item.metadata or {}).get("keito_key", ""))
        if name in (item.id, key) or (len(name) >= SHORT and key.startswith(name)):
            read = _json.loads(_json.dumps(_plain(item.model_dump())))
            assert isinstance(read, dict)
            return read
        if number % 100 == 0:
            tell(f"({number} entries)")
    return None


def _items(client: Keito, days: Period, project: str | None) -> Iterator[TimeEntry | Expense]:
    first, last = days.first, days.last
    yield from client.time_entries.list(from_date=first, to_date=last, project_id=project)
    yield from client.expenses.list(from_date=first, to_date=last, project_id=project)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
