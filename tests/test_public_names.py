"""The public door: what it offers, and that opening it is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keito


def _mirrored() -> set[str]:
    tree = ast.parse(Path(keito.__file__).read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def test_every_public_name_loads() -> None:
    missing = [name for name in keito.__all__ if getattr(keito, name, None) is None]

    assert missing == []


def test_type_checkers_see_the_names_that_load() -> None:
    assert _mirrored() == set(keito.__all__) == set(keito._MODULE_OF)


def test_the_list_of_names_is_sorted_and_complete() -> None:
    assert len(set(keito.__all__)) == len(keito.__all__)
    assert set(keito.__all__) <= set(dir(keito))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Kieto"):
        keito.Kieto


@pytest.mark.parametrize("statement", ["import keito", "from keito.billing import Recorder"])
def test_what_a_recording_process_imports_is_the_standard_library_alone(statement: str) -> None:
    script = f"import sys; {statement}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    ).stdout.split()

    heavy = {"httpx", "httpcore", "pydantic", "pydantic_core", "fastapi", "typer", "rich"}
    heavy |= {"genai_prices", "keito.billing.prices"}
    assert heavy.isdisjoint(loaded)
