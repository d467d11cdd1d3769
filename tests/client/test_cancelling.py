"""A call that is cut short from outside."""

from __future__ import annotations

import asyncio

import pytest

from keito import AsyncKeito, TimeEntry
from keito.testing import LocalKeito

AT_ONCE = 20


async def create(keito: AsyncKeito, local: LocalKeito, key: str) -> TimeEntry:
    return await keito.time_entries.create(
        project_id=local.project_id,
        task_id=local.task_id,
        spent_date="2026-03-05",
        metadata={"keito_key": key},
    )


async def committed(local: LocalKeito, number: int) -> None:
    # The local Keito runs in another thread, which has no event to tell this loop.
    while len(local.entries()) < number:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_cancelled_create_is_not_repeated_and_can_be_found_by_its_key(
    keito_sandbox: LocalKeito,
) -> None:
    keito_sandbox.faults.hang(committed=True)

    async with AsyncKeito(**keito_sandbox.client_settings) as keito:
        call = asyncio.create_task(create(keito, keito_sandbox, "k_1"))
        await committed(keito_sandbox, 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        found = [entry.metadata async for entry in keito.time_entries.list()]

    assert [metadata and metadata["keito_key"] for metadata in found] == ["k_1"]


async def test_cancelled_calls_leave_the_client_usable(keito_sandbox: LocalKeito) -> None:
    keito_sandbox.faults.hang(committed=True, times=None, method="POST")

    async with AsyncKeito(**keito_sandbox.client_settings) as keito:
        calls = [
            asyncio.create_task(create(keito, keito_sandbox, f"k_{n}")) for n in range(AT_ONCE)
        ]
        await committed(keito_sandbox, AT_ONCE)
        for call in calls:
            call.cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        me = await keito.users.me()

    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert me.id == "usr_ada"
