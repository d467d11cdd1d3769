"""The outbox in PostgreSQL: recording against a bare insert, and four couriers that claim."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from keito.billing.outbox.line import Line
from keito.billing.outbox.postgres import PostgresOutbox
from keito.billing.outbox.record import Record
from tests.bench.measure import Row, each, interleaved, medians, ratio
from tests.database import GIVEN, Database, own_schema, why_none

ROOT = Path(__file__).parents[2]
BODY = "x" * 300
ROUNDS = 15
LINES = 100
RECORDS = 4000
COURIERS = 4
# Keito takes five requests a second at most, so this is twenty times what is ever needed.
CLAIMS_BAR = 100
APPEND_BAR = 2.0


def rows() -> Iterator[Row]:
    """On a server of its own that syncs every commit, unless one is given."""
    if GIVEN:
        yield from _measured(GIVEN)
        return
    if why := why_none():
        yield Row("outbox in PostgreSQL", why, "", None)
        return
    server = Database(fsync="on")
    server.start()
    yield from _measured(server.dsn)
    server.remove()


def _measured(dsn: str) -> Iterator[Row]:
    with own_schema(dsn) as place:
        yield _append(place)
    with own_schema(dsn) as place:
        yield _claims(place)


def _append(place: str) -> Row:
    outbox = PostgresOutbox(place)
    numbers = iter(range(1_000_000))
    outbox.append(Line("first", "outcome", 0, "bench", BODY), wait=10)
    with psycopg.connect(place, autocommit=True) as bare:
        bare.execute("CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY, body text)")
        cases = {
            "bare": each(
                lambda: bare.execute("INSERT INTO bare (body) VALUES (%s)", (BODY,)), LINES
            ),
            "append": each(
                lambda: outbox.append(Line("r", "outcome", next(numbers), "bench", BODY), wait=10),
                LINES,
            ),
        }
        taken = interleaved(cases, rounds=ROUNDS)
    outbox.close()
    measured = ratio(taken, "append", "bare")
    return Row(
        "PostgreSQL: a line, of a bare insert",
        f"{measured:.2f}x",
        f"at most {APPEND_BAR:.0f}x",
        measured <= APPEND_BAR,
        medians(taken),
    )


def _claims(place: str) -> Row:
    outbox = PostgresOutbox(place)
    outbox.file([_record(n) for n in range(RECORDS)], contracts={}, lines=(), runs=())
    outbox.close()
    command = [sys.executable, "-m", "tests.billing.postgres.claimer", place]
    began = time.monotonic()
    couriers = [
        subprocess.Popen([*command, str(n)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for n in range(COURIERS)
    ]
    claimed = [key for courier in couriers for key in courier.communicate()[0].split()]
    rate = RECORDS / (time.monotonic() - began)
    once = len(claimed) == len(set(claimed)) == RECORDS
    return Row(
        f"PostgreSQL: claimed, {COURIERS} couriers",
        f"{rate:.0f}/s" if once else "not once each",
        f"at least {CLAIMS_BAR}/s",
        rate >= CLAIMS_BAR and once,
        {"claims_per_second": rate},
    )


def _record(number: int) -> Record:
    key = f"{number:06}"
    return Record(
        key=key, run=key, kind="run", destination="here", state="READY", payload=BODY, made=number
    )
