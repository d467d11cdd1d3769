"""A local Keito, and a recorder with a price list that delivers to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keito.billing import Recorder, _log
from keito.testing import LocalKeito, sandbox
from tests.tools.claiming import recorder_to


@pytest.fixture
def keito() -> Iterator[LocalKeito]:
    with sandbox() as local:
        yield local


@pytest.fixture
def recorder(keito: LocalKeito) -> Iterator[Recorder]:
    recorder = recorder_to(keito)
    yield recorder
    recorder.close(5)


@pytest.fixture(autouse=True)
def _every_warning_is_new() -> None:
    _log.counts.clear()
