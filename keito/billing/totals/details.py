"""Details: the runs that are added up, as records that are not sent themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypedDict, cast

from ... import _json
from .._facts import decode
from ..contract import Contract
from ..entry import Entry, agent_of
from ..keys import record_key
from ..outbox.record import Record
from ..run_facts import BaseFacts, LateFacts, RunFacts, StartFacts, target_of
from ..wire import read
from .sums import HOURS, Sums, difference, priced, used

# As much of the agent's name as an entry has room for in any case.
_LONGEST = 200


class Group(TypedDict):
    """What runs have in common that are added up, and the entry says of them.

    The project, task, user, day and whether it is billable are in `body`, as they are posted.
    """

    name: str
    account: str
    agent: str
    body: dict[str, object]
    labels: dict[str, object]
    shares_cost: bool
    template: str | None


def collected(
    records: Sequence[Record],
    entries: Sequence[Entry],
    start: StartFacts,
    result: RunFacts,
    contract: Contract,
) -> list[Record]:
    """Return the records of a run as details, one per day it has worked."""
    return [
        record if record.state != "READY" else _detail(record, entry, start, result, contract)
        for record, entry in zip(records, entries, strict=False)
    ]


def late_detail(made: Record, base: Record, earlier: Sequence[Record]) -> Record | None:
    """Return what came late of a run, as a detail that holds the difference.

    Args:
        made: The correction, as one of a single entry.
        base: The first detail of the run.
        earlier: The corrections it has already, oldest first.

    Returns:
        None if nothing differs.
    """
    before = max(earlier, key=_number).facts if earlier else base.facts
    change: Sums = {
        **difference(used(_result(made.facts)), used(_result(before))),
        **priced(read(made.cost)),
    }
    if not any(change.values()):
        return None
    group = group_of(base)
    payload = _json.dumps({"group": group, "sums": change}).decode()
    return replace(made, state="COLLECTED", after=group["name"], payload=payload)


def group_of(detail: Record) -> Group:
    """Return what a detail is added up with."""
    return cast("Group", read(detail.payload)["group"])


def sums_of(detail: Record) -> Sums:
    """Return what a detail adds."""
    return cast("Sums", read(detail.payload)["sums"])


def _detail(
    record: Record, entry: Entry, start: StartFacts, result: RunFacts, contract: Contract
) -> Record:
    group = _group(record, entry, start, contract)
    sums = _sums(record, entry, result)
    payload = {**entry.body, "group": group, "sums": sums}
    return replace(
        record,
        state="COLLECTED",
        after=group["name"],
        payload=_json.dumps(payload).decode(),
    )


def _group(record: Record, entry: Entry, start: StartFacts, contract: Contract) -> Group:
    names = ("project_id", "task_id", "user_id", "spent_date", "billable", "source")
    body = {name: entry.body[name] for name in names if name in entry.body}
    agent = agent_of(start)[:_LONGEST]
    # Another contract or version counts hours by other rules, so it has another total.
    labels: dict[str, object] = {
        "agent_id": agent,
        "contract_id": start["contract"],
        "timezone": contract.time_zone,
        "mode": start["mode"],
        "sdk": start["sdk"],
    }
    template = target_of(start).notes
    identity = _json.dumps([record.destination, body, labels, template]).decode()
    return {
        "name": record_key(start["account"], "day", identity),
        "account": start["account"],
        "agent": agent,
        "body": body,
        "labels": labels,
        "shares_cost": contract.share_cost,
        "template": template,
    }


def _sums(record: Record, entry: Entry, result: RunFacts) -> Sums:
    said = cast("dict[str, Decimal]", entry.body["metadata"])
    sums: dict[str, Decimal | int] = {
        HOURS: cast("Decimal", entry.body["hours"]),
        "seconds_raw": said["seconds_raw"],
        "seconds_charged": said["seconds_charged"],
    }
    if not record.facts:
        # A run is one, and has used what it has used, on its first day.
        return sums
    status = result["status"]
    return {**sums, "runs": 1, f"runs_{status}": 1, **used(result), **priced(entry.cost)}


def _result(facts: str) -> RunFacts:
    return cast("BaseFacts", decode(facts))["result"]


def _number(record: Record) -> int:
    return cast("LateFacts", decode(record.facts))["result"]["late"]
