"""What the HTTP library lets through, and what it does in a second event loop."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import Callable

import httpx
import pytest

from keito import AsyncKeito, Keito, KeitoConnectionError
from keito.testing import LocalKeito, sandbox
from tests.client.conftest import KEY
from tests.client.script import Script, answered, entry, listed


def create(keito: Keito) -> str:
    made = keito.time_entries.create(
        project_id="p_1", task_id="t_1", spent_date="2026-03-05", metadata={"keito_key": "k_1"}
    )
    return made.id


async def async_create(keito: AsyncKeito, local: LocalKeito) -> str:
    made = await keito.time_entries.create(
        project_id=local.project_id, task_id=local.task_id, spent_date="2026-03-05"
    )
    return made.id


# An event loop that ends takes its connections with it, unclosed.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_client_serves_one_event_loop_after_the_other() -> None:
    with sandbox() as local:
        keito = AsyncKeito(**local.client_settings)

        ids = [asyncio.run(async_create(keito, local)) for _ in range(3)]

        assert ids == [stored["id"] for stored in local.entries()]
        assert len(local.requests("POST")) == 3
    del keito
    gc.collect()


@pytest.mark.parametrize(
    "failure",
    [
        ssl.SSLError("alert certificate required"),
        ConnectionResetError("reset"),
        RuntimeError("Event loop is closed"),
    ],
    ids=repr,
)
def test_what_the_library_lets_through_leaves_the_request_in_doubt(
    keito_of: Callable[[Script], Keito], failure: Exception
) -> None:
    saved = Script(failure, listed(entry(id="te_9", metadata={"keito_key": "k_1"})))
    lost = Script(failure, listed(), listed(), listed())

    found = create(keito_of(saved))
    with pytest.raises(KeitoConnectionError) as raised:
        create(keito_of(lost))

    assert found == "te_9"
    assert raised.value.may_have_been_applied is True


def test_the_callers_http_client_does_not_change_who_asks() -> None:
    script = Script(answered())
    http_client = httpx.Client(transport=script.transport, auth=("somebody", "else"))

    with Keito(KEY, "acc_1", "https://keito.test", http_client=http_client) as keito:
        keito.users.me()

    assert script.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_request_carries_its_host_its_length_and_its_content() -> None:
    script = Script(answered(), answered())
    seen: list[bytes] = []
    hooks = {"request": [lambda request: seen.append(request.content)]}
    http_client = httpx.Client(transport=script.transport, event_hooks=hooks)

    with Keito(KEY, "acc_1", "https://keito.test:8443/eu", http_client=http_client) as keito:
        create(keito)
        keito.users.me()

    made, read = script.requests
    assert made.headers["host"] == "keito.test:8443"
    assert made.headers["content-length"] == str(len(seen[0]))
    assert b'"keito_key":"k_1"' in seen[0]
    assert "content-length" not in read.headers


def test_a_host_that_the_callers_http_client_names_stays() -> None:
    script = Script(answered())
    http_client = httpx.Client(transport=script.transport, headers={"Host": "keito.internal"})

    with Keito(KEY, "acc_1", "https://keito.test", http_client=http_client) as keito:
        keito.users.me()

    assert script.requests[0].headers.get_list("host") == ["keito.internal"]
