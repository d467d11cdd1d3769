"""Taking entries back: not billable any more, with the reason in their metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..._errors import KeitoApiError, KeitoConnectionError
from ...billing.metadata import LIMIT, NEVER_CUT, by_rank, size
from .plan import Item

if TYPE_CHECKING:
    from ..._sync.client import Keito

# A reason is read by people; what is longer belongs elsewhere.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Voided:
    """What was done: the entries taken back, and why others could not be."""

    voided: Sequence[str]
    failed: Mapping[str, str]


def void_all(
    client: Keito, items: Sequence[Item], reason: str, *, tell: Callable[[str], None]
) -> Voided:
    """Take entries back, one after the other."""
    done: list[str] = []
    failed: dict[str, str] = {}
    for item in items:
        change = marked(item.metadata, reason, at=datetime.now(timezone.utc))
        try:
            client.time_entries.update(item.id, billable=False, metadata=change)
            done.append(item.id)
        except (KeitoApiError, KeitoConnectionError) as error:
            failed[item.id] = str(error)
        tell(f"({len(done)} of {len(items)})")
    return Voided(done, failed)


def marked(before: Mapping[str, Any], reason: str, *, at: datetime) -> dict[str, Any]:
    """Return the change of an entry's metadata that says why it is not charged.

    Where it has no room for that, the least telling of what is there makes it.
    """
    change: dict[str, Any] = {
        "void_reason": reason[:_LONGEST],
        "voided_at": at.isoformat(timespec="seconds"),
    }
    ours = [*change, *NEVER_CUT]
    for name in reversed(by_rank({**before, **change})):
        if size({**before, **change}) <= LIMIT:
            break
        if name not in ours:
            # A merging PATCH can't take a key away.
            change |= {name: None, "truncated": True}
    return change
