"""Rendering: facts and a contract become the bodies of time entries, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .contract import Contract
from .cost import RunCost, run_cost
from .hours import Part, counted, in_place, seconds, split, text, zone
from .keys import run_key
from .metadata import fitted
from .notes import notes
from .prices import Prices
from .rounding import rounded
from .run_facts import RunFacts, StartFacts, UsageFacts, target_of
from .tally import Tallied, daily

SOURCE = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The body of a time entry, ready to be stored and sent.

    Attributes:
        key: The `keito_key` in its metadata.
        body: What is posted.
        charged: Whether the client pays for it.
        cost: What its model calls cost, also where Keito is not told.
        tally: What it counts towards, such as the outcomes of a day; empty if nothing limits them.
        amount: How much it adds to that.
    """

    key: str
    body: Mapping[str, object]
    charged: bool
    cost: Mapping[str, object] = field(default_factory=dict)
    tally: str = ""
    amount: int = 0


def run_entries(
    start: StartFacts,
    result: RunFacts,
    contract: Contract,
    *,
    tallied: Tallied,
    attempt: int = 1,
    paid: bool = False,
    prices: Prices | None = None,
    days: Sequence[str] = (),
) -> list[Entry]:
    """Render a run: one entry, or one per day and 24 hours it has worked.

    Args:
        start: How it was started.
        result: What came of it.
        contract: What is charged.
        tallied: How much is on record already of a day that is rounded as a whole.
        attempt: How often its work key has been tried, this run included.
        paid: Whether an earlier attempt has been charged.
        prices: What model calls cost whose provider does not say.
        days: The days of the entries it has already: each keeps its place and its key.
    """
    charged = (
        contract.charges_time
        and contract.charges(result["status"])
        and start["mode"] != "test"
        and not paid
    )
    time = counted(result, contract, capped=charged)
    where = zone(contract.time_zone)
    parts = split(start["at"], result.get("elapsed", 0), time.intervals, where)
    if charged:
        parts = rounded(parts, contract, lambda day: tallied(_day(start, day)))
    parts = in_place(parts, days)
    cost = run_cost(result.get("usage", []), day=parts[0].day, prices=prices)
    shared = {
        **identity(start, contract),
        "session_id": target_of(start).session_id or result.get("session"),
        "status": result["status"],
        "time_basis": time.basis,
        "attempt": attempt,
        "error": result.get("error"),
        "capped": True if time.capped else None,
        "parts": len(parts) if len(parts) > 1 else None,
    }
    by_day = charged and contract.rounds and contract.rounded_per == "day"
    entries = []
    for number, part in enumerate(parts):
        key = run_key(start["account"], start["run"], number)
        # Tokens and calls are said once, in the first part, so that adding entries up is right.
        work = _work(result, contract, cost) if number == 0 else {}
        own = {
            **shared,
            **work,
            **times(part, contract, charged=charged),
            "keito_key": key,
            "part": number + 1 if len(parts) > 1 else None,
        }
        said = notes(
            agent=agent_of(start),
            outcomes=result.get("successes", {}),
            key=key,
            template=target_of(start).notes,
            said=result.get("notes", []),
        )
        given = {**target_of(start).metadata, **result.get("metadata", {})}
        body = entry_body(start, part, notes=said, billable=charged, hours=part.hours)
        entries.append(
            Entry(
                key=key,
                body={**body, "metadata": fitted(own, given)},
                charged=charged,
                cost=_known(cost) if number == 0 else {},
                tally=_day(start, part.day) if by_day else "",
                amount=part.counted if by_day else 0,
            )
        )
    return entries


def _day(start: StartFacts, day: date) -> str:
    """Name the entries that are rounded together."""
    target = target_of(start)
    same = (target.task_id or "", target.user_id or "", start["contract"])
    return daily(start, "run", "\n".join(same), day)


def entry_body(
    start: StartFacts, part: Part, *, notes: str, billable: bool, hours: Decimal
) -> dict[str, object]:
    """Return what is posted, without its metadata."""
    target = target_of(start)
    body: dict[str, object] = {
        "project_id": target.project_id,
        "task_id": target.task_id,
        "spent_date": part.day.isoformat(),
        "hours": hours,
        "notes": notes,
        "billable": billable,
        "source": SOURCE,
    }
    if target.user_id is not None:
        body["user_id"] = target.user_id
    return body


