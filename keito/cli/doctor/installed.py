"""Which versions are installed, and what is missing."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from ... import __version__
from .finding import Finding

_TOLD = (
    "httpx",
    "pydantic",
    "genai-prices",
    "psycopg",
    "langchain-keito",
    "langchain-core",
    "langgraph",
    "openai-agents-keito",
    "openai-agents",
)
_ADAPTERS = {"langchain-core": "langchain-keito", "openai-agents": "openai-agents-keito"}


def installed() -> Iterator[Finding]:
    """Look at the packages of this environment."""
    found = {name: said for name in _TOLD if (said := _version(name))}
    told = [f"keito {__version__}", f"Python {platform.python_version()}"]
    told += [f"{name} {said}" for name, said in found.items()]
    yield Finding("versions", "fine", ", ".join(told))
    said = _version("keito")
    if said != __version__:
        yield Finding(
            "versions",
            "problem",
            f"keito {__version__} is loaded, and {said or 'none'} is installed",
            "Install it anew in this environment: two are on its path",
        )
    if "genai-prices" not in found:
        yield Finding(
            "prices",
            "note",
            "genai-prices is missing: what model calls cost is known only where providers say it",
            "pip install genai-prices where the courier runs",
        )
    for framework, adapter in _ADAPTERS.items():
        if framework in found and adapter not in found:
            said = f"{framework} is installed, and {adapter} is not: its runs are not recorded"
            folder = adapter.removesuffix("-keito").replace("-", "_")
            fix = f"From a clone of keito: pip install -e integrations/{folder}"
            yield Finding("adapters", "note", said, fix)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
