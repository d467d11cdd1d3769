"""A process of the chaos test: `python -m tests.chaos.process ORDERS`."""

from __future__ import annotations

import sqlite3
import sys
import threading
from contextlib import suppress

from keito.billing import Contract, Recorder
from keito.billing.outbox import Outbox
from keito.billing.outbox.inbox import Inbox
from keito.billing.outbox.postgres import PostgresOutbox
from keito.billing.outbox.postgres import records as postgres
from keito.billing.outbox.records import Records
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.billing.totals.updating import Updating
from tests.chaos.notes import Notes
from tests.chaos.orders import TIMING, Orders, read_orders
from tests.chaos.sabotage import sabotage
from tests.chaos.steps import Signal
from tests.chaos.work import LEAST, Work


def main(orders: Orders) -> None:
    """Do what was ordered, until it is done or somebody ends it."""
    notes = Notes(orders.notes)
    _arm(Signal(orders.step, orders.nth, orders.signal, notes), orders)
    recorder = recorder_of(orders)
    if orders.role == "courier":
        recorder.flush(0)
        threading.Event().wait()
    Work(recorder, orders, notes).do()
    notes.add("deferred", lines=recorder._recording.journal.deferred)
    if orders.step or not orders.runs:
        threading.Event().wait()


def recorder_of(orders: Orders) -> Recorder:
    """Return a recorder into the outbox."""
    return Recorder(
        outbox=_outbox(orders),
        base_url=orders.base_url,
        api_key=orders.api_key,
        account_id=orders.account_id,
        contract=Contract(charge="both", minimum=LEAST if orders.daily else None),
        granularity="day" if orders.daily else "run",
        courier="external" if orders.external else "thread",
        timing=TIMING,
        requests_per_minute=None,
    )


def _arm(signal: Signal, orders: Orders) -> None:
    outbox = PostgresOutbox if orders.database else SqliteOutbox
    sabotage(outbox, orders.sabotage)
    signal.watch(outbox)
    if orders.database:
        signal.watch_parts({"records.add": (postgres.Records, "add")})
    else:
        signal.watch_parts({"records.add": (Records, "add"), "inbox.drop": (Inbox, "drop")})
    signal.watch_parts(
        {"prepare total": (Updating, "prepare"), "settle total": (Updating, "settle")}
    )
    signal.watch_requests()


def _outbox(orders: Orders) -> Outbox:
    if orders.database:
        return PostgresOutbox(orders.place)
    while True:
        # One that finds the file busy begins in memory, which is promised only while it lives.
        with suppress(sqlite3.OperationalError):
            return SqliteOutbox(orders.place)


if __name__ == "__main__":
    main(read_orders(sys.argv[1]))
