"""Act 3: Keito is away, and the process dies. The run is billed all the same, and only once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from rich.padding import Padding
from rich.text import Text

from examples.demo import entries
from examples.demo.books import Books
from examples.demo.model_server import scripted_model
from examples.demo.stage import Stage
from examples.demo.worker import RECORDED
from keito.testing import LocalKeito

TICKET = "T-105"


def play(stage: Stage, books: Books, keito: LocalKeito, folder: Path) -> None:
    """Play it."""
    stage.act(
        "Act 3 · No network, and kill -9",
        "Now the agent runs in a process of its own, while Keito can't be reached.",
    )
    outbox = {"KEITO_OUTBOX": str(folder / "act-3.db")}
    with keito.outage():
        stage.say("  [red]down[/]  connections to Keito are refused")
        _work_and_die(stage, outbox)
    stage.check(not books.new(), "Keito has heard nothing of it")
    stage.say("  [green]up[/]    Keito is back; a new process starts, and finds the outbox")
    records = _run("deliver", outbox)
    received = books.new()
    stage.show(entries.table(received))
    sessions = [(entry.metadata or {}).get("session_id") for entry in received]
    stage.check(sessions == [TICKET], "1 run, 1 entry")
    stage.check(records == str({"DONE": 1}), "the outbox has 1 record, and it is delivered")


def _work_and_die(stage: Stage, outbox: dict[str, str]) -> None:
    with scripted_model() as model:
        agent = _start("work", outbox, TICKET, model.base_url, model.model)
        stage.say(f"  [yellow]work[/]  process {agent.pid} works ticket {TICKET}; it says:")
        with agent:
            recorded = _listen(stage, agent)
            agent.kill()
    stage.check(recorded, "the run is recorded on disk, and not delivered")
    killed = agent.returncode == -signal.SIGKILL if os.name == "posix" else agent.returncode != 0
    stage.check(killed, f"process {agent.pid} was killed with -9")


def _listen(stage: Stage, agent: subprocess.Popen[str]) -> bool:
    """Pass on what the agent says, until its run is recorded; whether that came."""
    assert agent.stdout is not None
    for line in agent.stdout:
        if line.strip() == RECORDED:
            return True
        stage.show(Padding(Text(line.strip(), "dim"), (0, 0, 0, 6)))
    return False


def _run(command: str, outbox: dict[str, str]) -> str:
    with _start(command, outbox) as process:
        return process.communicate(timeout=60)[0].strip()


def _start(command: str, outbox: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "examples.demo.worker", command, *arguments],
        env=os.environ | outbox,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
