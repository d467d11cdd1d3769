"""The environment of the published SDK: made on first use, and kept between runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

VERSION = "0.2.0"
FOLDER = Path(__file__).parents[3] / ".venvs" / "published-sdk"
_MADE = FOLDER / f"keito-{VERSION}"
_PATIENCE = 100.0


def python() -> Path:
    """The interpreter that has the published SDK."""
    FOLDER.parent.mkdir(exist_ok=True)
    lock = FOLDER.parent / "published-sdk.lock"
    if not _MADE.exists() and _taken(lock):
        try:
            _make()
        finally:
            lock.rmdir()
    return FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _taken(lock: Path) -> bool:
    """Whether it is on us to make it; false when another process has."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            lock.mkdir()
            return not _MADE.exists()
        except FileExistsError:
            time.sleep(0.1)
        if _MADE.exists():
            return False
        if time.monotonic() > end:
            raise RuntimeError(f"{lock} is left from a run that was ended: remove it")


def _make() -> None:
    uv = _uv()
    _run(*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(FOLDER))
    _run(*uv, "pip", "install", "--quiet", "--python", str(FOLDER), f"keito=={VERSION}")
    _MADE.touch()


def _uv() -> list[str]:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    return [found] if found else [sys.executable, "-m", "uv"]


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{result.stderr}")
