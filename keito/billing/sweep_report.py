"""What a sweep found: for people and monitors, never a reason to send anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from .. import _json

What = Literal["missing", "doubled", "foreign", "changed", "undelivered"]
"""What is not as it should be.

missing: this outbox delivered it, and it is not on its project and day any more.
doubled: Keito has it more than once.
foreign: a recorder made it, and this outbox does not know it: another outbox's, or a lost file's.
changed: it does not say what it said when it was last seen.
undelivered: Keito has it, and here it waits, is parked or was dropped.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        what: What is not; see `What`.
        list: `time_entries` or `expenses`.
        project_id: In which project.
        key: The `keito_key`.
        ids: The ids that it has in Keito.
        detail: What about it, in words.
    """

    what: What
    list: str
    project_id: str
    key: str
    ids: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """A day, as this outbox and as Keito have it.

    Attributes:
        day: Which day, `YYYY-MM-DD`.
        at: When it was compared, in seconds since 1970.
        compared: How many records of the outbox were looked for.
        listed: How many items with a `keito_key` Keito has on that day, in the projects of those.
        findings: What differs.
        unlisted: The projects that Keito would not list, and what it said: nothing is known of
            these.
    """

    day: str
    at: float
    compared: int
    listed: int
    findings: tuple[Finding, ...] = ()
    unlisted: Mapping[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether all of it was compared and nothing differs."""
        return not self.findings and not self.unlisted

    def of(self, what: What) -> tuple[Finding, ...]:
        """Return the findings of one sort."""
        return tuple(found for found in self.findings if found.what == what)

    def summary(self) -> str:
        """Say in a few words what was found."""
        sorts = Counter(found.what for found in self.findings)
        said = [f"{count} {what}" for what, count in sorts.items()]
        if self.unlisted:
            said.append(f"{len(self.unlisted)} projects could not be listed")
        return ", ".join(said) or "as it should be"

    def json(self) -> str:
        """Return it as one line of JSON."""
        return _json.dumps(asdict(self)).decode()


def read_report(text: str) -> SweepReport:
    """Read a report that `SweepReport.json` wrote."""
    said: Any = _json.loads(text)
    known = {one.name: said[one.name] for one in fields(SweepReport) if one.name in said}
    found = tuple(Finding(**{**one, "ids": tuple(one["ids"])}) for one in known["findings"])
    return SweepReport(**{**known, "at": float(known["at"]), "findings": found})
