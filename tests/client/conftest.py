"""Clients of a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from keito import AsyncKeito, Keito
from tests.client.cassette import cassette, numbered_keys
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


@pytest.fixture
async def async_keito(request: pytest.FixtureRequest) -> AsyncIterator[AsyncKeito]:
    with cassette(_tape(request)) as settings:
        async with AsyncKeito(**settings) as client:
            client._sender.new_key = numbered_keys()
            yield client


@pytest.fixture
def keito(request: pytest.FixtureRequest) -> Iterator[Keito]:
    with cassette(_tape(request)) as settings, Keito(**settings) as client:
        client._sender.new_key = numbered_keys()
        yield client


def _tape(request: pytest.FixtureRequest) -> Path:
    name = request.node.name.removeprefix("test_")
    return request.path.parent / "cassettes" / f"{name}.yaml"
