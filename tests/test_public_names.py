"""The public door: what it offers, and that opening it is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import keito
from keito import types


def _mirrored(package: ModuleType) -> set[str]:
    tree = ast.parse(Path(str(package.__file__)).read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


lazy = pytest.mark.parametrize("package", [keito, types], ids=lambda one: one.__name__)


@lazy
def test_every_public_name_loads(package: ModuleType) -> None:
    missing = [name for name in package.__all__ if getattr(package, name, None) is None]

    assert missing == []


@lazy
def test_type_checkers_see_the_names_that_load(package: ModuleType) -> None:
    assert _mirrored(package) == set(package.__all__) == set(package._MODULE_OF)


@lazy
def test_the_list_of_names_is_sorted_and_complete(package: ModuleType) -> None:
    assert len(set(package.__all__)) == len(package.__all__)
    assert set(package.__all__) <= set(dir(package))


@lazy
def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="Kieto"):
        package.Kieto


@pytest.mark.parametrize("statement", ["import keito", "from keito.billing import Recorder"])
def test_what_a_recording_process_imports_is_the_standard_library_alone(statement: str) -> None:
    loaded = _loaded_by(statement)

    heavy = {"httpx", "httpcore", "pydantic", "pydantic_core", "fastapi", "typer", "rich"}
    heavy |= {"genai_prices", "keito.billing.prices"}
    assert heavy.isdisjoint(loaded)


def test_a_client_loads_no_more_than_it_is_used_for() -> None:
    loaded = _loaded_by("from keito import Keito; Keito('kto_test', 'acc').time_entries")

    assert "keito.types.time_entry" in loaded
    assert {"asyncio", "keito.types.invoice", "keito._sync.invoices"}.isdisjoint(loaded)


def _loaded_by(statement: str) -> list[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
