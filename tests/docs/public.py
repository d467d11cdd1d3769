"""What users may import, as it is written down: names, their docstrings, and their members."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[2]
MODULES = (
    "keito",
    "keito.billing",
    "keito.testing",
    "keito.tools",
    "langchain_keito",
    "openai_agents_keito",
)
SOURCES = (".", "integrations/langchain", "integrations/openai_agents")


def names() -> Iterator[str]:
    """Every public name, with its module's."""
    for module in MODULES:
        for name in import_module(module).__all__:
            yield f"{module}.{name}"


def undocumented(name: str) -> Iterator[str]:
    """Name what has no docstring: the name itself, and the public functions of a class."""
    found = _written(name)
    if found.docstring is None:
        yield name
    if not isinstance(found, griffe.Class):
        return
    for member in found.members.values():
        described = member.is_function or (member.is_attribute and "property" in member.labels)
        if described and not member.name.startswith("_") and member.docstring is None:
            yield f"{name}.{member.name}"


def _written(name: str) -> griffe.Object:
    package, _, rest = name.partition(".")
    found = _package(package)[rest]
    return found.final_target if isinstance(found, griffe.Alias) else found


@cache
def _package(name: str) -> griffe.Object:
    loaded = griffe.load(name, search_paths=[ROOT / source for source in SOURCES])
    assert isinstance(loaded, griffe.Object)
    return loaded
