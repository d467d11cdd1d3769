from __future__ import annotations

import asyncio
import threading
import time
from decimal import Decimal
from typing import Any

import pytest

from keito.billing import Contract, MemoryOutbox, Recorder, Usage, current_run
from keito.billing.outbox.line import Line
from tests.billing.conftest import HOME, MakeRecorder, Recorded
from tests.contract import RefusedError


def test_a_run_becomes_one_entry_with_its_tokens_and_model(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        call = run.model_start("resp_1")
        call.end(Usage(model="m-1", provider="p", input_tokens=100, output_tokens=20))
        run.tool_start("search", key="tool_1").end()

    entry = recorded.entry()

    assert entry["project_id"] == "prj_home"
    assert entry["billable"] is True
    assert entry["source"] == "agent"
    said = {"model_name": "m-1", "model_provider": "p", "tokens_in": 100, "tokens_out": 20}
    assert said.items() <= entry["metadata"].items()
    assert (entry["metadata"]["llm_calls"], entry["metadata"]["tool_calls"]) == (1, 1)


def test_the_same_model_call_reported_twice_counts_once(recorded: Recorded) -> None:
    usage = Usage(input_tokens=5, output_tokens=5)

    with recorded.recorder.run("support") as run:
        first, second = run.model_start("resp_1"), run.model_start("resp_1")
        first.end(usage)
        second.end(usage)
        run.model_call(usage, key="resp_1")

    assert recorded.metadata()["tokens_in"] == 5


def test_a_second_source_may_know_the_usage_the_first_did_not(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        run.model_start("resp_1").end(None)
        run.model_call(Usage(input_tokens=5, output_tokens=5), key="resp_1")

    metadata = recorded.metadata()
    assert metadata["tokens_in"] == 5
    assert "usage_incomplete" not in metadata


def test_a_call_that_never_ends_makes_the_usage_incomplete(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        run.model_start("resp_1")

    assert recorded.metadata()["usage_incomplete"] is True


def test_a_call_the_provider_refused_leaves_nothing_unknown(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        run.model_start("resp_1").fail(RefusedError("bad request"))
        run.model_call(Usage(input_tokens=1, output_tokens=1), key="resp_2")

    metadata = recorded.metadata()
    assert "usage_incomplete" not in metadata
    assert metadata["tokens_in"] == 1


@pytest.mark.parametrize("error", [TimeoutError(), asyncio.CancelledError(), GeneratorExit()])
def test_a_call_that_was_cut_off_may_have_cost_something(
    recorded: Recorded, error: BaseException
) -> None:
    with recorded.recorder.run("support") as run:
        run.model_start("resp_1").fail(error)

    assert recorded.metadata()["usage_incomplete"] is True


def test_a_call_still_open_at_the_end_is_awaited(recorded: Recorded) -> None:
    run = recorded.recorder.start("support")
    call = run.model_start("resp_1")
    run.finish()

    waiting = recorded.recorder.status().unfiled
    call.end(Usage(input_tokens=3, output_tokens=3))

    assert waiting == 0
    metadata = recorded.metadata()
    assert metadata["tokens_in"] == 3
    assert "usage_incomplete" not in metadata


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "ok"),
        (ValueError("secret"), "error"),
        (asyncio.CancelledError(), "cancelled"),
        (KeyboardInterrupt(), "cancelled"),
        (GeneratorExit(), "closed_early"),
    ],
)
def test_an_error_tells_the_status(
    recorded: Recorded, error: BaseException | None, status: str
) -> None:
    recorded.recorder.start("support").finish(error=error)

    assert recorded.metadata()["status"] == status


def test_a_failed_run_is_recorded_and_not_charged(recorded: Recorded) -> None:
    with pytest.raises(ValueError, match="secret"), recorded.recorder.run("support"):
        raise ValueError("secret")

    entry = recorded.entry()
    assert entry["billable"] is False
    assert entry["metadata"]["error"] == "ValueError"
    assert "secret" not in str(entry)


def test_only_the_first_finish_counts(recorded: Recorded) -> None:
    run = recorded.recorder.start("support")
    run.finish("interrupted")
    run.finish("error")

    assert recorded.metadata()["status"] == "interrupted"


def test_a_status_there_is_not_fails_where_it_is_given(recorded: Recorded) -> None:
    run = recorded.recorder.start("support")
    unknown: Any = "done"

    with pytest.raises(ValueError, match="not a status"):
        run.finish(unknown)


def test_a_pause_is_not_counted(recorded: Recorded) -> None:
    waited = threading.Event()

    with recorded.recorder.run("support") as run, run.paused():
        waited.wait(0.05)

    metadata = recorded.metadata()
    assert Decimal(metadata["seconds_raw"]) - Decimal(metadata["seconds_charged"]) >= Decimal(
        "0.05"
    )


def test_a_run_may_end_in_another_thread_than_it_began(recorded: Recorded) -> None:
    run = recorded.recorder.start("support")

    thread = threading.Thread(target=run.finish)
    thread.start()
    thread.join()

    assert recorded.metadata()["status"] == "ok"


def test_many_threads_can_report_to_one_run(recorded: Recorded) -> None:
    run = recorded.recorder.start("support")

    def work(name: int) -> None:
        for n in range(50):
            run.model_start(f"{name}/{n}").end(Usage(input_tokens=1, output_tokens=1))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish()

    assert recorded.metadata()["tokens_in"] == 400


def test_models_and_agents_are_told_apart(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        run.model_call(Usage(model="big", input_tokens=9, output_tokens=1), key="1", agent="a")
        run.model_call(Usage(model="small", input_tokens=2, output_tokens=1), key="2", agent="b")

    metadata = recorded.metadata()
    assert metadata["model_name"] == "big"
    assert metadata["models"]["small"] == {"calls": 1, "tokens_in": 2, "tokens_out": 1}
    assert metadata["agents"]["a"]["tokens_in"] == 9


def test_a_reported_cost_is_passed_on_unless_it_is_not_to_be_shared(
    make_recorder: MakeRecorder,
) -> None:
    usage = Usage(input_tokens=1, output_tokens=1, reported_cost_usd=Decimal("0.0125"))
    open_, closed = make_recorder(), make_recorder(contract=Contract(share_cost=False))

    for recorded in (open_, closed):
        recorded.recorder.start("support").model_call(usage, key="1")
        with recorded.recorder.run("support") as run:
            run.model_call(usage, key="1")

    assert open_.entries()[-1]["metadata"]["cost_usd"] == Decimal("0.0125")
    assert "cost_usd" not in str(closed.entries())


def test_an_outcome_is_an_entry_without_hours(paid_outcomes: Recorded) -> None:
    with paid_outcomes.recorder.run("support") as run:
        key = run.outcome(
            "ticket_resolved",
            unit_price="0.99",
            quantity=2,
            description="Ticket 7 solved",
            evidence={"ticket": 7},
        )

    outcome, entry = paid_outcomes.entries()
    assert (outcome["hours"], outcome["billable"], outcome["notes"]) == (0, True, "Ticket 7 solved")
    said = outcome["metadata"]
    assert said["keito_key"] == key
    assert said["outcome_type"] == "ticket_resolved"
    assert said["outcome_unit_price"] == Decimal("0.99")
    assert (said["outcome_quantity"], said["outcome_success"]) == (2, True)
    assert said["outcome_evidence"] == {"ticket": 7}
    assert said["run_id"] == entry["metadata"]["run_id"]
    assert entry["notes"].startswith("support: 2 ticket resolved [")


def test_a_failed_outcome_is_not_charged(paid_outcomes: Recorded) -> None:
    with paid_outcomes.recorder.run("support") as run:
        run.outcome("ticket_resolved", unit_price=1, success=False)

    outcome, _ = paid_outcomes.entries()
    assert outcome["billable"] is False


def test_an_outcome_stands_when_its_run_fails_later(paid_outcomes: Recorded) -> None:
    with pytest.raises(ValueError, match="later"), paid_outcomes.recorder.run("support") as run:
        run.outcome("ticket_resolved", unit_price=1)
        raise ValueError("later")

    outcome, entry = paid_outcomes.entries()
    assert (outcome["billable"], entry["billable"]) == (True, False)


def test_the_same_outcome_key_counts_once_in_a_run(paid_outcomes: Recorded) -> None:
    with paid_outcomes.recorder.run("support") as run:
        first = run.outcome("ticket_resolved", unit_price=1, key="call_1")
        second = run.outcome("ticket_resolved", unit_price=1, key="call_1")

    assert first == second
    assert len(paid_outcomes.entries()) == 2


def test_a_subject_is_charged_once_whichever_run_reports_it(paid_outcomes: Recorded) -> None:
    for subject in ("T-1042", " t-1042", "T-7"):
        with paid_outcomes.recorder.run("support") as run:
            run.outcome("ticket_resolved", unit_price=1, subject=subject)

    assert (
        sum(
            entry["hours"] == 0 and "outcome_type" in entry["metadata"]
            for entry in paid_outcomes.entries()
        )
        == 2
    )


def test_a_failure_does_not_use_a_subject_up(paid_outcomes: Recorded) -> None:
    for success in (False, True):
        with paid_outcomes.recorder.run("support") as run:
            run.outcome("ticket_resolved", unit_price=1, subject="T-1", success=success)

    outcomes = [e for e in paid_outcomes.entries() if "outcome_type" in e["metadata"]]
    assert [outcome["billable"] for outcome in outcomes] == [False, True]


def test_a_price_list_charges_outcomes_instead_of_hours(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(contract=Contract(prices={"ticket_resolved": "0.99"}))

    with recorded.recorder.run("support") as run:
        run.outcome("ticket_resolved")

    outcome, entry = recorded.entries()
    assert (outcome["billable"], entry["billable"]) == (True, False)
    assert outcome["metadata"]["outcome_unit_price"] == Decimal("0.99")


def test_a_price_that_the_contract_does_not_charge_is_said_loudly(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    with recorded.recorder.run("support") as run:
        run.outcome("ticket_resolved", unit_price=1)

    assert "charges time only" in caplog.text
    assert recorded.entries()[0]["billable"] is False


@pytest.mark.parametrize("price", [0.99, True, object()])
def test_a_price_that_is_not_exact_fails_where_it_is_given(recorded: Recorded, price: Any) -> None:
    run = recorded.recorder.start("support")

    with pytest.raises(TypeError, match="unit_price"):
        run.outcome("ticket_resolved", unit_price=price)


def test_notes_and_metadata_of_a_run_reach_the_client(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        run.note("Answered three mails")
        run.metadata(team="north", confidence=0.9, keito_key="forged")

    entry = recorded.entry()
    assert entry["notes"] == "Answered three mails"
    assert entry["metadata"]["team"] == "north"
    assert entry["metadata"]["keito_key"] != "forged"


def test_only_the_first_success_with_a_work_key_is_charged(recorded: Recorded) -> None:
    from keito.billing import bill_to

    for error in (ValueError(), None, None):
        with bill_to(work_key="job-1"):
            recorded.recorder.start("worker").finish(error=error)

    entries = recorded.entries()
    assert [entry["billable"] for entry in entries] == [False, True, False]
    assert [entry["metadata"]["attempt"] for entry in entries] == [1, 2, 3]


def test_the_current_run_is_found_from_the_code_it_works_for(recorded: Recorded) -> None:
    assert current_run() is None
    with recorded.recorder.run("support") as run:
        assert current_run() is run
        assert recorded.recorder.current() is run
    assert current_run() is None


def test_an_empty_name_fails_where_it_is_given(recorded: Recorded) -> None:
    with pytest.raises(TypeError, match="name"):
        recorded.recorder.start("")


def test_a_mode_there_is_not_fails_where_it_is_given() -> None:
    unknown: Any = "dry"

    with pytest.raises(ValueError, match="mode"):
        Recorder(mode=unknown)


def test_names_that_are_no_text_keep_no_run_from_being_recorded(recorded: Recorded) -> None:
    odd: Any = object()

    with recorded.recorder.run("agent") as run:
        run.model_start("1", model=odd, agent=odd).end(
            Usage(model=odd, provider=odd, input_tokens=7, output_tokens=3)
        )

    metadata = recorded.metadata()
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 7)
    assert "model_name" not in metadata


def test_a_text_that_was_cut_within_a_character_is_recorded(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        keys = {run.outcome("done", subject=subject) for subject in ("a\ud83d", "a\ud83c")}

    assert keys < {entry["metadata"]["keito_key"] for entry in recorded.entries()}
    assert len(keys) == 2


@pytest.mark.parametrize("name", ["description", "notes", "subject", "key"])
def test_an_outcome_takes_texts_only(recorded: Recorded, name: str) -> None:
    wrong: Any = {name: 7}

    with recorded.recorder.run("agent") as run, pytest.raises(TypeError, match=name):
        run.outcome("done", **wrong)


def test_a_subject_of_runs_that_nobody_routed_is_kept_for_each(make_recorder: MakeRecorder) -> None:
    recorder = make_recorder(routing="explicit").recorder

    keys = set()
    for _ in range(2):
        with recorder.run("agent") as run:
            keys.add(run.outcome("ticket_resolved", subject="T-1"))

    assert len(keys) == 2


class SlowToTakeContracts(MemoryOutbox):
    """Has others go on while it is told what is charged."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def append(self, line: Line, *, wait: float | None = None) -> None:
        if line.kind == "contract":
            self.told.set()
            time.sleep(0.05)
        super().append(line, wait=wait)


def test_no_thread_records_a_run_before_what_it_is_charged_by() -> None:
    outbox = SlowToTakeContracts()
    recorder = Recorder(outbox=outbox, target=HOME, courier="external")
    first = threading.Thread(target=lambda: recorder.start("first").finish())

    first.start()
    outbox.told.wait(10)
    recorder.start("second").finish()
    first.join()

    kinds = [line.kind for line in outbox.arrivals(limit=9) if line.kind != "start"]
    assert kinds == ["contract", "finish", "finish"]
    recorder.close(0)
