"""Each story runs as a reader would run it, and what Keito received is what the story says.

Each is played once, because some take seconds.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database import GIVEN, why_none

ROOT = Path(__file__).parents[2]
STORIES = {
    path.stem for path in (ROOT / "examples").glob("*.py") if path.stem not in ("__init__", "local")
}
# Settings of somebody's own, none of which may have any effect.
OWN_SETTINGS = {
    "KEITO_API_KEY": "kto_live_mine",
    "KEITO_ACCOUNT_ID": "acc_mine",
    "KEITO_BASE_URL": "http://127.0.0.1:9",
    "KEITO_MODE": "off",
    "KEITO_PROJECT_ID": "prj_mine",
    "KEITO_TASK_ID": "tsk_mine",
    "KEITO_TIMEZONE": "Nowhere/Land",
}
HOURS = r"[\d.]+ h"
USD = r"[\d.]+ USD"

# What Keito has in the end, as patterns of whole lines, in any order.
RECEIVED = {
    "decorator": [
        rf"Answered: 28 letters \| ok \| {HOURS} \| charged",
        rf"Classified a ticket \| ok \| {HOURS} \| charged",
        rf"Wrote a letter \| closed_early \| {HOURS} \| charged",
    ],
    "context_manager": [rf"Refunded an order \| ok \| {HOURS} \| charged"],
    "outcomes": [
        r"Resolved T-1 \| ok \| 1 x 0.99 USD \| charged",
        r"Could not resolve T-2 \| error \| 1 x 0.99 USD \| not charged",
        rf"support-agent: 1 ticket resolved \[\w+\] \| ok \| {HOURS} \| not charged",
        r"Qualified L-7 \| ok \| 1 x 12.50 USD \| charged",
        rf"sales-agent: 1 lead qualified \[\w+\] \| error \| {HOURS} \| not charged",
    ],
    "nightly_batch": [
        *(rf"Read {number} \| ok \| 1 x 0.40 USD \| charged" for number in ("A-17", "G-3", "G-4")),
        rf"Night 1: G-3 \| error \| {HOURS} \| not charged",
        *(rf"Night 1: {number} \| ok \| {HOURS} \| not charged" for number in ("A-17", "G-4")),
        *(
            rf"Night 2: {number} \| ok \| {HOURS} \| not charged"
            for number in ("A-17", "G-3", "G-4")
        ),
    ],
    "hybrid_billing": [
        r"Reviewed PR-31 \| ok \| 1 x 5 USD \| charged",
        rf"review-agent: 1 code review completed \[\w+\] \| ok \| {HOURS} \| charged",
    ],
    "redelivered_job": [
        rf"Imported an order \| ok \| {HOURS} \| charged",
        rf"Imported an order \| ok \| {HOURS} \| not charged",
    ],
    "celery_worker": [
        rf"Refunded O-1001 \| ok \| {HOURS} \| charged",
        rf"Refunded O-1001 \| recovered \| {HOURS} \| not charged",
    ],
    "two_clients": [
        rf"Asked by Acme \| ok \| {HOURS} \| charged",
        rf"Asked by Globex \| ok \| {HOURS} \| charged",
    ],
    "web_server": [],  # as many as it takes for every worker to have answered
    "langgraph_approval": [
        rf"refund-agent: agent run \[\w+\] \| interrupted \| {HOURS} \| charged",
        rf"refund-agent: agent run \[\w+\] \| ok \| {HOURS} \| charged",
    ],
    "openai_handoff": [rf"desk: agent run \[\w+\] \| ok \| {HOURS} \| charged"],
    "month_export": [
        *(rf"Qualified L-{n} \| ok \| 1 x 12.50 USD \| charged" for n in range(3)),
        rf"desk-agent: 3 lead qualified \[\w+\] \| ok \| {HOURS} \| charged",
        rf"desk-agent: agent run \[\w+\] \| ok \| {HOURS} \| charged",
        rf"desk-agent: agent run \[\w+\] \| error \| {HOURS} \| not charged",
    ],
    "postgres_fleet": [],  # it counts them
    "langchain_agent": [rf"support-agent: agent run \[\w+\] \| ok \| {HOURS} \| charged"],
}

# What else each story claims.
TOLD = {
    "decorator": [r"About T-1: it is on its way\.", r"T-2 is about a delivery\.", "customer"],
    "context_manager": [
        "812 tokens in, 9 out, 2 model calls, 1 tool call",
        "some tokens are unknown: True",
    ],
    "outcomes": ["13.49 USD for 2 outcomes"],
    "nightly_batch": [
        "G-3 can't be read, and costs nobody anything",
        r"G-3: 9\.90",
        "acme pays for 1",
        "globex pays for 2",
    ],
    "hybrid_billing": [
        "2 of 2 entries belong to the run",
        rf"time: {HOURS}, {USD}",
        "outcomes: 1, 5 USD",
        rf"together: {USD}",
    ],
    "redelivered_job": [r"attempts: \[1, 2\]"],
    "celery_worker": [r"attempts: \[1, 2\]"],
    "two_clients": [
        "Asked by Acme: billed to prj_acme_support",
        "Asked by Globex: billed to prj_globex_onboarding",
        "1 run is kept until someone says whose it is",
    ],
    "web_server": [
        "2 processes answered, 0 records are left",
        r"acme asked ([1-9]\d*) times and pays for \1 runs on prj_acme_support",
        r"globex asked ([1-9]\d*) times and pays for \1 runs on prj_globex_onboarding",
    ],
    "langgraph_approval": [r"sessions: \['O-1001'\]", "the wait is charged: False"],
    "openai_handoff": [
        r"accountant: One of the two is on its way back\.",
        r"accountant: \{'calls': 1, 'tokens_in': \d+, 'tokens_out': \d+\}",
        r"desk: \{'calls': 1, 'tokens_in': \d+, 'tokens_out': \d+\}",
    ],
    "langchain_agent": [
        r"O-1001 is with the carrier\.",
        r"2 model calls, 1 tool call, [1-9]\d* tokens in, [1-9]\d* out",
    ],
    "month_export": [
        "one run failed, and is on no invoice",
        r"invoice Acme Corporation \| Support \| lead_qualified \| 3 \| 37\.50 USD",
        r"invoice Acme Corporation \| Support \| time \| 0\.\d+ \| 0\.\d+ USD",
        r"invoice Globex GmbH \| Onboarding \| time \| 0\.\d+ \| 0\.\d+ EUR",
    ],
    "postgres_fleet": [
        "1 of 3 workers died",
        "0 records are left in the outbox",
        "12 jobs were done, each billed once: True",
    ],
}
# Why a story can't be played here.
NOT_HERE: dict[str, str] = {}
if sys.platform == "win32":
    NOT_HERE["web_server"] = "Windows hands no open socket to a web server"
    NOT_HERE["celery_worker"] = "Celery forks no processes on Windows"
if not GIVEN and (why := why_none()):
    NOT_HERE["postgres_fleet"] = why


@pytest.mark.parametrize("story", sorted(STORIES))
def test_a_story_tells_what_keito_received_and_warns_of_nothing_else(
    story: str, tmp_path: Path
) -> None:
    if why := NOT_HERE.get(story):
        pytest.skip(why)
    outbox = tmp_path / "own.db"

    played = _play(story, KEITO_OUTBOX=str(outbox), **OWN_SETTINGS)

    lines = played.stdout.splitlines()
    entries = [line for line in lines if line.endswith(" charged")]
    assert played.returncode == 0, played.stderr
    assert _each_once(RECEIVED[story], entries)
    for pattern in TOLD[story]:
        assert any(re.fullmatch(pattern, line) for line in lines), (pattern, played.stdout)
    assert not outbox.exists()
    warned = "a run has no project and task" if story == "two_clients" else ""
    assert warned in played.stderr
    assert len(played.stderr.splitlines()) == bool(warned)


def _each_once(patterns: list[str], lines: list[str]) -> bool:
    """Whether every pattern is one line, and every line one pattern."""
    matched = [[line for line in lines if re.fullmatch(p, line)] for p in patterns]
    return len(lines) == len(patterns) and all(len(found) == 1 for found in matched)


def _play(story: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"examples.{story}"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
