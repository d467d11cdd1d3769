"""LangChain does what every adapter must do."""

from __future__ import annotations

import pytest

from keito.billing import Recorder
from tests.contract import AdapterContract
from tests.langchain.driver import LangChainDriver


class TestLangChain(AdapterContract):
    @pytest.fixture
    def driver(self, recorder: Recorder) -> LangChainDriver:
        return LangChainDriver(recorder)
