"""What the figures were measured with: they mean nothing without it."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from keito import __version__
from tests.bench.peers import PEERS
from tests.sandbox.published_sdk.environment import VERSION as PUBLISHED

LIBRARIES = ("httpx", "pydantic", "langchain-core", "openai-agents", "psycopg")


def described() -> Mapping[str, str]:
    """The machine and the versions; no name of the machine, and nothing of who owns it."""
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} in use",
        "System": _system(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        "keito": __version__,
        **{name: version(name) for name in LIBRARIES},
        "Peers": ", ".join([f"keito {PUBLISHED}", *_peers()]),
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    with suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{platform.system()} {platform.release()}"


def _peers() -> Iterator[str]:
    return (f"{name} {number}" for name, number in PEERS.items())
