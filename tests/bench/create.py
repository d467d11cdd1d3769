"""`time_entries.create` against the same request sent with bare httpx."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx

from keito import Keito, TimeEntryCreate
from tests.bench.measure import Row, each, interleaved, medians, ratio
from tests.bench.server import serving

BODY: TimeEntryCreate = {
    "project_id": "prj_acme_support",
    "task_id": "tsk_agent_run",
    "spent_date": "2026-01-31",
    "hours": 0.25,
    "notes": "a call",
    "source": "agent",
    "metadata": {"run_id": "run_1", "keito_key": "2f0c3bb4-7a53-5b6e-9d4c-0d6f3a1b2c3d"},
}
ROUNDS = 15
CALLS = 150
BAR = 1.1


def rows() -> Iterator[Row]:
    """The median call of each, to the same server, over a connection that stays open."""
    headers = {
        "Authorization": "Bearer kto_sandbox_admin",
        "Keito-Account-Id": "acc_sandbox",
        "Accept": "application/json",
    }
    with (
        serving() as url,
        httpx.Client(headers=headers) as bare,
        Keito("kto_sandbox_admin", "acc_sandbox", base_url=url) as keito,
    ):
        cases = {
            "httpx": each(lambda: _bare(bare, url), CALLS),
            "keito": each(lambda: keito.time_entries.create(**BODY), CALLS),
        }
        taken = interleaved(cases, rounds=ROUNDS)
    measured = ratio(taken, "keito", "httpx")
    yield Row(
        "time_entries.create, of bare httpx",
        f"{measured:.2f}x",
        f"at most {BAR}x",
        measured <= BAR,
        medians(taken),
    )


def _bare(client: httpx.Client, url: str) -> object:
    return json.loads(client.post(f"{url}/api/v2/time_entries", json=BODY).content)
