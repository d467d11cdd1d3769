"""The labelled steps of the protocol, and how a process gets a signal at one of them.

The product knows nothing of it: what it calls is wrapped here, in the process that is to die.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import httpx

from keito.billing.outbox.record import Record
from tests.chaos.notes import Notes

_APPENDED = (
    "contract", "start", "call", "outcome", "time", "expense", "ended", "finish", "late",
)  # fmt: skip
_CHANGES = (
    "SENDING to DONE", "SENDING to READY", "SENDING to AMBIGUOUS", "AMBIGUOUS to AMBIGUOUS",
    "AMBIGUOUS to DONE", "AMBIGUOUS to READY",
)  # fmt: skip
_ON_THE_WAY = {
    "http11.send_request_headers.complete": "head sent",
    "http11.send_request_body.complete": "request sent",
    "http11.receive_response_headers.complete": "answer begun",
    "http11.receive_response_body.complete": "answer read",
}
_CALLS = ("join", "append", "orphans", "file", "claim", "change", "take_over", "replace")

RECORDER_STEPS = tuple(
    f"{when} {step}"
    for step in ("join", *(f"append {kind}" for kind in _APPENDED))
    for when in ("before", "after")
)
COURIER_STEPS = (
    *(
        f"{when} {step}"
        for step in ("file", "claim", "take_over", *(f"change {change}" for change in _CHANGES))
        for when in ("before", "after")
    ),
    *(f"{method} {what}" for method in ("POST", "GET", "PATCH") for what in _ON_THE_WAY.values()),
)
# Where runs are added up: into a new total or one that is there, and where Keito has that.
TOTAL_STEPS = tuple(
    f"{when} {step}"
    for step in ("fold anew", "fold more", "confirm", "prepare total", "settle total")
    for when in ("before", "after")
)
# Between the two files of an outbox on disk, or within the transaction of one in a database.
FILE_STEPS = ("after records.add", "before inbox.drop", "after inbox.drop")
TRANSACTION_STEPS = ("after records.add",)


class Signal:
    """A signal that a process gives itself at a step.

    Args:
        step: At which one.
        nth: At which time that it comes there.
        signal: Which signal.
        notes: Where the process notes that it was there.
    """

    def __init__(self, step: str, nth: int, signal: int, notes: Notes) -> None:
        self._step = step
        self._left = nth
        self._signal = signal
        self._notes = notes

    def at(self, step: str) -> None:
        """Come to a step."""
        if step != self._step:
            return
        self._left -= 1
        if self._left == 0:
            self._notes.add("reached", step=step)
            os.kill(os.getpid(), self._signal)
            # The signal may take a moment to arrive, and the protocol must not go on meanwhile.
            time.sleep(0.05)

    def watch(self, outbox: type) -> None:
        """Come to a step before and after each change of an outbox."""
        for name in _CALLS:
            self._wrap(outbox, name, name)

    def watch_parts(self, parts: Mapping[str, tuple[type, str]]) -> None:
        """Come to a step before and after what an outbox consists of, by its name."""
        for step, (owner, name) in parts.items():
            self._wrap(owner, name, step)

    def watch_requests(self) -> None:
        """Come to a step whenever a part of a request has left, or of its answer has come."""
        send = httpx.Client.send

        @functools.wraps(send)
        def watched(client: httpx.Client, request: httpx.Request, **settings: Any) -> Any:
            def trace(event: str, info: Collection[object]) -> None:
                if event in _ON_THE_WAY:
                    self.at(f"{request.method} {_ON_THE_WAY[event]}")

            request.extensions = {**request.extensions, "trace": trace}
            return send(client, request, **settings)

        _replace(httpx.Client, "send", watched)

    def _wrap(self, owner: type, name: str, step: str) -> None:
        method: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(method)
        def stepped(itself: object, *arguments: Any, **named: Any) -> Any:
            label = _label(step, arguments)
            self.at(f"before {label}")
            result = method(itself, *arguments, **named)
            # Nothing taken over, or nothing left to claim, is no step.
            if result or name not in ("take_over", "claim", "replace"):
                self.at(f"after {label}")
            return result

        _replace(owner, name, stepped)


def _replace(owner: type, name: str, method: Callable[..., Any]) -> None:
    setattr(owner, name, method)


def _label(step: str, arguments: tuple[Any, ...]) -> str:
    if step == "append":
        return f"append {arguments[0].kind}"
    if step == "change":
        return f"change {arguments[0].state} to {arguments[1].state}"
    if step == "replace":
        return _label_of_total(*arguments)
    return step


def _label_of_total(old: Sequence[Record], new: Sequence[Record]) -> str:
    if new[0].state == "DONE":
        return "confirm"
    return "fold more" if any(record.kind == "total" for record in old) else "fold anew"
