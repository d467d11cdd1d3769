"""Passing on what model calls cost: one expense per project and day, after the day has closed.

An expense can't be changed in Keito. What a day is found to have cost after its expense was made
goes with the next one, and so does what is less than a cent: over time the expenses add up to the
cost exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby

from .. import _json, _version
from . import _log
from ._facts import encode
from .batch import Batch
from .contract import Contract, read_contract
from .cost_expense import CostExpense
from .destination import Destination
from .entry import SOURCE
from .hours import zone
from .keys import record_key
from .metadata import fitted
from .outbox.port import Outbox
from .outbox.record import Due, Record
from .usage import EXACT

_CENT = Decimal("0.01")
# Runs of the day's last minutes may still wait to be filed.
GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Account:
    """What is added up in one series of expenses.

    Attributes:
        name: Under which the series is found again.
    """

    project: str
    held: bool
    time_zone: str
    shared: bool
    expense: CostExpense

    def name(self, destination: str) -> str:
        terms = (encode(self.expense.facts()), self.time_zone, str(self.held), str(self.shared))
        series = hashlib.sha256("\n".join(terms).encode()).hexdigest()[:16]
        return "\n".join(("cost", destination, self.project, series))


@dataclass(frozen=True, slots=True)
class _Sum:
    """What one expense passes on. All of it is exact."""

    usd: Decimal
    unpriced: int
    carried: Decimal
    amount: Decimal
    rest: Decimal


class PassingOn:
    """Makes the expenses whose day has closed.

    Args:
        outbox: Where the costs are, and the expenses go.
        destination: Whose costs.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._destination = destination.id
        self._account_id = destination.account_id
        self._clock = clock

    def step(self, *, before: str) -> int:
        """Make the expenses of closed days before that one; how many there were."""
        with self._outbox.filing_turn() as mine:
            # Read within the turn: whoever had it before may have passed the same costs on.
            due = self._outbox.costs_due(self._destination, before=before) if mine else []
            batch = Batch(self._outbox)
            for account, costs in self._by_account(due):
                self._pass_on(batch, account, costs)
            batch.file()
        return len(batch.records)

    def _by_account(self, due: Iterable[Due]) -> list[tuple[_Account, list[Due]]]:
        found: dict[_Account, list[Due]] = {}
        contracts: dict[str, Contract] = {}
        for cost in due:
            text = self._outbox.contract(cost.contract)
            if cost.contract not in contracts and text is not None:
                contracts[cost.contract] = read_contract(text)
            contract = contracts.get(cost.contract)
            if contract is None or contract.cost_expense is None:
                continue
            account = _Account(
                cost.project,
                cost.held,
                contract.time_zone,
                contract.share_cost,
                contract.cost_expense,
            )
            found.setdefault(account, []).append(cost)
        return list(found.items())

    def _pass_on(self, batch: Batch, account: _Account, costs: Sequence[Due]) -> None:
        closed = self._last_closed(account.time_zone)
        waiting: list[Due] = []
        for day, of_day in groupby(costs, key=lambda cost: cost.day):
            if day > closed:
                break
            waiting += of_day
            if not self._made(batch, account, day):
                self._make(batch, account, day, waiting)
                waiting = []
        # What came too late for its own day's expense goes with the last day that has none yet.
        if waiting and not self._made(batch, account, closed):
            self._make(batch, account, closed, waiting)

    def _last_closed(self, time_zone: str) -> str:
        now = datetime.fromtimestamp(self._clock(), zone(time_zone))
        return ((now - GRACE).date() - timedelta(days=1)).isoformat()

    def _made(self, batch: Batch, account: _Account, day: str) -> bool:
        return batch.find(self._key(account, day)) is not None

    def _key(self, account: _Account, day: str) -> str:
        return record_key(self._account_id, account.name(self._destination), day)

    def _make(self, batch: Batch, account: _Account, day: str, costs: Sequence[Due]) -> None:
        series = account.name(self._destination)
        added = _sum(account.expense, costs, carried=_rest(batch.last(series)))
        key, now = self._key(account, day), self._clock()
        if added.unpriced:
            _log.warn(
                "unpriced",
                "some model calls have no known cost: the daily expense is without them. Give "
                "their prices with Recorder(prices=...)",
            )
        batch.expensed.update((cost.key, key) for cost in costs)
        batch.records.append(
            Record(
                key=key,
                run="",
                kind="cost",
                destination=self._destination,
                # Less than a cent makes no expense, but the next one has to know of it.
                state="READY" if added.amount else "DONE",
                payload=_json.dumps(_body(account, day, key, added)).decode(),
                project=account.project,
                day=day,
                charged=account.expense.billable,
                cost=_json.dumps({"cost_usd": added.usd, "rest": str(added.rest)}).decode(),
                tally=series,
                held=account.held,
                made=now,
                since=now,
            )
        )


def _sum(expense: CostExpense, costs: Sequence[Due], *, carried: Decimal) -> _Sum:
    usd, unpriced = Decimal(0), 0
    for cost in costs:
        said = _read(cost.cost)
        usd = EXACT.add(usd, _number(said.get("cost_usd")))
        unpriced += int(_number(said.get("llm_calls_unpriced")))
    with_markup = EXACT.multiply(usd, EXACT.add(Decimal(1), Decimal(expense.markup)))
    exact = EXACT.add(EXACT.multiply(with_markup, expense.factor), carried)
    amount = max(Decimal(0), exact.quantize(_CENT, rounding=ROUND_FLOOR, context=EXACT))
    # Fewer than none: what an earlier expense was without is known by now.
    return _Sum(usd, max(0, unpriced), carried, amount, EXACT.subtract(exact, amount))


def _body(account: _Account, day: str, key: str, added: _Sum) -> dict[str, object]:
    expense = account.expense
    own: dict[str, object] = {
        "keito_key": key,
        "timezone": account.time_zone,
        "mode": "record" if account.held else "live",
        "sdk": f"keito-python/{_version.__version__}",
        "llm_calls_unpriced": added.unpriced or None,
    }
    if account.shared:
        own |= {
            "cost_usd": added.usd,
            "markup": Decimal(expense.markup),
            "currency": expense.currency,
            "rate": expense.factor,
            "carried": added.carried,
        }
    return {
        "project_id": account.project,
        "expense_category_id": expense.category_id,
        "spent_date": date.fromisoformat(day).isoformat(),
        "total_cost": added.amount,
        "notes": expense.notes.replace("{day}", day),
        "billable": expense.billable,
        "source": SOURCE,
        "metadata": fitted(own, {}),
    }


def _rest(last: Record | None) -> Decimal:
    return Decimal(0) if last is None else _number(_read(last.cost).get("rest"))


def _read(text: str) -> dict[str, object]:
    value = _json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}


def _number(value: object) -> Decimal:
    if isinstance(value, (Decimal, int, str)):
        return Decimal(value)
    return Decimal(0)
