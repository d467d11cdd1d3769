"""pytest fixtures for code that uses keito. Installing keito is enough to have them.

It is loaded by every pytest run in the environment, so it imports nothing until a fixture is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import LocalKeito

_ONLY_LOOPBACK = "KEITO_ONLY_LOOPBACK"
_before = pytest.StashKey["str | None"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--keito-live`."""
    parser.getgroup("keito").addoption(
        "--keito-live",
        action="store_true",
        help="let keito reach hosts other than this machine; without it, it is refused",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse other hosts, here and in processes that tests start."""
    config.stash[_before] = os.environ.get(_ONLY_LOOPBACK)
    if config.getoption("keito_live"):
        os.environ.pop(_ONLY_LOOPBACK, None)
    else:
        os.environ[_ONLY_LOOPBACK] = "1"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was."""
    before = config.stash.get(_before, None)
    if before is None:
        os.environ.pop(_ONLY_LOOPBACK, None)
    else:
        os.environ[_ONLY_LOOPBACK] = before


@pytest.fixture
def keito_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalKeito]:
    """A local Keito and an empty outbox, new for each test; the environment points at both."""
    from .testing import sandbox

    for name in [name for name in os.environ if name.startswith("KEITO_")]:
        if name != _ONLY_LOOPBACK:
            monkeypatch.delenv(name)
    _close_default_recorder()
    with sandbox() as local:
        for name, value in local.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("KEITO_OUTBOX", str(tmp_path / "keito-outbox.db"))
        yield local
        _close_default_recorder()


def _close_default_recorder() -> None:
    """Let the next use of the default recorder read the environment anew."""
    # Who has not imported it has no default recorder.
    if "keito.billing.defaults" in sys.modules:
        from .billing.defaults import close_default_recorder

        close_default_recorder()
