from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Contract, Usage
from keito.billing.notes import LONGEST, notes
from tests.billing.conftest import MakeRecorder

KEY = "cbf17cc7-a38b-5b3e-b337-7f1028443e06"


def test_they_name_the_agent_and_the_record() -> None:
    assert notes(agent="support", outcomes={}, key=KEY, template=None) == (
        "support: agent run [cbf17cc7]"
    )


def test_they_count_outcomes() -> None:
    text = notes(
        agent="s", outcomes={"ticket_resolved": 2, "email_sent": 1}, key=KEY, template=None
    )

    assert text == "s: 1 email sent, 2 ticket resolved [cbf17cc7]"


def test_a_template_is_filled_in_and_nothing_else_is() -> None:
    text = notes(
        agent="s", outcomes={"a": 1}, key=KEY, template="{agent} did {outcomes} {key} {agent.x} {}"
    )

    assert text == "s did 1 a cbf17cc7 {agent.x} {}"


def test_what_the_run_said_comes_before_the_template() -> None:
    assert notes(agent="s", outcomes={}, key=KEY, template="t", said=["a", "b"]) == "a; b"


@given(
    st.text(), st.text() | st.none(), st.lists(st.text()), st.dictionaries(st.text(), st.integers())
)
def test_they_are_always_short_and_valid_text(
    agent: str, template: str | None, said: list[str], outcomes: dict[str, int]
) -> None:
    text = notes(agent=agent, outcomes=outcomes, key=KEY, template=template, said=said)

    assert len(text) <= LONGEST
    assert text.encode().decode() == text


def test_they_say_nothing_of_models_tokens_cost_or_errors(make_recorder: MakeRecorder) -> None:
    contract = Contract(policy={"error": True})
    recorded = make_recorder(contract=contract)
    run = recorded.recorder.start("agent")
    usage = Usage(
        model="gpt-secret",
        provider="someone",
        input_tokens=12345,
        output_tokens=67890,
        reported_cost_usd=Decimal("98.76"),
    )
    run.model_call(usage, key="call")
    run.finish("error", error=ZeroDivisionError("confidential"))

    entry = recorded.entry()

    short = entry["metadata"]["keito_key"][:8]
    assert entry["notes"] == f"agent: agent run [{short}]"
