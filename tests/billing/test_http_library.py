"""The HTTP library is loaded where no agent that uses it as well can find it half loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

pytest.importorskip("openai", minversion="3", reason="older ones import httpx themselves")

# Requests in several threads, while the first of them begins to record.
REQUESTS = """
def request(number):
    with recorder.run("agent"):
{inside}
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            AsyncOpenAI(api_key="none", http_client=transport)

with ThreadPoolExecutor(3) as requests:
    for _ in requests.map(request, range(3)):
        pass
recorder.close(0)
print("httpx" in sys.modules)
"""
OPENAI = """
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
transport = DefaultAsyncHttpxClient()
"""
IMPORTS = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from keito.billing import MemoryOutbox, Recorder, Target
assert "httpx" not in sys.modules
recorder = Recorder(
    outbox=MemoryOutbox(),
    target=Target(project_id="prj", task_id="tsk"),
    api_key="none",
    account_id="acc",
    base_url="http://127.0.0.1:9",
    courier={courier!r},
)
"""


def ran(script: str) -> str:
    """What a process says that runs this; it must not fail."""
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "AttributeError" not in process.stderr
    return process.stdout.strip()


@pytest.mark.parametrize("number", range(3))
def test_an_agent_on_openais_library_finds_it_whole(number: int) -> None:
    imports = IMPORTS.format(courier="thread") + OPENAI

    assert ran(imports + REQUESTS.format(inside="")) == "True"


@pytest.mark.parametrize("number", range(3))
def test_an_agent_that_loads_openais_library_inside_its_run_finds_it_whole(number: int) -> None:
    requests = REQUESTS.format(inside=indent(OPENAI, " " * 8))

    assert ran(IMPORTS.format(courier="thread") + requests) == "True"


def test_where_others_deliver_it_is_not_loaded() -> None:
    imports = IMPORTS.format(courier="external") + OPENAI

    assert ran(imports + REQUESTS.format(inside="")) == "False"


def test_a_run_does_not_wait_for_it_where_no_agent_looks_at_it() -> None:
    begun = """
loading = []
class Noting:
    def find_spec(self, name, path=None, target=None):
        if name == "httpx":
            loading.append(threading.current_thread().name)
import threading
sys.meta_path.insert(0, Noting())
recorder.start("agent").finish()
end = time.monotonic() + 20
while not loading and time.monotonic() < end:
    recorder.flush(0.1)
recorder.close(1)
print(*loading)
"""
    assert ran(IMPORTS.format(courier="thread") + begun) == "keito-courier"
