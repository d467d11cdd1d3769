"""`log_outcome` as a LangChain tool, and agents that use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.messages.tool import tool_call
from langchain_core.runnables import RunnableLambda
from langchain_keito import KeitoCallbackHandler, KeitoToolkit, keito_tool, log_outcome
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from keito import tools
from keito.billing import Contract, MemoryOutbox, Recorder, Target
from keito.testing import LocalKeito
from tests.contract import Calls, Says, entries_of, resolved
from tests.langchain.scripted import agent, asked, needs_handing_on, using

CLAIM = dict(resolved("T-1").arguments)


def on_no_keito() -> Recorder:
    contract = Contract(prices={"ticket_resolved": "0.99"})
    return Recorder(outbox=MemoryOutbox(), contract=contract, courier="external")


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


def test_the_toolkit_has_one_tool_unless_others_are_named(recorder: Recorder) -> None:
    one = KeitoToolkit(recorder).get_tools()
    reads = KeitoToolkit(recorder, ("list_projects", "my_summary")).get_tools()

    assert [tool.name for tool in one] == ["log_outcome"]
    assert [tool.name for tool in reads] == ["list_projects", "my_summary"]


@pytest.mark.parametrize("call", ["invoke", "ainvoke"])
async def test_a_list_is_of_the_client_of_the_run(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    forged = Calls("list_projects", {"client_id": "cli_globex"})
    clerk = agent(forged, Says(), tools=[keito_tool(tools.list_projects())])

    if call == "invoke":
        result = clerk.invoke(asked(), using(handler))
    else:
        result = await clerk.ainvoke(asked(), using(handler))

    (message,) = answers(result)
    assert message.content == 'Projects: "Research", "Support".'


async def test_an_asynchronous_function_verifies(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    async def verify(claim: tools.Claim) -> bool:
        return claim.said["subject"] == "T-2"

    tool = log_outcome(recorder, verify=verify)
    clerk = agent(resolved("T-1"), resolved("T-2", id="call_2"), Says(), tools=[tool])

    result = await clerk.ainvoke(asked(), using(handler))

    assert [message.content for message in answers(result)] == [
        "Nothing was recorded: it was not confirmed.",
        "Recorded: Ticket resolved.",
    ]
    assert len(outcomes(recorder, keito)) == 1


APPROVAL = {
    "tool": "log_outcome",
    "claim": {**CLAIM, "quantity": 1},
}


@pytest.mark.parametrize(
    ("decision", "read", "count"),
    [
        (True, "Recorded: Ticket resolved.", 1),
        (False, "Nothing was recorded: it was not approved.", 0),
        ("It is still open.", "Nothing was recorded: It is still open.", 0),
    ],
)
def test_a_person_approves_through_an_interrupt(
    decision: object,
    read: str,
    count: int,
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
) -> None:
    tool = log_outcome(recorder, approve=True)
    clerk = agent(resolved("T-1"), Says(), tools=[tool], checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    waiting = clerk.invoke(asked(), config)
    before = outcomes(recorder, keito)
    result = clerk.invoke(Command(resume=decision), config)

    (asking,) = waiting["__interrupt__"]
    assert asking.value == APPROVAL
    assert before == []
    assert [message.content for message in answers(result)] == [read]
    assert len(outcomes(recorder, keito)) == count


@needs_handing_on
async def test_a_person_approves_asynchronously_too(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    tool = log_outcome(recorder, approve=True)
    clerk = agent(resolved("T-1"), Says(), tools=[tool], checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    await clerk.ainvoke(asked(), config)
    result = await clerk.ainvoke(Command(resume=True), config)

    assert [message.content for message in answers(result)] == ["Recorded: Ticket resolved."]
    assert len(outcomes(recorder, keito)) == 1


def test_a_graph_that_keeps_no_state_records_nothing_unapproved(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(resolved("T-1"), Says(), tools=[log_outcome(recorder, approve=True)])

    waiting = clerk.invoke(asked(), using(handler))

    assert "__interrupt__" in waiting
    assert outcomes(recorder, keito) == []


def test_outside_of_a_graph_nobody_can_approve(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    tool = log_outcome(recorder, approve=True)

    def claim(text: str) -> dict[str, Any]:
        return CLAIM

    answer = (RunnableLambda(claim) | tool).invoke("Help.", using(handler))

    assert answer == "Nothing was recorded: nobody can be asked for approval here."
    assert outcomes(recorder, keito) == []
