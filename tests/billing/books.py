"""A Keito in memory that fails on demand, and people who work in it: what a total must survive."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Literal, cast

import httpx

from keito import _json
from keito._request import Request
from keito._transport import Answer, Failure, Outcome, Transport

Fault = Literal["lost before", "lost after", "500 before", "500 after", "refused", "stale", "409"]
Deed = Literal["notes", "hours", "lock", "approve", "bill", "delete", "move"]
FAULTS: tuple[Fault, ...] = (
    "lost before",
    "lost after",
    "500 before",
    "500 after",
    "refused",
    "stale",
    "409",
)
DEEDS: tuple[Deed, ...] = ("notes", "hours", "lock", "approve", "bill", "delete", "move")

Entry = dict[str, Any]


class Books(Transport):
    """Keito's books, reached without a network.

    Args:
        clock: Seconds since 1970.
        fresh_after: After how many seconds a list shows a change in any case.
    """

    def __init__(self, clock: Callable[[], float], *, fresh_after: float) -> None:
        self._clock = clock
        self._fresh_after = fresh_after
        self.entries: dict[str, Entry] = {}
        self.deleted: list[Entry] = []
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.overwritten: list[str] = []
        self._before: dict[str, Entry] = {}
        self._changed = 0.0
        self._count = 0

    def exchange(
        self,
        request: Request[Any],
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Answer a request, or fail as it is due."""
        self.requests.append(request.method)
        fault = self.faults.pop() if self.faults else None
        if fault == "refused":
            return Failure("not_sent", httpx.ConnectError("refused"))
        if request.method == "GET":
            return _answer(200, self._listing(request, stale=fault == "stale"))
        if fault == "409":
            return _answer(409, {"error": "conflict"})
        if fault == "lost before":
            return Failure("timeout", httpx.ReadTimeout("timeout"))
        if fault == "500 before":
            return _answer(500, {"error": "internal"})
        item = self._write(request)
        if fault == "lost after":
            return Failure("broken", httpx.ReadError("reset"))
        if fault == "500 after":
            return _answer(500, {"error": "internal"})
        return _answer(404, {"error": "not_found"}) if item is None else _answer(200, item)

    def close(self) -> None:
        """Nothing is open."""

    def do(self, deed: Deed, number: int, *, known: Collection[str]) -> None:
        """Have a person change an entry.

        One whose answer was lost, and that is removed before anybody has seen it, is made again,
        whatever kind of record it is: only the entries that are `known` are removed here.
        """
        if not self.entries:
            return
        id = sorted(self.entries)[number % len(self.entries)]
        if deed in ("delete", "move") and id not in known:
            return
        self._about_to_change()
        entry = self.entries[id]
        if deed == "delete":
            self.deleted.append(self.entries.pop(id))
        elif deed == "hours":
            entry["hours"] += Decimal("0.25")
            entry["by people"] += Decimal("0.25")
        elif deed == "move":
            entry["spent_date"] = "2020-01-01"
        elif deed == "notes":
            entry["notes"] += "!"
        else:
            entry[{"lock": "is_locked", "approve": "is_closed", "bill": "is_billed"}[deed]] = True

    def sums(self, name: str) -> Decimal:
        """Add up what all entries that were ever made say, without what people changed."""
        total = Decimal(0)
        for entry in (*self.entries.values(), *self.deleted):
            if name == "hours":
                total += entry["hours"] - entry["by people"]
            else:
                total += Decimal(entry["metadata"].get(name) or 0)
        return total

    def _listing(self, request: Request[Any], *, stale: bool) -> dict[str, object]:
        old = stale and self._clock() < self._changed + self._fresh_after
        shown = self._before if old else self.entries
        params = request.params
        rows = [
            entry
            for entry in shown.values()
            if (entry["project_id"], entry["spent_date"]) == (params["project_id"], params["from"])
        ]
        return {"time_entries": rows, "page": 1, "total_pages": 1, "total_entries": len(rows)}

    def _write(self, request: Request[Any]) -> Entry | None:
        body = cast("Entry", _json.loads(_json.dumps(request.body)))
        self._about_to_change()
        if request.method == "POST":
            self._count += 1
            id = f"ent_{self._count:04d}"
            free = {"is_locked": False, "is_closed": False, "is_billed": False}
            self.entries[id] = {
                **body,
                **free,
                "id": id,
                "created_at": id,
                "by people": Decimal(0),
            }
            return self.entries[id]
        id = request.path.rsplit("/", 1)[1]
        entry = self.entries.get(id)
        if entry is None:
            return None
        entry.update({name: value for name, value in body.items() if name != "metadata"})
        if entry["by people"]:
            # Whoever writes absolute hours writes over what people wrote before.
            entry["by people"] = Decimal(0)
            self.overwritten.append(id)
        entry["metadata"] = {**entry["metadata"], **body["metadata"]}
        return entry

    def _about_to_change(self) -> None:
        self._before = copy.deepcopy(self.entries)
        self._changed = self._clock()


def _answer(status: int, body: object) -> Answer:
    return Answer(status, httpx.Headers(), _json.dumps(body))
