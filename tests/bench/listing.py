"""Listing 100,000 entries: against the published SDK, against pydantic, and in memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
from pydantic import BaseModel

from keito import Keito
from tests.bench.measure import Case, Row, cpu, interleaved, medians, ratio
from tests.bench.server import TOTAL, page, serving
from tests.sandbox.published_sdk.environment import python

ROUNDS = 3
PAGE_ROUNDS = 9
PAGES = 8
"""Pages a round: enough for each side to pay for collecting what it leaves behind."""
PER_PAGE = 2000
SPEED_BAR = 5
CPU_BAR = 1.5
FLAT = 1.1
KEY, ACCOUNT = "kto_sandbox_admin", "acc_sandbox"

# Runs where the published SDK lives: it has our import name, so it can't be in our environment.
_PUBLISHED_PROGRAM = """
import sys, time
from keito import Keito
client = Keito(api_key="kto_sandbox_admin", account_id="acc_sandbox", base_url=sys.argv[1])
started = time.perf_counter()
count = sum(1 for _ in client.time_entries.list())
print(time.perf_counter() - started, count)
"""


class _Name(BaseModel):
    id: str
    name: str | None


class _Entry(BaseModel):
    """What a page costs in pydantic at the least: the same types, nothing of ours."""

    id: str
    user_id: str
    project_id: str
    task_id: str
    user: _Name
    project: _Name
    task: _Name
    spent_date: date
    hours: Decimal
    notes: str | None
    is_running: bool
    timer_started_at: datetime | None
    started_time: str | None
    ended_time: str | None
    is_locked: bool
    is_closed: bool
    is_billed: bool
    billable: bool
    budgeted: bool
    billable_rate: Decimal | None
    cost_rate: Decimal | None
    source: str
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


class _Page(BaseModel):
    page: int
    per_page: int
    total_pages: int
    total_entries: int
    links: dict[str, str | None]
    time_entries: list[_Entry]


def rows() -> Iterator[Row]:
    """Speed, CPU and memory of iterating over all entries."""
    yield _speed()
    yield _processor()
    yield _memory()


def _speed() -> Row:
    what, bar = "list 100,000 at 20 ms, of published SDK", f"{SPEED_BAR}x as fast"
    try:
        published = str(python())
    except RuntimeError:  # it could not be installed: there is no network, say
        return Row(what, "no SDK", bar, None)
    with serving(latency=0.020) as url:
        cases = {"keito": lambda: _iterate(url), "published": lambda: _published(published, url)}
        taken = interleaved(cases, rounds=ROUNDS)
    faster = ratio(taken, "published", "keito")
    return Row(what, f"{faster:.1f}x", bar, faster >= SPEED_BAR, medians(taken))


def _iterate(url: str) -> float:
    with Keito(KEY, ACCOUNT, base_url=url) as keito:
        started = time.perf_counter()
        count = sum(1 for _ in keito.time_entries.list())
        taken = time.perf_counter() - started
    assert count == TOTAL
    return taken


def _published(interpreter: str, url: str) -> float:
    command = [interpreter, "-c", _PUBLISHED_PROGRAM, url]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout
    seconds, count = told.split()
    assert int(count) == TOTAL
    return float(seconds)


def _processor() -> Row:
    content = page(TOTAL // PER_PAGE, PER_PAGE)

    def answered(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content)

    http_client = httpx.Client(transport=httpx.MockTransport(answered))
    with Keito(KEY, ACCOUNT, base_url="http://127.0.0.1:1", http_client=http_client) as keito:
        listing = keito.time_entries.list(page=TOTAL // PER_PAGE)
        cases = {
            "keito": _pages(lambda: list(keito.time_entries.list(page=TOTAL // PER_PAGE))),
            "pydantic": _pages(lambda: _Page.model_validate_json(content)),
        }
        assert len(list(listing)) == PER_PAGE
        taken = interleaved(cases, rounds=PAGE_ROUNDS)
    measured = ratio(taken, "keito", "pydantic")
    return Row(
        "list a page of 2,000, CPU, of pydantic",
        f"{measured:.2f}x",
        f"at most {CPU_BAR}x",
        measured <= CPU_BAR,
        medians(taken),
    )


def _pages(read: Callable[[], object]) -> Case:
    def call() -> None:
        for _ in range(PAGES):
            read()

    return cpu(call)


def _memory() -> Row:
    with serving() as url:
        command = [sys.executable, "-m", "tests.bench.listing", url]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    early, late = (float(figure) for figure in told.split())
    return Row(
        "list 100,000, memory peak, of 10,000",
        f"{late / early:.2f}x",
        f"at most {FLAT}x",
        late / early <= FLAT,
        {"after 10,000 (KiB)": early, "after 100,000 (KiB)": late},
    )


def _peaks(url: str) -> Iterator[int]:
    with Keito(KEY, ACCOUNT, base_url=url) as keito:
        for number, _ in enumerate(keito.time_entries.list(), start=1):
            if number in (TOTAL // 10, TOTAL):
                yield resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.stdout.write(" ".join(str(peak) for peak in _peaks(sys.argv[1])) + "\n")
