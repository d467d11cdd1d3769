"""Keito's operations as a model may use them: it says what happened, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keito import tools
from keito.billing import Cap, Contract, Recorder
from keito.testing import LocalKeito
from tests.tools.claiming import (
    CLAIM,
    CONTRACT,
    PRICES,
    claim,
    outcomes,
    recorder_to,
    use,
)


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
    fields = tools.log_outcome(CONTRACT).arguments.model_fields

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
        tools.log_outcome(CONTRACT).read(arguments)


def test_an_explanation_does_not_repeat_what_the_model_gave() -> None:
    with pytest.raises(tools.ToolRefused) as refused:
        tools.log_outcome(CONTRACT).read('{"outcome_type": "swordfish", "success": "swordfish"}')

    assert "swordfish" not in str(refused.value)
    assert "ticket_resolved" in str(refused.value)


def test_the_model_can_only_name_what_is_on_the_price_list() -> None:
    schema = tools.log_outcome(CONTRACT).arguments.model_json_schema()

    assert schema["properties"]["outcome_type"]["enum"] == list(PRICES)


def test_without_a_price_list_it_can_name_the_common_types() -> None:
    schema = tools.log_outcome().arguments.model_json_schema()

    assert "ticket_resolved" in schema["properties"]["outcome_type"]["enum"]
    assert len(schema["properties"]["outcome_type"]["enum"]) == 10


def test_a_priced_outcome_needs_a_subject(recorder: Recorder, keito: LocalKeito) -> None:
    (answer,) = claim(recorder, {"subject": " \u200b\n"})

    assert answer == "Nothing was recorded: name the subject, such as the ticket's number."
    assert outcomes(recorder, keito) == []


def test_a_subject_is_charged_once_across_runs(recorder: Recorder, keito: LocalKeito) -> None:
    claim(recorder, {}, {"summary": "Again."})
    claim(recorder, {})

    assert len(outcomes(recorder, keito)) == 1


@pytest.mark.parametrize(
    "same", ["T-1", " t-1\n", "T\u200b-1", "T\u20111", "\uff34-1", "T-1\ufe0f", "T-1 www.evil.com"]
)
def test_a_subject_written_in_another_way_is_the_same_subject(
    same: str, recorder: Recorder, keito: LocalKeito
) -> None:
    claim(recorder, {"subject": "T-1"}, {"subject": same})

    assert len(outcomes(recorder, keito)) == 1


def test_a_subject_that_is_no_id_is_refused_instead_of_cut(
    recorder: Recorder, keito: LocalKeito
) -> None:
    (answer,) = claim(recorder, {"subject": "x" * 201})

    assert answer.startswith("Nothing was recorded: subject: at most 200 characters")
    assert outcomes(recorder, keito) == []


@pytest.fixture
def by_the_page(keito: LocalKeito) -> Iterator[Recorder]:
    """A recorder whose contract lets a model say how many pages."""
    prices = {"page_translated": "2", "ticket_resolved": "0.99", "never": "1"}
    caps = {"page_translated": Cap(quantity=20), "never": Cap(quantity=0)}
    recorder = recorder_to(keito, Contract(prices=prices, caps=caps))
    yield recorder
    recorder.close(5)


def test_how_many_is_asked_only_where_the_developer_allows_several(by_the_page: Recorder) -> None:
    several = tools.log_outcome(by_the_page.contract).arguments.model_fields
    one = tools.log_outcome(CONTRACT).arguments.model_fields

    assert several.keys() - one.keys() == {"quantity"}


def test_several_within_the_cap_are_charged(by_the_page: Recorder, keito: LocalKeito) -> None:
    claim(by_the_page, {"outcome_type": "page_translated", "quantity": 20})

    (entry,) = outcomes(by_the_page, keito)
    assert (entry["metadata"]["outcome_quantity"], entry["billable"]) == (20, True)


@pytest.mark.parametrize(
    ("outcome_type", "quantity", "most"),
    [
        ("page_translated", 21, 20),
        ("page_translated", 10**30, 20),
        ("page_translated", 0, 20),
        ("page_translated", -5, 20),
        ("ticket_resolved", 2, 1),
        ("never", 1, 0),
    ],
)
def test_a_quantity_over_the_cap_is_refused_at_once(
    outcome_type: str, quantity: int, most: int, by_the_page: Recorder, keito: LocalKeito
) -> None:
    (answer,) = claim(by_the_page, {"outcome_type": outcome_type, "quantity": quantity})

    assert answer == f"Nothing was recorded: quantity: at least 1 and at most {most}."
    assert outcomes(by_the_page, keito) == []


def test_a_tool_of_another_recorder_charges_by_the_contract_of_the_run(
    recorder: Recorder, keito: LocalKeito
) -> None:
    tool = tools.log_outcome(Contract())

    with recorder.run("clerk") as run:
        unnamed = use(tool, {**CLAIM, "subject": ""}, run, "call_1")
        for number in range(2):
            use(tool, CLAIM, run, f"call_2_{number}")

    (entry,) = outcomes(recorder, keito)
    assert "name the subject" in unnamed
    assert str(entry["metadata"]["outcome_unit_price"]) == "0.99"


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
    sent = {**CLAIM, "outcome_type": "email_sent"}

    with recorder.run("clerk") as run:
        for _ in range(2):
            use(tools.log_outcome(), sent, run, "call_1")

    assert len(outcomes(recorder, keito)) == 1


def test_a_call_id_that_is_used_for_something_else_is_another_outcome(
    recorder: Recorder, keito: LocalKeito
) -> None:
    with recorder.run("clerk") as run:
        for to in ("ada", "bob"):
            said = {**CLAIM, "outcome_type": "email_sent", "subject": to}
            use(tools.log_outcome(), said, run, "call_1")

    assert len(outcomes(recorder, keito)) == 2


def test_outside_a_billed_run_nothing_is_recorded() -> None:
    answer = use(tools.log_outcome(CONTRACT), CLAIM, None)

    assert answer == "Nothing was recorded: no billed run is open."


def test_after_the_end_of_its_run_nothing_is_recorded(
    recorder: Recorder, keito: LocalKeito
) -> None:
    with recorder.run("clerk") as run:
        pass

    answer = use(tools.log_outcome(CONTRACT), CLAIM, run)

    assert answer == "Nothing was recorded: no billed run is open."
    assert outcomes(recorder, keito) == []


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
