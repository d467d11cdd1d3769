"""`keito outbox status`: how delivery stands."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ..output import Json, say, show_json
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, Place, place
from ..record import age


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How delivery stands; ages are seconds."""

    outbox: str
    durable: bool
    base_url: str
    account_id: str
    credential: str
    records: Mapping[str, int]
    held: int
    unfiled: int
    oldest_age: float | None
    parked: Mapping[str, int]


def status(
    outbox: OutboxPlace = None, credential: Credential = DEFAULT_CREDENTIAL, json: Json = False
) -> None:
    """Tell how many records stand where, and why."""
    found = standing(place(outbox, credential))
    if json:
        show_json(found)
        return
    say(f"outbox       {found.outbox}{'' if found.durable else ' (does not outlive a process)'}")
    say(f"destination  {found.base_url}, account {found.account_id or 'unknown'}")
    say(f"waiting      {_waiting(found)}")
    for state in ("SENDING", "AMBIGUOUS", "PARKED", "UNROUTED", "DROPPED", "FOLDED", "DONE"):
        if count := found.records.get(state, 0):
            say(f"{state:<12} {count}{_MEANING[state]}")
        for reason, many in found.parked.items() if state == "PARKED" else ():
            say(f"{'':<12} {many} x {reason}")


_MEANING = {
    "SENDING": ", being sent",
    "AMBIGUOUS": ", Keito is asked whether it has them",
    "PARKED": ", for a person: see `keito outbox list --state parked`",
    "UNROUTED": ", nobody said whose work it was: see `keito outbox assign`",
    "DROPPED": ", a person decided not to send them",
    "FOLDED": ", runs whose day's total is to be sent",
    "DONE": ", in Keito",
}


def standing(where: Place) -> Standing:
    """Count what is in an outbox for its destination."""
    with where.opened() as outbox:
        counts = outbox.counts(where.destination.id)
        parked = Counter(r.reason for r in outbox.in_state(where.destination.id, "PARKED"))
        durable = outbox.durable
    return Standing(
        outbox=where.name,
        durable=durable,
        base_url=where.destination.base_url,
        account_id=where.destination.account_id,
        credential=where.destination.credential,
        records={str(state): count for state, count in counts.states.items()},
        held=counts.held,
        unfiled=counts.journal,
        oldest_age=None if counts.oldest is None else max(0.0, time.time() - counts.oldest),
        parked=dict(parked.most_common()),
    )


def _waiting(found: Standing) -> str:
    ready = found.records.get("READY", 0) + found.records.get("COLLECTED", 0)
    said = [f"{ready - found.held + found.unfiled} to be sent"]
    if found.oldest_age is not None:
        said.append(f"the oldest for {age(found.oldest_age)}")
    if found.unfiled:
        said.append(f"{found.unfiled} not filed by a courier yet")
    if found.held:
        said.append(f"{found.held} held until `keito outbox release`")
    return ", ".join(said)
