"""A graph under `langgraph dev`, which refuses all calls on its event loop that may block it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from keito.testing import LocalKeito, sandbox
from tests.langchain.deployed.graph import INPUT

LANGGRAPH = shutil.which("langgraph", path=str(Path(sys.executable).parent))
DEPLOYED = Path(__file__).parent / "deployed"
PATIENCE = 60.0

pytestmark = [
    pytest.mark.skipif(LANGGRAPH is None, reason="needs langgraph-cli[inmem]"),
    pytest.mark.timeout(3 * PATIENCE),
]


class Deployment:
    """A server that runs the graph, and what it has printed."""

    def __init__(self, url: str, log: Path) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def is_up(self) -> bool:
        try:
            return self._http.get("/ok").is_success
        except httpx.TransportError:
            return False

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._http.post(path, json=body)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def run(self, thread: str, **given: object) -> dict[str, Any]:
        """Run the graph to where it ends or waits; return its state."""
        return self.post(f"/threads/{thread}/runs/wait", {"assistant_id": "clerk", **given})

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def keito() -> Iterator[LocalKeito]:
    with sandbox() as local:
        yield local


@pytest.fixture
def deployment(keito: LocalKeito, tmp_path: Path) -> Iterator[Deployment]:
    # A folder of its own, because the server keeps its state beside the graph.
    folder = shutil.copytree(DEPLOYED, tmp_path / "app")
    environment = {
        **os.environ,
        **keito.env,
        "KEITO_OUTBOX": str(tmp_path / "outbox.db"),
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    }
    with _serving(folder, environment, log=tmp_path / "log") as deployment:
        yield deployment


@contextmanager
def _serving(folder: Path, environment: dict[str, str], *, log: Path) -> Iterator[Deployment]:
    port = _free_port()
    command = [str(LANGGRAPH), "dev", "--no-browser", "--no-reload", "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    deployment = Deployment(f"http://127.0.0.1:{port}", log)
    try:
        _until(lambda: deployment.is_up or server.poll() is not None)
        assert deployment.is_up, deployment.log
        yield deployment
    finally:
        deployment.close()
        server.terminate()
        server.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(happened: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < end:
        time.sleep(0.1)


def test_each_run_of_a_thread_is_one_record(deployment: Deployment, keito: LocalKeito) -> None:
    thread = deployment.post("/threads", {})["thread_id"]

    waits = deployment.run(thread, input={})
    ends = deployment.run(thread, command={"resume": True})
    _until(lambda: len(keito.entries()) >= 2)

    assert "__interrupt__" in waits
    assert ends["approved"] is True
    said = [entry["metadata"] for entry in keito.entries()]
    assert {one["status"]: one.get("tokens_in") for one in said} == {
        "interrupted": INPUT,
        "ok": None,
    }
    assert [one["session_id"] for one in said] == [thread, thread]


def test_what_may_not_be_written_on_the_event_loop_a_thread_writes(
    deployment: Deployment, keito: LocalKeito
) -> None:
    for _ in range(3):
        deployment.post("/runs/wait", {"assistant_id": "clerk", "input": {}})
    _until(lambda: len(keito.entries()) >= 3)

    assert len(keito.entries()) == 3
    # Told once of each, and nothing else of ours is refused.
    refused = [line for line in deployment.log.splitlines() if "BlockingError" in line]
    told = ["open the outbox" if "open the outbox" in line else "write records" for line in refused]
    assert all("this thread has an event loop" in line for line in refused)
    assert len(told) == len(set(told)) >= 1


def test_a_run_without_a_thread_is_one_record(deployment: Deployment, keito: LocalKeito) -> None:
    deployment.post("/runs/wait", {"assistant_id": "clerk", "input": {}})
    _until(lambda: bool(keito.entries()))

    (entry,) = keito.entries()
    assert entry["metadata"]["status"] == "interrupted"
    assert entry["metadata"]["tokens_in"] == INPUT
