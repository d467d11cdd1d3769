"""The sync half is what the generator makes of the async half."""

from __future__ import annotations

from tests import unasync


def test_the_sync_half_is_fresh() -> None:
    assert unasync.stale() == []
