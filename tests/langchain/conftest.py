"""What the LangChain tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from langchain_keito import KeitoCallbackHandler
from langchain_keito._tree import tree

from keito.billing import Recorder
from tests.blocking import nothing_blocks
from tests.contract import keito, recorder

__all__ = ["handler", "keito", "nothing_blocks", "nothing_left", "recorder"]


@pytest.fixture
def handler(recorder: Recorder) -> KeitoCallbackHandler:
    return KeitoCallbackHandler(recorder)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever a test did, the adapter keeps nothing of it."""
    yield
    assert len(tree) == 0
