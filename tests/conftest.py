"""What all tests share: nothing of the developer's own Keito is ever read or billed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_KEPT = {"KEITO_RECORD"}


@pytest.fixture(autouse=True)
def _nothing_of_the_developers(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in [name for name in os.environ if name.startswith("KEITO_") and name not in _KEPT]:
        monkeypatch.delenv(name)
    home: Path = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setenv("KEITO_OUTBOX", str(home / "outbox.sqlite3"))
