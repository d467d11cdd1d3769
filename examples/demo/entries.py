"""Time entries as Keito received them, as a table and as the client reads one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keito.types import TimeEntry


def table(entries: Sequence[TimeEntry]) -> Table:
    """All records, one a line."""
    shown = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    shown.add_column("what the client reads", no_wrap=True)
    shown.add_column("hours", justify="right")
    shown.add_column("in", justify="right")
    shown.add_column("cached", justify="right")
    shown.add_column("out", justify="right")
    shown.add_column("USD", justify="right")
    for entry in entries:
        tokens = [_told(entry, f"tokens_{kind}") for kind in ("in", "cache_read", "out")]
        charge = f"{amount(entry):.4f}" if entry.billable else "-"
        shown.add_row(Text(entry.notes or ""), f"{entry.hours:f}", *tokens, charge)
    return shown


def as_the_client_reads(entry: TimeEntry) -> Panel:
    """One entry, without what is only there for the account."""
    project, task = (named.name if named else "" for named in (entry.project, entry.task))
    lines = Text(f"{entry.spent_date:%d %B %Y} · {project} · {task}\n", style="dim")
    lines.append(f"{entry.notes}\n", style="bold not dim")
    lines.append(f"{entry.hours:f} h at {entry.billable_rate} USD", style="not dim")
    lines.append(f" = {amount(entry):.4f} USD", style="not dim")
    return Panel(lines, expand=False, border_style="dim")


def kept_with(entry: TimeEntry) -> Text:
    """The metadata of an entry."""
    pairs = (f"{name}={value}" for name, value in (entry.metadata or {}).items())
    return Text("  ".join(pairs), style="dim")


def amount(entry: TimeEntry) -> Decimal:
    """What the client pays for an entry: its hours, or its outcome."""
    metadata = entry.metadata or {}
    price = metadata.get("outcome_unit_price")
    if price is not None:
        return Decimal(str(price)) * Decimal(str(metadata["outcome_quantity"]))
    return (entry.hours or Decimal(0)) * (entry.billable_rate or Decimal(0))


def told(entry: TimeEntry, key: str) -> int:
    """A number from an entry's metadata."""
    return int(str((entry.metadata or {})[key]))


def _told(entry: TimeEntry, key: str) -> str:
    value = (entry.metadata or {}).get(key)
    return "" if value is None else f"{value}"
