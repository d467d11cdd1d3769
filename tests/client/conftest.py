"""Clients of a scripted server."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from keito import AsyncKeito, Keito
from tests.client.script import Script

KEY = "kto_test_secret"


@pytest.fixture
def async_keito_of() -> Callable[[Script], AsyncKeito]:
    def connect(script: Script) -> AsyncKeito:
        http_client = httpx.AsyncClient(transport=script.transport)
        return AsyncKeito(KEY, "acc_1", "https://keito.test", http_client=http_client)

    return connect


@pytest.fixture
def keito_of() -> Callable[[Script], Keito]:
    def connect(script: Script) -> Keito:
        http_client = httpx.Client(transport=script.transport)
        return Keito(KEY, "acc_1", "https://keito.test", http_client=http_client)

    return connect
