"""A virtual environment of its own, made by uv, for a check that ours would hide."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Environment:
    """A fresh virtual environment for the Python that runs this."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        uv("venv", "--python", sys.executable, str(path))

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self.path / "bin" / "python")

    def install(self, *arguments: str) -> None:
        """Install requirements, as `uv pip install` takes them."""
        uv("pip", "install", "--python", self.python, *arguments)

    def run(self, *arguments: str, cwd: Path = ROOT) -> int:
        """Run the interpreter without anything of the developer's own Keito; its exit code."""
        return subprocess.run([self.python, *arguments], cwd=cwd, env=_neutral()).returncode


def uv(*arguments: str) -> None:
    """Run the uv that sits beside this Python."""
    command = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    subprocess.run([command, "--quiet", *arguments], check=True, cwd=ROOT, env=_neutral())


def _neutral() -> dict[str, str]:
    left_out = ("KEITO_", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
