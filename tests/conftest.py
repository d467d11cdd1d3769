"""What all tests share: nothing of the developer's own Keito is ever read or billed."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.skips import as_seen_by_ci

# How long an example takes says more of the machine than of what is tested.
settings.register_profile("keito", settings(deadline=None))
settings.load_profile("keito")

_KEPT = {"KEITO_RECORD"}

# Without a handler Python prints what is logged, here from forked children and late threads. Tests
# that look at it have handlers of their own.
logging.getLogger("keito").addHandler(logging.NullHandler())


@pytest.fixture(autouse=True)
def _nothing_of_the_developers(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in [name for name in os.environ if name.startswith("KEITO_") and name not in _KEPT]:
        monkeypatch.delenv(name)
    home: Path = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setenv("KEITO_OUTBOX", str(home / "outbox.sqlite3"))


# Longer than nearly any test takes.
_BEFORE_MIDNIGHT = 20.0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin no test just before midnight UTC: a run that is open then becomes two entries."""
    left = 86_400 - time.time() % 86_400
    if left < _BEFORE_MIDNIGHT:
        time.sleep(left + 0.1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Accept no skip in CI but the known ones."""
    return as_seen_by_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for files that are skipped as a whole."""
    return as_seen_by_ci((yield))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect garbage before a plugin parses modules here.

    A task whose exception nobody retrieved logs it as it is collected. Its traceback is parsed for
    that, and Python 3.11 then raises a SystemError for what it was parsing itself.
    """
    gc.collect()
