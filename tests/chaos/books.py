"""The audit: what the processes were promised, against what the server's books say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.chaos.totals import Expected, compared
from tests.chaos.work import LATE_TOKENS

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddedUp:
    """A run that has no entry of its own.

    Attributes:
        agent: Whose total it is in.
        tokens: What it has used, without a call that came late.
    """

    agent: str
    tokens: int


@dataclass(slots=True)
class Promised:
    """What was acknowledged: the recorder's call had returned.

    Attributes:
        started: The runs that were started,
        added_up: and what is known of those of them that are added up.
        tokens: What each run that was finished has used, without a call that came late.
        late: The runs of which a late call was told,
        reporting: or may have been, by a process that was killed meanwhile.
        amounts: What each outcome, told time or expense is worth, by its key.
    """

    started: set[str] = field(default_factory=set)
    added_up: dict[str, AddedUp] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    reporting: set[str] = field(default_factory=set)
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.started) + len(self.amounts)


@dataclass(slots=True)
class Audit:
    """What the comparison found.

    Attributes:
        acknowledged: How many records were promised.
        booked: How many the server has.
        unacknowledged: How many of those nobody was promised: a kill came in between.
        lost: What is missing.
        doubled: What is there more than once.
        wrong: What is there and says something else than it was told.
    """

    acknowledged: int
    booked: int = 0
    unacknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether everything is there, once, as it was told."""
        return not (self.lost or self.doubled or self.wrong)


def promised(notes: Iterable[Item]) -> Promised:
    """Gather the notes of all processes."""
    found = Promised()
    for note in notes:
        if note["did"] == "start":
            found.started.add(note["run"])
            if "agent" in note:
                found.added_up[note["run"]] = AddedUp(note["agent"], note["tokens"])
        elif note["did"] == "finish":
            found.tokens[note["run"]] = note["tokens"]
        elif note["did"] == "late":
            found.late.add(note["run"])
        elif note["did"] == "reports":
            found.reporting.add(note["run"])
        elif "amount" in note:
            found.amounts[note["key"]] = Decimal(note["amount"])
    return found


def audit(promised: Promised, entries: Sequence[Item], expenses: Sequence[Item]) -> Audit:
    """Compare."""
    found = Audit(acknowledged=len(promised))
    runs: dict[str, list[Item]] = defaultdict(list)
    singles: dict[str, list[Item]] = defaultdict(list)
    totals: dict[str, list[Item]] = defaultdict(list)
    for item in (*entries, *expenses):
        metadata = item.get("metadata") or {}
        if "keito_key" not in metadata:
            continue
        found.booked += metadata.get("runs", 1)
        if metadata.get("granularity") == "day":
            totals[metadata["agent_id"]].append(item)
        elif _is_run(metadata):
            runs[metadata["run_id"]].append(item)
        else:
            singles[metadata["keito_key"]].append(item)
    _compare_runs(found, promised, runs)
    _compare_singles(found, promised, singles)
    _compare_totals(found, promised, totals, by_themselves=runs.keys())
    return found


def _is_run(metadata: Item) -> bool:
    single = "outcome_type" in metadata or metadata.get("time_basis") in (None, "told")
    return not single


def _compare_runs(found: Audit, promised: Promised, runs: Mapping[str, list[Item]]) -> None:
    missing = promised.started - promised.added_up.keys() - runs.keys()
    found.lost += [f"run {run!r}" for run in sorted(missing)]
    found.unacknowledged += len(runs.keys() - promised.started)
    for run, items in sorted(runs.items()):
        keys = Counter(item["metadata"]["keito_key"] for item in items)
        parts = {item["metadata"].get("parts", 1) for item in items}
        if max(keys.values()) > 1 or len(parts) > 1 or len(keys) > max(parts):
            found.doubled.append(f"run {run}: {len(items)} entries")
        elif len(keys) < max(parts):
            found.lost.append(f"run {run}: {len(keys)} of {max(parts)} parts")
        elif run in promised.tokens:
            _compare_run(found, promised, run, [item["metadata"] for item in items])


def _compare_run(found: Audit, promised: Promised, run: str, metadata: Sequence[Item]) -> None:
    told = promised.tokens[run]
    booked = sum(part.get("tokens_in", 0) for part in metadata)
    # A late call whose report was cut off may have been written all the same.
    allowed = {told + LATE_TOKENS} if run in promised.late else {told, told + LATE_TOKENS}
    if booked not in allowed:
        found.wrong.append(f"run {run}: {booked} tokens, {sorted(allowed)} were told")
    for part in metadata:
        if part["status"] != "ok":
            found.wrong.append(f"run {run}: {part['status']}, and it was finished")


def _compare_singles(found: Audit, promised: Promised, singles: Mapping[str, list[Item]]) -> None:
    found.lost += [f"record {key}" for key in sorted(promised.amounts.keys() - singles.keys())]
    found.unacknowledged += len(singles.keys() - promised.amounts.keys())
    for key, items in sorted(singles.items()):
        if len(items) > 1:
            found.doubled.append(f"record {key}: {len(items)} times")
        told = promised.amounts.get(key)
        if told is not None and _amount(items[0]) != told:
            found.wrong.append(f"record {key}: {_amount(items[0])}, {told} was told")


def _amount(item: Item) -> Decimal:
    if "total_cost" in item:
        return Decimal(item["total_cost"])
    price = item["metadata"].get("outcome_unit_price")
    return Decimal(item["hours"] if price is None else price)


def _compare_totals(
    found: Audit,
    promised: Promised,
    totals: Mapping[str, list[Item]],
    *,
    by_themselves: Collection[str],
) -> None:
    # One whose process was taken for dead is recorded by itself, also where it has ended after all.
    runs: dict[str, list[str]] = defaultdict(list)
    for run, added_up in promised.added_up.items():
        if run not in by_themselves:
            runs[added_up.agent].append(run)
    for agent in sorted(runs.keys() | totals.keys()):
        expected = _expected(promised, runs.get(agent, []))
        for what, text in compared(agent, totals.get(agent, []), expected):
            getattr(found, what).append(text)


def _expected(promised: Promised, runs: Sequence[str]) -> Expected:
    return Expected(
        runs=len(runs),
        tokens=sum(promised.added_up[run].tokens for run in runs),
        late=len(promised.late.intersection(runs)),
        reporting=len(promised.reporting.intersection(runs)),
    )
