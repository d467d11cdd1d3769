"""How long a program takes to end while Keito can't be reached, and what it leaves behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from keito.billing import Recorder
from tests.bench import peers
from tests.bench.journal import TARGET
from tests.bench.measure import COMPARED, Row

RUNS = 100
BAR = 2.0
REFUSING = 1
"""A port that nobody listens on."""
PATIENCE = 20.0
"""Seconds that a peer may take to end before it is killed."""


def rows() -> Iterator[Row]:
    """With connections refused, and with a server that takes them and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        yield _row("exit, Keito silent", silent.getsockname()[1])
    yield _row("exit, Keito refusing", REFUSING)
    for name in ("Langfuse", "Paid"):
        yield _peer(name)


def _row(what: str, port: int) -> Row:
    with TemporaryDirectory() as folder:
        outbox = Path(folder) / "outbox.db"
        command = [sys.executable, "-m", "tests.bench.exit", str(outbox), str(port)]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        taken = time.time() - float(done.stdout)
        kept = _kept(outbox, port)
    return Row(
        f"{what}, {RUNS} undelivered",
        f"{taken:.2f} s" if kept == RUNS else f"{RUNS - kept} lost",
        f"at most {BAR:.0f} s",
        taken <= BAR and kept == RUNS,
        {"seconds": taken, "kept": kept},
    )


def _peer(name: str) -> Row:
    what = f"exit, {name} refusing, {RUNS} undelivered"
    url = f"http://127.0.0.1:{REFUSING}"
    try:
        command = [str(peers.python()), "-m", "tests.bench.exit_peers", name, url, str(RUNS)]
    except RuntimeError:
        return Row(what, "no peers", COMPARED, None)
    try:
        done = subprocess.run(
            command,
            check=True,
            cwd=peers.ROOT,
            env=peers.neutral(),
            timeout=PATIENCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return Row(what, f"> {PATIENCE:.0f} s", COMPARED, None, {"seconds": PATIENCE})
    taken = time.time() - float(done.stdout)
    return Row(what, f"{taken:.2f} s", COMPARED, None, {"seconds": taken})


def _kept(outbox: Path, port: int) -> int:
    recorder = _recorder(outbox, port, external=True)
    status = recorder.status()
    recorder.close(0)
    return status.unfiled + sum(status.records.values())


def _recorder(outbox: Path, port: int, *, external: bool = False) -> Recorder:
    return Recorder(
        outbox=outbox,
        api_key="kto_sandbox_agent",
        account_id="acc_sandbox",
        base_url=f"http://127.0.0.1:{port}",
        target=TARGET,
        courier="external" if external else "thread",
    )


def _record(outbox: Path, port: int) -> None:
    recorder = _recorder(outbox, port)
    for _ in range(RUNS):
        recorder.start("agent").finish()
    time.sleep(0.5)  # the courier is at work when the program ends
    sys.stdout.write(f"{time.time()}")
    sys.stdout.flush()


if __name__ == "__main__":
    _record(Path(sys.argv[1]), int(sys.argv[2]))
