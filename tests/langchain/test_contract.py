"""LangChain does what every adapter must do."""

from __future__ import annotations

import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import AdapterContract, Driver
from tests.langchain.driver import LangChainDriver
from tests.langchain.scripted import needs_handing_on


# LangChain hides this warning of its own from itself, in a way that concurrent runs undo.
@pytest.mark.filterwarnings("ignore:Direct attribute assignment:DeprecationWarning")
class TestLangChain(AdapterContract):
    @pytest.fixture
    def driver(self, recorder: Recorder) -> LangChainDriver:
        return LangChainDriver(recorder)

    @needs_handing_on
    async def test_a_cancelled_run_is_recorded_and_not_charged(
        self, driver: Driver, keito: LocalKeito
    ) -> None:
        await super().test_a_cancelled_run_is_recorded_and_not_charged(driver, keito)
