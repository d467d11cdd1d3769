"""A Keito, an outbox, and programs that bill into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito, sandbox
from tests.billing.conftest import postgres, postgres_place
from tests.billing.sending import recorder_to
from tests.places.program import Program

__all__ = ["postgres", "postgres_place"]

Start = Callable[..., Program]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    unix = pytest.mark.skipif(os.name == "nt", reason="these places are Unix")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(unix)


@pytest.fixture
def local() -> Iterator[LocalKeito]:
    with sandbox() as running:
        yield running


@pytest.fixture
def start(local: LocalKeito, tmp_path: Path) -> Iterator[Start]:
    """Start a program; whatever happens, it is gone at the end."""
    started: list[Program] = []
    # What is killed leaves its temporary files behind.
    folders = {"KEITO_OUTBOX": str(tmp_path / "outbox.db"), "TMPDIR": str(tmp_path)}
    settings = {**local.env, **folders}

    def start(*words: str, within: Sequence[str] = (), **env: str) -> Program:
        log = tmp_path / f"log-{len(started)}"
        program = Program(*words, env={**settings, **env}, log=log, within=within)
        started.append(program)
        return program

    yield start
    for program in started:
        program.close()


@pytest.fixture
def successor(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    """The recorder of the next process."""
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)
