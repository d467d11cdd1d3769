"""`time_entries.create` against the same request sent with bare httpx."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator

import httpx

from keito import Keito, TimeEntryCreate
from tests.bench import peers
from tests.bench.measure import COMPARED, Row, each, interleaved, medians, ratio
from tests.bench.server import serving
from tests.sandbox.published_sdk.environment import python as published

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

# Runs where the published SDK lives, beside the httpx that it runs on: it has our import name.
_PUBLISHED_PROGRAM = """
import json, statistics, sys, time
import httpx
from keito import Keito
url, body, calls, rounds = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
sdk = Keito(api_key="kto_sandbox_admin", account_id="acc_sandbox", base_url=url)
bare = httpx.Client(headers={
    "Authorization": "Bearer kto_sandbox_admin",
    "Keito-Account-Id": "acc_sandbox",
    "Accept": "application/json",
})

def median(call):
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)

cases = [
    lambda: sdk.time_entries.create(**body),
    lambda: json.loads(bare.post(url + "/api/v2/time_entries", json=body).content),
]
rounds = [[median(case) for case in cases] for _ in range(rounds)]
print(json.dumps(rounds))
"""


def rows() -> Iterator[Row]:
    """The median call of each, to the same server, over a connection that stays open."""
    with serving() as url:
        yield _ours(url)
        yield _published(url)


def _ours(url: str) -> Row:
    headers = {
        "Authorization": "Bearer kto_sandbox_admin",
        "Keito-Account-Id": "acc_sandbox",
        "Accept": "application/json",
    }
    with (
        httpx.Client(headers=headers) as bare,
        Keito("kto_sandbox_admin", "acc_sandbox", base_url=url) as keito,
    ):
        cases = {
            "httpx": each(lambda: _bare(bare, url), CALLS),
            "keito": each(lambda: keito.time_entries.create(**BODY), CALLS),
        }
        taken = interleaved(cases, rounds=ROUNDS)
    measured = ratio(taken, "keito", "httpx")
    return Row(
        "time_entries.create, of bare httpx",
        f"{measured:.2f}x",
        f"at most {BAR}x",
        measured <= BAR,
        medians(taken),
    )


def _bare(client: httpx.Client, url: str) -> object:
    return json.loads(client.post(f"{url}/api/v2/time_entries", json=BODY).content)


def _published(url: str) -> Row:
    what = "published SDK's create, of bare httpx"
    try:
        command = [str(published()), "-c", _PUBLISHED_PROGRAM, url, json.dumps(BODY)]
    except RuntimeError:
        return Row(what, "no SDK", COMPARED, None)
    command += [str(CALLS), str(ROUNDS)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd="/", env=peers.neutral()
    )
    taken = json.loads(done.stdout)
    measured = statistics.median(sdk / bare for sdk, bare in taken)
    figures = {"published": statistics.median(sdk for sdk, _ in taken)}
    return Row(what, f"{measured:.2f}x", COMPARED, None, figures)
