"""The reference has every public name, and each says what it is for."""

from __future__ import annotations

import re

import pytest

from tests.docs.examples_as_code import fenced
from tests.docs.public import ROOT, names, undocumented

# In `keito` and in `keito.billing`: described once.
TWICE = {"keito.bill_to", "keito.billed", "keito.default_recorder"}
# Not to be imported, but what public names answer with.
ANSWERS = {"keito.billing.backlog.Backlog", "keito.sandbox.Faults"}


def described() -> list[str]:
    pages = (ROOT / "docs" / "reference").glob("*.md")
    return [name for page in pages for name in re.findall(r"^::: (\S+)", page.read_text(), re.M)]


def test_every_public_name_is_in_the_reference_once() -> None:
    found = [name for name in described() if not name.startswith("keito._sync.")]

    assert sorted(found) == sorted((set(names()) - TWICE) | ANSWERS)


@pytest.mark.parametrize("name", sorted(names()))
def test_a_public_name_says_what_it_is_for(name: str) -> None:
    assert list(undocumented(name)) == []


def test_every_example_is_on_its_page() -> None:
    page = (ROOT / "docs" / "examples.md").read_text()

    shown = set(re.findall(r'^--8<-- "(\S+)"', page, re.M))

    stories = (ROOT / "examples").glob("*.py")
    assert {f"examples/{path.name}" for path in stories} - {"examples/__init__.py"} == shown


def test_an_example_in_a_docstring_is_shown_as_code() -> None:
    text = "What it is.\n\nExample:\n    with it() as one:\n        #> 1\n\n    two()\n\nMore.\n"

    assert fenced(text) == (
        "What it is.\n\nExample:\n    ```python\n    with it() as one:\n        #> 1\n\n"
        "    two()\n    ```\n\nMore.\n"
    )
