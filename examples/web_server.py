"""Two clients in one web server: every request says whose work it is, in whichever process.

Real requests reach several worker processes, which share one outbox. Nothing is billed to
somebody by default: with `routing="explicit"` a run that names nobody waits for a person.

Run it with `python -m examples.web_server`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import httpx
from fastapi import FastAPI

from examples.local import Local, local_keito
from keito.billing import Recorder, Target, bill_to

CLIENTS = {
    "acme": Target(project_id="prj_acme_support", task_id="tsk_agent_run"),
    "globex": Target(project_id="prj_globex_onboarding", task_id="tsk_agent_run"),
}
WORKERS = 2


def app() -> FastAPI:
    """The server as each worker process makes it, with a recorder set up by `KEITO_*`."""
    recorder = Recorder(targets=CLIENTS, routing="explicit")

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(recorder.close)

    server = FastAPI(lifespan=life)

    @server.post("/{client}/questions")
    async def answer(client: str) -> int:
        with bill_to(client, notes=f"Answered {client}"):
            async with recorder.run("desk-agent"):
                await asyncio.sleep(0.02)
        return os.getpid()

    return server


def main() -> None:
    """Ask for both clients until every worker process has answered, and see who pays."""
    with local_keito() as local:
        with serving(local) as url:
            asked, processes = ask(url)
        recorder = Recorder(**local.settings)  # delivers what the workers had no time for
        left = recorder.flush()
        recorder.close()
        print(f"{len(processes)} processes answered, {left} records are left")
        billed = Counter(entry["project_id"] for entry in local.keito.entries())
        for client, target in CLIENTS.items():
            paid = billed[target.project_id]
            print(f"{client} asked {asked} times and pays for {paid} runs on {target.project_id}")


@contextmanager
def serving(local: Local) -> Iterator[str]:
    """Have worker processes answer at a free port."""
    command = [sys.executable, "-m", "uvicorn", "examples.web_server:app", "--factory"]
    command += ["--workers", str(WORKERS), "--log-level", "error"]
    settings = {**local.keito.env, "KEITO_OUTBOX": str(local.settings["outbox"])}
    with socket.create_server(("127.0.0.1", 0), backlog=64) as door:
        command += ["--fd", str(door.fileno())]
        with subprocess.Popen(
            command, env={**os.environ, **settings}, pass_fds=[door.fileno()]
        ) as server:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
            server.terminate()


def ask(url: str) -> tuple[int, set[int]]:
    """Ask as often for each client; return how often, and which processes answered."""
    processes: set[int] = set()
    asked = 0
    with ThreadPoolExecutor(8) as browsers:
        while len(processes) < WORKERS:
            paths = [f"{url}/{client}/questions" for client in CLIENTS] * 4
            answers = browsers.map(lambda path: httpx.post(path, timeout=30), paths)
            processes.update(answer.raise_for_status().json() for answer in answers)
            asked += 4
    return asked, processes


if __name__ == "__main__":
    main()
