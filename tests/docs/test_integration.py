"""The integration that "Write an integration" ends in does what every adapter must do."""

from __future__ import annotations

from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import DeferredToolRequests, Tool, UsageLimitExceeded, UsageLimits

from examples.integration import pydantic_ai_keito
from examples.integration.pydantic_ai_keito import KeitoBilling, keito_tool
from keito import tools
from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import AdapterContract, Calls, Driver, Reply, Says, entries_of, only
from tests.docs.scripted import agent


# --8<-- [start:driver]
class PydanticAIDriver(Driver):
    framework = "pydantic-ai"

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.billing = KeitoBilling(recorder)

    async def run(self, *replies: Reply) -> str:
        (log_outcome,) = tools.tools(self.recorder)
        clerk = agent(*replies, tools=[keito_tool(log_outcome)], capabilities=[self.billing])
        return (await clerk.run("Help.")).output

    async def run_attached_twice(self, *replies: Reply) -> str:
        clerk = agent(*replies, capabilities=[self.billing])
        more = [self.billing, KeitoBilling(self.recorder)]
        return (await clerk.run("Help.", capabilities=more)).output

    async def run_nested(self, outer: tuple[Reply, ...], inner: tuple[Reply, ...]) -> str:
        expert = agent(*inner, name="expert", capabilities=[self.billing])

        async def ask_expert(input: str) -> str:
            """Ask someone who knows."""
            return (await expert.run(input)).output

        clerk = agent(*outer, tools=[ask_expert], capabilities=[self.billing])
        return (await clerk.run("Help.")).output

    async def break_off(self, *replies: Reply) -> None:
        async def read_one(ctx: object, events: AsyncIterable[object]) -> None:
            async for _ in events:
                return

        clerk = agent(*replies, capabilities=[self.billing])
        await clerk.run("Go on.", event_stream_handler=read_one)


class TestPydanticAI(AdapterContract):
    @pytest.fixture
    def driver(self, recorder: Recorder) -> PydanticAIDriver:
        return PydanticAIDriver(recorder)


# --8<-- [end:driver]


def test_it_is_as_short_as_its_page_says() -> None:
    assert len(Path(pydantic_ai_keito.__file__).read_text().splitlines()) < 150


async def test_a_run_that_reaches_a_limit_of_the_framework_is_not_charged(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(Calls("look_up"), Says(), capabilities=[KeitoBilling(recorder)])

    with pytest.raises(UsageLimitExceeded):
        await clerk.run("Help.", usage_limits=UsageLimits(request_limit=1))

    entry = only(entries_of(recorder, keito))
    assert (entry["metadata"]["status"], entry["billable"]) == ("limit", False)


async def test_a_run_that_waits_for_an_approval_is_interrupted(
    recorder: Recorder, keito: LocalKeito
) -> None:
    refund: Tool[Any] = Tool(lambda: "done", name="refund", requires_approval=True)
    clerk = agent(
        Calls("refund"),
        tools=[refund],
        output_type=[str, DeferredToolRequests],
        capabilities=[KeitoBilling(recorder)],
    )

    await clerk.run("Help.")

    assert only(entries_of(recorder, keito))["metadata"]["status"] == "interrupted"
