"""The daily expense for what model calls cost."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito import _json
from keito.billing import Contract, CostExpense, MemoryOutbox, Status, Target, Usage
from keito.billing.delivery import Delivery
from keito.billing.destination import Destination
from keito.billing.outbox.record import Record
from keito.billing.passing_on import PassingOn
from keito.testing import LocalKeito

from .conftest import MakeRecorder
from .sending import FAST, recorder_to

D = Decimal
DAY = 86_400
NOON = 1_772_712_000  # 2026-03-05T12:00:00Z
ACME = Destination("https://keito.test", "acc_acme", "default")
EUROS = CostExpense(category_id="cat_llm", markup="0.2", currency="EUR", rate="0.9")


class Ledger:
    """An outbox with costs of days, and the expenses that are made of them."""

    def __init__(self, contract: Contract) -> None:
        self.outbox = MemoryOutbox()
        self.contract = contract
        self.now = float(NOON)
        self._count = 0
        self.outbox.file([], contracts={contract.id: contract.text()}, lines=[], runs=[])

    def spend(self, day: str, usd: str | None, **other: Any) -> None:
        self._count += 1
        cost = {"cost_usd": D(usd)} if usd is not None else {"llm_calls_unpriced": 1}
        record = Record(
            key=f"run {self._count}",
            run=f"run {self._count}",
            kind="run",
            destination=ACME.id,
            state="DONE",
            payload="{}",
            project="prj",
            day=day,
            contract=self.contract.id,
            cost=_json.dumps(cost).decode(),
            expense="due",
        )
        self.outbox.file([replace(record, **other)], contracts={}, lines=[], runs=[])

    def pass_on(self, *, days_later: float = 0) -> None:
        self.now += days_later * DAY
        PassingOn(self.outbox, ACME, clock=lambda: self.now).step(before="9999")

    def bodies(self) -> list[dict[str, Any]]:
        """The expenses that would be sent, in the order of their days."""
        found = []
        while record := self.outbox.claim(ACME.id, owner="t", now=0, lease=0, without=()):
            body = _json.loads(record.payload)
            assert isinstance(body, dict)
            found.append(body)
        return sorted(found, key=lambda body: str(body["spent_date"]))

    def costs(self) -> list[tuple[str, Decimal]]:
        return [(body["spent_date"], body["total_cost"]) for body in self.bodies()]


def ledger(expense: CostExpense | None = None, **terms: Any) -> Ledger:
    return Ledger(Contract(cost_expense=expense or CostExpense(category_id="cat_llm"), **terms))


def test_a_day_becomes_one_expense_after_it_has_closed() -> None:
    books = ledger()
    books.spend("2026-03-05", "1.25")
    books.spend("2026-03-05", "0.50")

    books.pass_on()
    open_day = books.costs()
    books.pass_on(days_later=1)

    assert open_day == []
    assert books.costs() == [("2026-03-05", D("1.75"))]


def test_a_day_closes_in_the_contracts_time_zone() -> None:
    books = ledger(time_zone="America/Los_Angeles")
    books.spend("2026-03-04", "1")
    books.now = NOON - 12 * 3600 + 8 * 3600 + 30 * 60  # half past midnight in Los Angeles

    books.pass_on()
    early = books.costs()
    books.pass_on(days_later=1 / 24)

    assert early == []
    assert books.costs() == [("2026-03-04", D(1))]


def test_markup_and_currency_are_applied_exactly_and_shown() -> None:
    books = ledger(EUROS)
    books.spend("2026-03-04", "10")

    books.pass_on()

    (body,) = books.bodies()
    assert body["total_cost"] == D("10.80")
    assert body["expense_category_id"] == "cat_llm"
    assert (body["billable"], body["source"], body["notes"]) == (
        True,
        "agent",
        "LLM usage on 2026-03-04",
    )
    said = body["metadata"]
    assert (said["cost_usd"], said["markup"], said["rate"]) == (D(10), D("0.2"), D("0.9"))
    assert said["currency"] == "EUR"


def test_what_is_less_than_a_cent_is_carried_on() -> None:
    books = ledger()
    books.spend("2026-03-02", "0.004")
    books.spend("2026-03-03", "0.004")
    books.spend("2026-03-04", "0.004")

    books.pass_on()

    assert books.costs() == [("2026-03-04", D("0.01"))]


def test_what_comes_after_the_expense_goes_with_the_next_one() -> None:
    books = ledger()
    books.spend("2026-03-03", "1")
    books.pass_on()
    books.spend("2026-03-03", "0.5")
    books.spend("2026-03-04", "2")

    books.pass_on()
    books.spend("2026-03-04", "0.25")
    books.pass_on()
    books.pass_on(days_later=1)

    assert books.costs() == [
        ("2026-03-03", D(1)),
        ("2026-03-04", D("2.5")),
        ("2026-03-05", D("0.25")),
    ]


def test_an_unknown_cost_is_not_guessed_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    books = ledger()
    books.spend("2026-03-04", "1")
    books.spend("2026-03-04", None)

    books.pass_on()

    (body,) = books.bodies()
    assert (body["total_cost"], body["metadata"]["llm_calls_unpriced"]) == (D(1), 1)
    assert "no known cost" in caplog.text


def test_what_it_cost_you_is_your_own_if_you_do_not_share_it() -> None:
    books = ledger(EUROS, share_cost=False)
    books.spend("2026-03-04", "10")

    books.pass_on()

    (body,) = books.bodies()
    assert body["total_cost"] == D("10.80")
    assert not {"cost_usd", "markup", "rate"} & body["metadata"].keys()


def test_projects_are_kept_apart_and_held_records_stay_held() -> None:
    books = ledger()
    books.spend("2026-03-04", "1")
    books.spend("2026-03-04", "2", project="prj_other")
    books.spend("2026-03-04", "4", held=True)

    books.pass_on()

    sent = [(body["project_id"], body["total_cost"]) for body in books.bodies()]
    assert sorted(sent) == [("prj", D(1)), ("prj_other", D(2))]
    assert books.outbox.counts(ACME.id).held == 1


def test_two_couriers_pass_a_cost_on_once() -> None:
    books = ledger()
    books.spend("2026-03-04", "1")

    books.pass_on()
    books.pass_on()

    assert books.costs() == [("2026-03-04", D(1))]


def test_a_cost_that_is_due_is_not_forgotten() -> None:
    books = ledger()
    books.spend("2026-03-04", "1")

    books.outbox.prune(before=books.now)
    books.pass_on()

    assert books.costs() == [("2026-03-04", D(1))]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.decimals("0", "3", places=6, allow_nan=False), st.booleans()
        ),
        max_size=12,
    )
)
def test_over_time_the_expenses_are_the_cost_less_what_is_still_carried(
    spent: list[tuple[int, Decimal, bool]],
) -> None:
    books = ledger(EUROS)
    for day, usd, look in spent:
        books.spend(f"2026-03-0{day}", str(usd))
        if look:
            books.pass_on()

    books.pass_on(days_later=1)
    books.pass_on(days_later=1)

    exact = sum((usd for _, usd, _ in spent), D(0)) * D("1.2") * D("0.9")
    charged = sum((amount for _, amount in books.costs()), D(0))
    assert charged == exact.quantize(D("0.01"), rounding=ROUND_FLOOR)


def test_only_runs_the_client_pays_for_are_passed_on(make_recorder: MakeRecorder) -> None:
    contract = Contract(cost_expense=CostExpense(category_id="cat_llm"))
    made = make_recorder(contract=contract)
    paid = Usage(model="m", input_tokens=1, output_tokens=1, reported_cost_usd=D("0.5"))
    runs: list[tuple[Status, str]] = [("ok", "job 1"), ("ok", "job 1"), ("error", "job 2")]
    for status, work in runs:
        target = Target(project_id="prj", task_id="tsk", work_key=work)
        run = made.recorder.start("agent", target=target)
        run.model_call(paid, key="1")
        run.finish(status)
    made.recorder.start("without a model", target=Target(project_id="prj", task_id="tsk")).finish()

    due = [record.expense for record in made.records()]

    assert sorted(due) == ["", "", "", "due"]


def test_nobody_who_does_not_ask_for_it_has_it(make_recorder: MakeRecorder) -> None:
    made = make_recorder()
    with made.recorder.run("agent") as run:
        run.model_call(
            Usage(model="m", input_tokens=1, output_tokens=1, reported_cost_usd=D(1)), key="1"
        )

    assert [record.expense for record in made.records()] == [""]


def test_it_reaches_keito_the_day_after(local: LocalKeito, tmp_path: Path) -> None:
    expense = CostExpense(category_id=local.expense_category_id, markup="0.1")
    recorder = recorder_to(
        local, tmp_path, courier="external", contract=Contract(cost_expense=expense)
    )
    with recorder.run("agent") as run:
        usage = Usage(model="m", input_tokens=1, output_tokens=1, reported_cost_usd=D("2.345"))
        run.model_call(usage, key="1")
    recorder.flush(0)
    outbox = recorder._recording.opened()
    tomorrow = Delivery(
        outbox,
        recorder.destination,
        owner="courier",
        timing=FAST,
        clock=lambda: time.time() + 1.5 * DAY,
    )

    deadline = time.monotonic() + 20
    while not local.expenses() and time.monotonic() < deadline:
        tomorrow.step()
        tomorrow._next_costs = 0.0
    tomorrow.close()
    recorder.close()

    (sent,) = local.expenses()
    assert sent["total_cost"] == D("2.57")
    assert sent["project_id"] == local.project_id
    assert sent["source"] == "agent"
