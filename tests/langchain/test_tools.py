"""`log_outcome` as a LangChain tool: LangChain's own tests for tools, and an agent that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.messages.tool import tool_call
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool
from langchain_keito import KeitoCallbackHandler, log_outcome
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from keito.billing import Contract, MemoryOutbox, Recorder, Target
from keito.testing import LocalKeito
from tests.contract import Calls, Says, entries_of, resolved
from tests.langchain.scripted import agent, asked, using

CLAIM = dict(resolved("T-1").arguments)


def on_no_keito() -> Recorder:
    contract = Contract(prices={"ticket_resolved": "0.99"})
    return Recorder(outbox=MemoryOutbox(), contract=contract, courier="external")


class TestUnit(ToolsUnitTests):
    @property
    def tool_constructor(self) -> BaseTool:
        return log_outcome(on_no_keito())

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return CLAIM


class TestIntegration(ToolsIntegrationTests):
    @property
    def tool_constructor(self) -> BaseTool:
        return log_outcome(on_no_keito())

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return CLAIM


@pytest.fixture
def unpriced(keito: LocalKeito) -> Iterator[Recorder]:
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
    )
    yield recorder
    recorder.close(0)


def answers(result: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in result["messages"] if isinstance(message, ToolMessage)]


def outcomes(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    entries = entries_of(recorder, keito)
    return [entry for entry in entries if "outcome_type" in entry["metadata"]]


@pytest.mark.parametrize("call", ["invoke", "ainvoke"])
async def test_a_claim_belongs_to_the_run_it_is_made_in(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(resolved("T-1"), Says(), tools=[log_outcome(recorder)])

    if call == "invoke":
        result = clerk.invoke(asked(), using(handler))
    else:
        result = await clerk.ainvoke(asked(), using(handler))

    runs = {entry["metadata"]["run_id"] for entry in entries_of(recorder, keito)}
    assert [message.content for message in answers(result)] == ["Recorded: Ticket resolved."]
    assert len(runs) == 1
    assert len(outcomes(recorder, keito)) == 1


def test_a_refusal_is_an_answer_to_the_model(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(resolved(""), Says(), tools=[log_outcome(recorder)])

    (message,) = answers(clerk.invoke(asked(), using(handler)))

    assert message.status == "error"
    assert str(message.content).startswith("Nothing was recorded")
    assert outcomes(recorder, keito) == []


def test_an_invented_type_is_an_answer_to_the_model(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    wrong = Calls("log_outcome", {**CLAIM, "outcome_type": "free_money"})
    clerk = agent(wrong, Says(), tools=[log_outcome(recorder)])

    (message,) = answers(clerk.invoke(asked(), using(handler)))

    assert message.status == "error"
    assert "ticket_resolved" in message.content
    assert outcomes(recorder, keito) == []


def test_the_model_is_shown_no_billing_ids(recorder: Recorder) -> None:
    shown = log_outcome(recorder).args

    assert shown.keys() == {"outcome_type", "subject", "summary", "success"}


def test_without_a_handler_the_current_run_takes_the_claim(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(resolved("T-1"), Says(), tools=[log_outcome(recorder)])

    with recorder.run("support"):
        clerk.invoke(asked())

    assert len(outcomes(recorder, keito)) == 1


def test_the_tool_itself_can_be_what_is_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    def claim(text: str) -> dict[str, Any]:
        return CLAIM

    steps = RunnableLambda(claim) | log_outcome(recorder)

    assert steps.invoke("Help.", using(handler)) == "Recorded: Ticket resolved."

    assert len(outcomes(recorder, keito)) == 1


def test_a_call_that_is_carried_out_twice_is_one_outcome(
    keito: LocalKeito, unpriced: Recorder
) -> None:
    tool = log_outcome(unpriced)
    call = tool_call(name=tool.name, args=CLAIM, id="call_1")

    def retried(text: str) -> None:
        for _ in range(2):
            tool.invoke(call)

    RunnableLambda(retried).invoke("Help.", using(KeitoCallbackHandler(unpriced)))

    assert len(outcomes(unpriced, keito)) == 1
