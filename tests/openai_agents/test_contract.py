"""The OpenAI Agents SDK's adapter does what every adapter must do."""

from __future__ import annotations

import pytest

from keito.billing import Recorder
from tests.contract import AdapterContract
from tests.openai_agents.driver import AgentsDriver


class TestOpenAIAgents(AdapterContract):
    @pytest.fixture
    def driver(self, recorder: Recorder) -> AgentsDriver:
        return AgentsDriver(recorder)
