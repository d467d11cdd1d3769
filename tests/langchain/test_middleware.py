"""Limits: an agent ends, or fails, before the model call that would be too many."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any, Literal, cast

import pytest
from langchain_keito import KeitoCallbackHandler, KeitoMiddleware

from keito.billing import KeitoLimitReached, Limits, Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of, only
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using

LIMITED = Target(limits=Limits(model_calls=2))


def loop(**settings: Any) -> Any:
    """An agent that would call its model five times."""
    calls = [Calls("look_up", id=f"call_{n}") for n in range(4)]
    return agent(*calls, Says("Done."), middleware=[KeitoMiddleware(**settings)])


def stopped(recorder: Recorder, keito: LocalKeito) -> tuple[str, int, int, bool]:
    entry = only(entries_of(recorder, keito))
    metadata = entry["metadata"]
    return metadata["status"], metadata["llm_calls"], metadata["tokens_in"], entry["billable"]


def test_it_ends_the_agent_cleanly(recorder: Recorder, keito: LocalKeito) -> None:
    result = loop().invoke(asked(), using(KeitoCallbackHandler(recorder, LIMITED)))

    assert "limit" in result["messages"][-1].content
    assert stopped(recorder, keito) == ("limit", 2, 2 * INPUT, False)


def test_it_raises_if_that_is_wanted(recorder: Recorder, keito: LocalKeito) -> None:
    with pytest.raises(KeitoLimitReached):
        loop(on_limit="raise").invoke(asked(), using(KeitoCallbackHandler(recorder, LIMITED)))

    assert stopped(recorder, keito) == ("limit", 2, 2 * INPUT, False)


@needs_handing_on
@pytest.mark.parametrize("on_limit", ["end", "raise"])
async def test_it_is_the_same_when_asynchronous(
    on_limit: Literal["end", "raise"], recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = loop(on_limit=on_limit)
    config = using(KeitoCallbackHandler(recorder, LIMITED))

    if on_limit == "raise":
        with pytest.raises(KeitoLimitReached):
            await clerk.ainvoke(asked(), config)
    else:
        await clerk.ainvoke(asked(), config)

    assert stopped(recorder, keito) == ("limit", 2, 2 * INPUT, False)


def test_the_middleware_counts_nothing_itself(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    loop().invoke(asked(), using(handler))

    assert stopped(recorder, keito) == ("ok", 5, 5 * INPUT, True)


def test_what_it_cost_is_limited_too(recorder: Recorder, keito: LocalKeito) -> None:
    target = Target(limits=Limits(cost=Decimal("0.0000001"), on_unknown="stop"))

    loop().invoke(asked(), using(KeitoCallbackHandler(recorder, target)))

    assert stopped(recorder, keito)[:2] == ("limit", 1)


def test_an_agent_inside_an_agent_uses_up_the_same_limit(
    recorder: Recorder, keito: LocalKeito
) -> None:
    from langchain_core.tools import tool

    inner = agent(Calls("look_up"), Says(), name="expert", middleware=[KeitoMiddleware()])

    @tool
    def ask_expert() -> str:
        """Ask."""
        return str(inner.invoke(asked())["messages"][-1].content)

    outer = agent(Calls("ask_expert"), Says(), tools=[ask_expert], middleware=[KeitoMiddleware()])

    outer.invoke(asked(), using(KeitoCallbackHandler(recorder, LIMITED)))

    assert stopped(recorder, keito)[:2] == ("limit", 2)


def test_an_agent_that_goes_on_after_one_inside_was_stopped_is_not_limited(
    recorder: Recorder, keito: LocalKeito
) -> None:
    from langchain_core.tools import tool

    inner = agent(Calls("look_up"), Says(), name="expert", middleware=[KeitoMiddleware()])

    @tool
    def ask_expert() -> str:
        """Ask."""
        return str(inner.invoke(asked())["messages"][-1].content)

    outer = agent(Calls("ask_expert"), Says(), tools=[ask_expert])

    outer.invoke(asked(), using(KeitoCallbackHandler(recorder, LIMITED)))

    assert stopped(recorder, keito)[:2] == ("ok", 3)


def test_without_a_handler_it_says_that_it_checks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clerk = loop()

    with caplog.at_level(logging.WARNING), bill_to(limits=Limits(model_calls=1)):
        result = clerk.invoke(asked())

    assert result["messages"][-1].content == "Done."
    assert sum("checks no limits" in record.message for record in caplog.records) == 1


def test_only_the_two_ways_of_stopping_are_taken() -> None:
    with pytest.raises(ValueError, match="on_limit"):
        KeitoMiddleware(on_limit=cast(Any, "pause"))


def test_the_model_of_the_middleware_of_others_counts(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    from langchain.agents.middleware import SummarizationMiddleware

    summarizer = SummarizationMiddleware(
        model=ScriptedModel(replies=[Says("In short.")] * 5),
        trigger=("messages", 3),
        keep=("messages", 1),
    )
    clerk = agent(Calls("look_up"), Says(), middleware=[summarizer, KeitoMiddleware()])

    clerk.invoke(asked(), using(handler))

    assert stopped(recorder, keito)[1] == 3