def agent_of(start: StartFacts) -> str:
    """Name the agent, as the client reads it."""
    return start["target"].get("agent_id") or start["name"]


def identity(start: StartFacts, contract: Contract) -> dict[str, object]:
    """Return the metadata that says which run an entry belongs to and how it was charged."""
    target = target_of(start)
    return {
        "run_id": start["run"],
        "parent_run_id": start["parent"],
        "agent_id": agent_of(start),
        "framework": start["framework"],
        "session_id": target.session_id,
        "trigger": target.trigger,
        "contract_id": start["contract"],
        "timezone": contract.time_zone,
        "mode": start["mode"],
        "sdk": start["sdk"],
    }


def times(part: Part, contract: Contract, *, charged: bool) -> dict[str, object]:
    """Return the metadata that says when it was, and how much of it counts."""
    where = zone(contract.time_zone)
    charge = part.counted + part.rounding if charged else 0
    return {
        "started_at": text(part.start, where),
        "ended_at": text(part.end, where),
        "seconds_raw": seconds(part.end - part.start),
        "seconds_charged": seconds(charge),
        # Hours that are not charged, or more or less than was worked, must be checkable too.
        "seconds_counted": seconds(part.counted) if part.counted != charge else None,
    }


def _known(cost: RunCost) -> dict[str, object]:
    return {name: value for name, value in cost.metadata().items() if value is not None}


def _work(result: RunFacts, contract: Contract, cost: RunCost) -> dict[str, object]:
    usage = result.get("usage", [])
    model, provider = _main(usage)
    unshared = dict.fromkeys(cost.metadata())
    return {
        "model_provider": provider,
        "model_name": model,
        "tokens_in": _sum(usage, "input_tokens"),
        "tokens_out": _sum(usage, "output_tokens"),
        "tokens_cache_read": _sum(usage, "cache_read_tokens"),
        "tokens_cache_write": _sum(usage, "cache_write_tokens"),
        "tokens_reasoning": _sum(usage, "reasoning_tokens"),
        "usage_incomplete": True if _unknown(result) else None,
        "llm_calls": _sum(usage, "calls") or 0,
        "tool_calls": result.get("tools", 0),
        **(cost.metadata() if contract.share_cost else unshared),
        "models": _by(usage, "model"),
        "agents": _by(usage, "agent"),
    }


def _unknown(result: RunFacts) -> bool:
    # Whether a call was under way as a process died, nobody can say: a call is noted as it ends.
    return result["status"] == "recovered" or bool(_sum(result.get("usage", []), "incomplete"))


def _by(usage: list[UsageFacts], what: str) -> dict[str, object] | None:
    """Split tokens by model or agent, if there are several."""
    groups: dict[str, list[UsageFacts]] = {}
    for group in usage:
        groups.setdefault(str(group.get(what) or "unknown"), []).append(group)
    if len(groups) < 2:
        return None
    return {
        name: {
            "calls": _sum(group, "calls"),
            "tokens_in": _sum(group, "input_tokens"),
            "tokens_out": _sum(group, "output_tokens"),
        }
        for name, group in sorted(groups.items())
    }


def _sum(usage: list[UsageFacts], name: str) -> int | None:
    said = [value for group in usage if isinstance(value := group.get(name), int)]
    return sum(said) if said else None


def _main(usage: list[UsageFacts]) -> tuple[str | None, str | None]:
    """Name the model that took the most tokens, whichever agents asked it, and its provider."""
    tokens: dict[tuple[str | None, str | None], int] = {}
    for group in usage:
        both = (group.get("model"), group.get("provider"))
        own = group.get("input_tokens", 0) + group.get("output_tokens", 0)
        tokens[both] = tokens.get(both, 0) + own
    # Of two that took the same, the names decide: the order of calls must change nothing.
    return max(tokens, key=lambda both: (tokens[both], *map(str, both)), default=(None, None))
