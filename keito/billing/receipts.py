"""Receipts: one line in the log per finished run, for those who want to see what is recorded.

They are written by the journal's thread once the run is on disk: no agent waits for its receipt.
"""

from __future__ import annotations

import logging
import os
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from ._facts import decode
from ._forks import whole
from ._guard import said

if TYPE_CHECKING:
    from .contract import Contract
    from .lazy_outbox import LazyOutbox
    from .ledger import Ledger
    from .lines import Lines
    from .prices import Prices
    from .run_facts import RunFacts, StartFacts
    from .settings import Settings

logger = logging.getLogger("keito.receipts")

_YES = ("1", "true", "yes", "on")
_MINUTE = 60
_HOUR = 3600


def receipts_wanted(given: bool | None) -> bool:
    """Whether a program has asked for receipts, itself or by `KEITO_RECEIPTS`."""
    if given is None:
        given = os.environ.get("KEITO_RECEIPTS", "").strip().lower() in _YES
    if given and logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if given and not logger.hasHandlers():
        # A program that has not set up logging would ask for receipts and see none.
        logger.addHandler(logging.StreamHandler())
    return given


class Receipts:
    """Logs what comes of the runs of one recorder in one process.

    Args:
        lines: Says how they were started.
        outbox: Where they are journalled.
        settings: The recorder's.
    """

    def __init__(self, lines: Lines, outbox: LazyOutbox, settings: Settings) -> None:
        self._lines = lines
        self._outbox = outbox
        self._settings = settings

    def log(self, made: tuple[Ledger, str]) -> None:
        """Log what came of a run: its ledger, and the body of its last line."""
        _load()
        from .run_facts import result_in

        ledger, body = made
        log_receipt(
            cast("StartFacts", decode(self._lines.start(ledger))),
            result_in(body),
            self._settings.contract,
            prices=self._settings.prices,
            durable=self._outbox.open().durable,
        )


def log_receipt(
    start: StartFacts,
    result: RunFacts,
    contract: Contract,
    *,
    prices: Prices | None,
    durable: bool,
) -> None:
    """Log what came of a run.

    Args:
        start: How it was started.
        result: What came of it.
        contract: What is charged.
        prices: The recorder's own price list; None: the default one, if it is loaded already.
        durable: Whether what is journalled survives the process.
    """
    parts = [
        _where(start),
        _time(result, contract),
        _usage(start, result, prices),
        _charge(start, result, contract),
        _state(start, durable),
    ]
    said(logger.info, " · ".join(part for part in parts if part))


def _load() -> None:
    # Recording does without. A child that is forked while this thread loads a module could never
    # load it itself.
    with whole():
        from . import cost, hours, rounding, run_facts  # noqa: F401


def _where(start: StartFacts) -> str:
    target = start["target"]
    return f"{target.get('project_id') or 'no project'}/{target.get('agent_id') or start['name']}"


def _time(result: RunFacts, contract: Contract) -> str:
    from .hours import counted
    from .intervals import length

    own = length(counted(result, contract, capped=False).intervals)
    wall = result.get("elapsed", 0)
    return _duration(own) if own == wall else f"{_duration(own)} ({_duration(wall)} wall)"


def _usage(start: StartFacts, result: RunFacts, prices: Prices | None) -> str:
    usage = result.get("usage", [])
    if not usage:
        return ""
    tokens = sum(g.get("input_tokens", 0) + g.get("output_tokens", 0) for g in usage)
    more = "+" if any(group.get("incomplete") for group in usage) else ""
    cost = _cost(start, result, prices)
    return f"{_count(tokens)}{more} tok" + ("" if cost is None else f" {cost}")


def _cost(start: StartFacts, result: RunFacts, prices: Prices | None) -> str | None:
    from datetime import datetime, timezone

    from .cost import run_cost

    if prices is None and "genai_prices" in sys.modules:
        # Loading it takes a while, of which an agent's thread would have its share.
        with whole():
            from .genai import GenaiPrices

        prices = GenaiPrices()
    day = datetime.fromtimestamp(start["at"] // 1_000_000, timezone.utc).date()
    cost = run_cost(result.get("usage", []), day=day, prices=prices)
    return None if cost.usd is None or cost.unpriced else _dollars(cost.usd)


def _charge(start: StartFacts, result: RunFacts, contract: Contract) -> str:
    outcomes = sum(result.get("successes", {}).values())
    said = f"{outcomes} outcome{'s' if outcomes != 1 else ''}, " if outcomes else ""
    if start["mode"] == "test":
        return f"{said}not charged (test)"
    if not contract.charges(result["status"]):
        return f"{said}not charged ({result['status']})"
    if not contract.charges_time:
        return f"{said}hours not charged"
    return f"{said}{_hours(start, result, contract)}"


def _hours(start: StartFacts, result: RunFacts, contract: Contract) -> str:
    from .hours import counted, split, zone
    from .rounding import rounded
    from .run_facts import work_of

    if contract.rounds and contract.rounded_per == "day":
        return "charged with its day"
    time = counted(result, contract, capped=True)
    where = zone(contract.time_zone)
    parts = split(start["at"], result.get("elapsed", 0), time.intervals, where)
    hours = sum((part.hours for part in rounded(parts, contract, lambda day: 0)), Decimal(0))
    # Only whoever files it knows of attempts of the same job elsewhere.
    unless = ", unless an earlier attempt was" if work_of(start) else ""
    return f"charged {hours:.3f} h{unless}"


def _state(start: StartFacts, durable: bool) -> str:
    target = start["target"]
    said = "journalled" if durable else "in memory"
    if not (target.get("project_id") and target.get("task_id")):
        return f"{said}, unrouted"
    return f"{said}, held" if start["mode"] == "record" else said


def _duration(microseconds: int) -> str:
    seconds = microseconds / 1_000_000
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes}m{rest:02d}s" if rest else f"{minutes}m"
    return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"


def _count(tokens: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if tokens >= size:
            number = tokens / size
            return f"{number:.1f}{unit}" if number < 10 else f"{number:.0f}{unit}"
    return str(tokens)


def _dollars(usd: Decimal) -> str:
    if usd == 0 or usd >= Decimal("0.01"):
        return f"${usd:.2f}"
    return f"${Decimal(f'{usd:.2g}'):f}"
