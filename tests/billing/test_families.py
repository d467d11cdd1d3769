"""Children of every kind, and processes that are told to end: each run arrives once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from keito.testing import LocalKeito
from tests.billing.family import CHILDREN, RUNS
from tests.billing.processes import Start, said, starting
from tests.billing.sending import PATIENCE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")


@pytest.fixture
def start(local: LocalKeito, tmp_path: Path) -> Iterator[Start]:
    with starting("family", local, outbox=str(tmp_path / "outbox.db")) as start:
        yield start


def delivered(local: LocalKeito) -> Counter[str]:
    """How often each agent has a time entry, and how often an outcome."""
    found: Counter[str] = Counter()
    for entry in local.entries():
        metadata = entry.get("metadata") or {}
        if "run_id" in metadata:
            kind = "outcome" if "outcome_type" in metadata else metadata["status"]
            found[f"{metadata['agent_id']} {kind}"] += 1
    return found


def everything(first: int = -1) -> dict[str, int]:
    """What parent and children have recorded, once each."""
    return {
        f"child {child} {n} {kind}": 1
        for child in range(first, CHILDREN)
        for n in range(RUNS)
        for kind in ("ok", "outcome")
    }


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_lose_and_double_nothing(
    start: Start, local: LocalKeito, method: str
) -> None:
    parent = start("multiprocess", method)

    assert said(parent) == f"{[0] * CHILDREN} 0"
    assert delivered(local) == everything()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_that_ends_loses_nothing_of_what_is_in_its_memory(
    start: Start, local: LocalKeito, method: str
) -> None:
    parent = start("last_words", method)

    assert said(parent) == "0 0"
    found = delivered(local)
    assert found.pop("opens the files ok") == 1
    assert found.pop("open abandoned") == 1
    assert found == {key: 1 for key in everything(0) if key.startswith("child 0 ")}
    (open_run,) = [e for e in local.entries() if e["metadata"].get("status") == "abandoned"]
    assert open_run["metadata"]["tokens_in"] == 5


def test_a_program_without_children_does_not_load_what_makes_them(tmp_path: Path) -> None:
    program = (
        "import sys; from keito.billing import Recorder; "
        "Recorder(outbox=sys.argv[1], courier='external').start('agent').finish(); "
        "sys.exit('multiprocessing.util' in sys.modules)"
    )

    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "o.db")], check=False)

    assert ended.returncode == 0


def test_a_pool_whose_workers_are_terminated_loses_and_doubles_nothing(
    start: Start, local: LocalKeito
) -> None:
    assert said(start("pool")) == "0"
    assert delivered(local) == everything()


def test_workers_that_are_forked_and_told_to_end_lose_and_double_nothing(
    start: Start, local: LocalKeito
) -> None:
    master = start("prefork")

    assert said(master) == f"{[-signal.SIGTERM] * CHILDREN} 0"
    assert delivered(local) == everything()


def test_a_child_that_is_forked_while_the_default_recorder_is_made_has_one(start: Start) -> None:
    assert said(start("asked_for_at_once")) == "0"


def test_a_process_that_is_told_to_end_delivers_and_ends_as_ever(
    start: Start, local: LocalKeito
) -> None:
    process = start("told_to_end")
    assert said(process) == "ready"

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE) == -signal.SIGTERM
    assert delivered(local) == {"done ok": 1, "open abandoned": 1}


def test_a_handler_that_was_there_before_decides_how_the_process_ends(
    start: Start, local: LocalKeito
) -> None:
    process = start("told_to_end_with_a_handler")
    assert said(process) == "ready"

    process.send_signal(signal.SIGTERM)

    assert said(process) == "stopping 1"
    assert process.wait(PATIENCE) == 7
    assert delivered(local) == {"done ok": 1, "graceful ok": 1}
