"""Entries as we last saw them: a correction never overwrites what anybody else has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .outbox.record import Record
from .wire import Item, key_of, metadata_of, read, unmet

Look = Literal["as wanted", "as last seen", "fixed", "edited", "gone"]
"""How an entry looks before it is corrected.

as wanted: it says already what the correction says.
as last seen: nobody but us has touched it.
fixed: it is locked, billed, approved or handed in for approval.
edited: somebody has changed it.
gone: it is not on its project and day any more.
"""

_FIXED = {"is_locked": "locked", "is_closed": "approved", "is_billed": "billed"}
_UNDER_APPROVAL = ("submitted", "approved")
# Seen with an entry, but no part of what it says.
_NOT_COMPARED = ("id", "metadata", "approval_status", *_FIXED)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an entry that is to be corrected.

    Attributes:
        base: Its record.
        last: How it looked when we last saw it.
        ours: The keys of its metadata that we have written; what others add is theirs.
        superseded: Whether it says already what a newer correction says, which is all that this
            one says, or newer.
    """

    base: Record
    last: Item
    ours: frozenset[str]
    superseded: bool = False

    def find(self, items: Sequence[Item]) -> Item | None:
        """Find the entry in a listing of its project and day."""
        remote, key = self.base.remote, self.base.key
        found = (x for x in items if (x.get("id") == remote if remote else key_of(x) == key))
        return next(found, None)

    def look(self, correction: Record, item: Item | None) -> tuple[Look, str]:
        """Say how the entry looks, and what about it does, for people."""
        if item is None:
            return "gone", "the entry is not on its project and day any more"
        if self.superseded or not unmet(correction, item):
            return "as wanted", ""
        fixed = _fixed(item)
        if fixed:
            return "fixed", fixed
        edited = self._edited(item)
        return ("edited", f"changed {', '.join(edited)}") if edited else ("as last seen", "")

    def _edited(self, item: Item) -> list[str]:
        fields = [name for name in self.last if name not in _NOT_COMPARED]
        before, after = metadata_of(self.last), metadata_of(item)
        return [
            *(name for name in fields if item.get(name) != self.last[name]),
            *(name for name in sorted(self.ours) if after.get(name) != before.get(name)),
        ]


def seen(correction: Record, of_run: Sequence[Record]) -> Seen | None:
    """Gather what is known of the entry that this corrects.

    Args:
        correction: The correction.
        of_run: All records of its run, oldest first.

    Returns:
        None if the entry's own record is gone.
    """
    base = next((record for record in of_run if record.key == correction.after), None)
    if base is None:
        return None
    corrections = [record for record in of_run if record.after == base.key]
    done = [record for record in (base, *corrections) if record.state == "DONE" and record.echo]
    # Without an echo (its record is older than echoes are), it was last seen as it was sent.
    last = read(done[-1].echo) if done else read(base.payload)
    written = [metadata_of(read(record.payload)) for record in (base, *corrections)]
    newer = (r for r in corrections if _age(r) > _age(correction) and r.payload)
    return Seen(
        base,
        last,
        frozenset(name for names in written for name in names),
        superseded=any(record.state == "DONE" for record in newer),
    )


def _age(record: Record) -> tuple[float, str]:
    return record.made, record.key


def _fixed(item: Item) -> str:
    states = [word for name, word in _FIXED.items() if item.get(name) is True]
    approval = item.get("approval_status")
    if approval in _UNDER_APPROVAL and "approved" not in states:
        states.append(str(approval))
    return " and ".join(states)
