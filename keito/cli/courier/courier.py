"""`keito courier` itself: deliver until told to stop."""

from __future__ import annotations

import threading
import time
from typing import Annotated

import typer

from ..output import Json, say, show, show_json
from ..place import DEFAULT_CREDENTIAL, OutboxPlace, Place, place
from ..prices import PricesName, prices
from ..signals import signalled
from .delivering import Left, Service, deliver, report, serving

# How often a service says what it has done, if it has done anything.
_REPORT = 60.0


def courier(
    credential: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Whose records, by the name of the key; may be given several times. The key of "
            "NAME is read from KEITO_API_KEY_NAME, else from KEITO_API_KEY.",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="With --once: for so long at most.")
    ] = 300,
    grace: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="How long a request may take to end."),
    ] = 10,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Compare each day that has closed with Keito.")
    ] = False,
    prices_of: PricesName = None,
    outbox: OutboxPlace = None,
    json: Json = False,
) -> None:
    """Deliver what others record, as a service.

    It runs until SIGTERM or Ctrl-C.
    """
    places = [place(outbox, name) for name in credential or [DEFAULT_CREDENTIAL]]
    if once:
        report(deliver(places, timeout=timeout, prices=prices(prices_of)), json=json)
        return
    # From before the first line is printed, since whoever reads it may stop us at once.
    with signalled() as told:
        with serving(places, grace=grace, sweep=sweep, prices=prices(prices_of)) as service:
            _report_until(service, told, places, json)
            left = service.look()
        show(left, f"stopped: {left.text}", json=json)


def _report_until(service: Service, told: threading.Event, places: list[Place], json: bool) -> None:
    for one in places:
        _say(f"delivering {one.name} to {one.destination.base_url}", json)
    said, due = service.look(), time.monotonic() + _REPORT
    # In turns, because on Windows a wait without an end can't be interrupted.
    while not told.wait(0.5):
        if time.monotonic() >= due:
            said, due = _report(said, service.look(), json), time.monotonic() + _REPORT


def _report(before: Left, now: Left, json: bool) -> Left:
    if now != before:
        show(now, now.text, json=json)
    return now


def _say(line: str, json: bool) -> None:
    if json:
        show_json({"started": line})
    else:
        say(line)
