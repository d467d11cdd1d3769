"""Every tool of the toolkit passes LangChain's own tests for tools, inside a billed run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import langchain_keito
import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_keito import KeitoCallbackHandler, KeitoToolkit
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from keito.billing import Contract, MemoryOutbox, Recorder, Target
from keito.testing import LocalKeito
from keito.tools import ExpenseItem, TimeRules
from tests.contract import Says, entries_of, resolved
from tests.langchain.scripted import agent, asked, using

SAYS: dict[str, dict[str, Any]] = {
    "log_outcome": dict(resolved("T-1").arguments),
    "log_time": {"hours": 0.5, "summary": "Looked into it."},
    "log_expense": {"item": "web_search", "subject": "T-1", "summary": "Had to look it up."},
    "list_projects": {},
    "list_tasks": {},
    "my_summary": {},
}


@pytest.fixture
def recorder(keito: LocalKeito) -> Iterator[Recorder]:
    """One that charges outcomes: time that is measured can't be logged as well."""
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        contract=Contract(prices={"ticket_resolved": "0.99"}),
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
    )
    yield recorder
    recorder.close(0)


@pytest.fixture(params=SAYS)
def named(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(recorder: Recorder, name: str) -> BaseTool:
    toolkit = KeitoToolkit(
        recorder,
        [name],
        time=TimeRules(most=2, per_day=4) if name == "log_time" else None,
        expenses={"web_search": ExpenseItem(category_id="cat_llm_usage", unit_cost="0.01")}
        if name == "log_expense"
        else None,
    )
    (tool,) = toolkit.get_tools()
    return tool


class EveryTool:
    """Makes LangChain's tests run for each tool, and its invocations billed runs."""

    name = "log_outcome"

    @pytest.fixture(autouse=True)
    def billed(self, recorder: Recorder, named: str) -> Iterator[None]:
        self.name = named
        self.recorder = recorder
        langchain_keito.attach(recorder)
        yield
        langchain_keito.detach()

    @property
    def tool_constructor(self) -> BaseTool:
        return made(self.recorder, self.name)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return SAYS[self.name]


class TestUnit(EveryTool, ToolsUnitTests):
    pass


class TestIntegration(EveryTool, ToolsIntegrationTests):
    pass


def test_the_program_finds_the_run_beside_the_answer(recorder: Recorder, keito: LocalKeito) -> None:
    clerk = agent(resolved("T-1"), Says(), tools=[made(recorder, "log_outcome")])

    result = clerk.invoke(asked(), using(KeitoCallbackHandler(recorder)))

    (message,) = [one for one in result["messages"] if isinstance(one, ToolMessage)]
    runs = {entry["metadata"]["run_id"] for entry in entries_of(recorder, keito)}
    assert runs == {message.artifact["run_id"]}
    assert message.artifact["run_id"] not in str(message.content)
