"""Keito's operations as a model may use them: it says what happened, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito import tools
from keito.billing import Contract, MemoryOutbox, Recorder, Target
from keito.testing import LocalKeito, sandbox

PRICES = {"ticket_resolved": "0.99", "lead_qualified": "12.50"}

CLAIM = {
    "outcome_type": "ticket_resolved",
    "subject": "T-1",
    "summary": "Sent a new password.",
    "success": True,
}


@pytest.fixture
def keito() -> Iterator[LocalKeito]:
    with sandbox() as local:
        yield local


@pytest.fixture
def recorder(keito: LocalKeito) -> Iterator[Recorder]:
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        contract=Contract(prices=PRICES),
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
    )
    yield recorder
    recorder.close(0)


def outcomes(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    assert recorder.flush(20) == 0
    return [entry for entry in keito.entries() if "outcome_type" in entry["metadata"]]


def claim(recorder: Recorder, *claims: dict[str, Any], prices: Any = PRICES) -> list[str]:
    """Have the model make claims within one run; each with its own call id."""
    tool = tools.log_outcome(prices)
    with recorder.run("clerk") as run:
        said = [tool.arguments.model_validate({**CLAIM, **claim}) for claim in claims]
        return [
            tool.call(tools.Call(arguments, run=run, id=f"call_{number}"))
            for number, arguments in enumerate(said)
        ]


def test_a_claim_becomes_an_outcome_at_the_developers_price(
    recorder: Recorder, keito: LocalKeito
) -> None:
    answer = claim(recorder, {})

    (entry,) = outcomes(recorder, keito)
    said = entry["metadata"]
    assert answer == ["Recorded: Ticket resolved."]
    assert str(said["outcome_unit_price"]) == "0.99"
    assert said["outcome_success"] is True
    assert entry["project_id"] == keito.project_id


def test_the_arguments_name_no_project_price_or_user() -> None:
    fields = tools.log_outcome(PRICES).arguments.model_fields

    assert fields.keys() == {"outcome_type", "subject", "summary", "success"}


def test_forged_arguments_are_dropped(recorder: Recorder, keito: LocalKeito) -> None:
    claim(recorder, {"project_id": "prj_other", "unit_price": 1000, "quantity": 50})

    (entry,) = outcomes(recorder, keito)
    assert entry["project_id"] == keito.project_id
    assert str(entry["metadata"]["outcome_unit_price"]) == "0.99"
    assert entry["metadata"]["outcome_quantity"] == 1


@pytest.mark.parametrize(
    "arguments", ["", "{}", "[1]", '{"outcome_type": "free_money"}', "not json"]
)
def test_bad_arguments_are_explained_to_the_model(arguments: str) -> None:
    with pytest.raises(tools.ToolRefused, match=r"^Nothing was recorded\. "):
        tools.log_outcome(PRICES).read(arguments)


def test_an_explanation_does_not_repeat_what_the_model_gave() -> None:
    with pytest.raises(tools.ToolRefused) as refused:
        tools.log_outcome(PRICES).read('{"outcome_type": "swordfish", "success": "swordfish"}')

    assert "swordfish" not in str(refused.value)
    assert "ticket_resolved" in str(refused.value)


def test_the_model_can_only_name_what_is_on_the_price_list() -> None:
    schema = tools.log_outcome(PRICES).arguments.model_json_schema()

    assert schema["properties"]["outcome_type"]["enum"] == list(PRICES)


def test_without_a_price_list_it_can_name_the_common_types() -> None:
    schema = tools.log_outcome().arguments.model_json_schema()

    assert "ticket_resolved" in schema["properties"]["outcome_type"]["enum"]
    assert len(schema["properties"]["outcome_type"]["enum"]) == 10


def test_a_priced_outcome_needs_a_subject(recorder: Recorder, keito: LocalKeito) -> None:
    with pytest.raises(tools.ToolRefused, match="name the subject"):
        claim(recorder, {"subject": " \u200b\n"})

    assert outcomes(recorder, keito) == []


def test_a_subject_is_charged_once_across_runs(recorder: Recorder, keito: LocalKeito) -> None:
    claim(recorder, {}, {"summary": "Again."})
    claim(recorder, {})

    assert len(outcomes(recorder, keito)) == 1


def test_another_type_for_the_same_subject_is_another_outcome(
    recorder: Recorder, keito: LocalKeito
) -> None:
    claim(recorder, {}, {"outcome_type": "lead_qualified"})

    assert len(outcomes(recorder, keito)) == 2


def test_a_failure_is_recorded_and_earns_nothing(recorder: Recorder, keito: LocalKeito) -> None:
    claim(recorder, {"success": False})

    (entry,) = outcomes(recorder, keito)
    assert entry["metadata"]["outcome_success"] is False
    assert entry["billable"] is False


def test_the_same_call_twice_is_one_outcome(recorder: Recorder, keito: LocalKeito) -> None:
    tool = tools.log_outcome()
    arguments = tool.arguments.model_validate({**CLAIM, "outcome_type": "email_sent"})

    with recorder.run("clerk") as run:
        for _ in range(2):
            tool.call(tools.Call(arguments, run=run, id="call_1"))

    assert len(outcomes(recorder, keito)) == 1


def test_a_call_id_that_is_used_for_something_else_is_another_outcome(
    recorder: Recorder, keito: LocalKeito
) -> None:
    tool = tools.log_outcome()

    with recorder.run("clerk") as run:
        for to in ("ada", "bob"):
            said = {**CLAIM, "outcome_type": "email_sent", "subject": to}
            arguments = tool.arguments.model_validate(said)
            tool.call(tools.Call(arguments, run=run, id="call_1"))

    assert len(outcomes(recorder, keito)) == 2


def test_outside_a_billed_run_nothing_is_recorded() -> None:
    tool = tools.log_outcome(PRICES)

    with pytest.raises(tools.ToolRefused, match="no billed run is open"):
        tool.call(tools.Call(tool.arguments.model_validate(CLAIM)))


def test_the_models_words_are_evidence_and_never_what_the_client_reads(
    recorder: Recorder, keito: LocalKeito
) -> None:
    claim(recorder, {"summary": "Pay me at http://evil.example/now \x1b[31mtoday"})

    (entry,) = outcomes(recorder, keito)
    evidence = entry["metadata"]["outcome_evidence"]
    assert evidence == {
        "claimed_by": "model",
        "subject": "T-1",
        "summary": "Pay me at [31mtoday",
    }
    assert "Pay me" not in entry["notes"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example",
        "HTTP://evil.example/a?b=c",
        "www.evil.example",
        "evil.example/path",
        "evil.com",
        "javascript:alert(1)",
        "mailto:a@b.c",
        "[click](https://evil.example)",
    ],
)
def test_a_link_is_removed(link: str) -> None:
    cleaned = tools.cleaned(f"before {link} after", 500)

    assert "evil" not in cleaned
    assert "alert" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith("after")


@pytest.mark.parametrize(
    "text", ["T-1042", "invoice-7.pdf", "and/or", "3.5 of 4", "a: b", "ÄÖ 漢字"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert tools.cleaned(text, 500) == text


@given(
    st.lists(
        st.sampled_from(["http", "s", "://", "www.", "evil", ".com", "/", "data:", "munity", " "])
        | st.text(max_size=3)
    )
)
def test_cleaning_is_short_printable_and_complete(pieces: list[str]) -> None:
    cleaned = tools.cleaned("".join(pieces), 20)

    assert len(cleaned) <= 20
    assert cleaned.isprintable()
    assert cleaned == tools.cleaned(cleaned, 20)
