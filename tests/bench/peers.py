"""The products that we are compared with, in an environment of their own.

Nothing but the benchmarks uses it, and it is made when they first need it. The toolkit is in it
too, and whatever both of them run on in the version that we have, so that two handlers can take
turns in one process. Keito's published SDK has our import name; it lives in yet another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.ci.environment import Environment

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venvs" / "bench"
PEERS = {"langfuse": "5.0.4", "paid-python": "1.12.0"}
SHARED = ("httpx", "pydantic", "langchain", "langchain-core")
OURS = ("-e", ".", "-e", "integrations/langchain")
PATIENCE = 120.0


def python() -> Path:
    """The interpreter that has the peers.

    Raises:
        RuntimeError: They can't be installed: there is no network, say.
    """
    wanted = [*_pinned(), *OURS]
    made = FOLDER / "made-for"
    if not made.exists() or made.read_text() != "\n".join(wanted):
        _make(wanted)
        made.write_text("\n".join(wanted))
    return FOLDER / "bin" / "python"


def told(module: str, *arguments: str, timeout: float = PATIENCE) -> Any:
    """What a module of ours prints as JSON when it runs where the peers are.

    It finds no setting of the developer's own, of Keito, Langfuse or Paid, so that nothing that
    it sends can leave the machine.

    Raises:
        RuntimeError: The peers can't be installed, or the module failed or took too long.
    """
    command = [str(python()), "-m", module, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=neutral(),
            timeout=timeout,
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.SubprocessError as error:
        # The table has no room for it, and says no more than that there is no figure.
        sys.stderr.write(f"{error}\n{getattr(error, 'stderr', None) or ''}\n")
        raise RuntimeError(f"{module} failed") from error
    return json.loads(done.stdout)


def neutral() -> dict[str, str]:
    """The process's environment without settings of the products that are measured."""
    left_out = ("KEITO_", "LANGFUSE_", "PAID_", "OTEL_", "LANGSMITH_", "LANGCHAIN_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def _pinned() -> list[str]:
    shared = {name: version(name) for name in SHARED}
    return [f"{name}=={number}" for name, number in {**PEERS, **shared}.items()]


def _make(wanted: list[str]) -> None:
    try:
        Environment(FOLDER).install(*wanted)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"the peers can't be installed: {error}") from error
