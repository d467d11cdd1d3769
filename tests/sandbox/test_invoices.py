"""Invoices: their arithmetic and their states."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.sandbox.records import LineItem
from keito.sandbox.sums import invoice_totals
from keito.testing import LocalKeito
from tests.sandbox.http import D, Http, created, error, exact, invoice, listed

PATH = "/api/v2/invoices"
SENT = {"recipients": [{"name": "Jo Park", "email": "jo@acme.example"}]}


def made(http: Http, **changed: object) -> dict[str, Any]:
    return created(http, PATH, invoice(**changed))


def test_a_new_invoice_is_a_draft_with_every_documented_field(admin: Http) -> None:
    draft = made(admin)

    assert set(draft) == {
        "id", "client_id", "created_by_id", "client", "creator", "number", "purchase_order",
        "subject", "state", "amount", "due_amount", "tax", "tax_amount", "tax2", "tax2_amount",
        "discount", "discount_amount", "currency", "issue_date", "due_date", "payment_term",
        "notes", "period_start", "period_end", "sent_at", "paid_at", "closed_at", "created_at",
        "updated_at", "line_items",
    }  # fmt: skip
    assert set(draft["line_items"][0]) == {
        "id", "kind", "description", "quantity", "unit_price", "amount", "taxed", "taxed2",
        "project_id",
    }  # fmt: skip
    assert (draft["state"], draft["amount"], draft["currency"]) == ("draft", 300, "USD")
    assert draft["creator"]["email"] == "ada@harbour-finch.example"
    assert exact(admin.get(f"{PATH}/{draft['id']}")) == draft


def test_a_line_has_defaults(admin: Http) -> None:
    line = made(admin, line_items=[{}])["line_items"][0]

    assert {name: line[name] for name in ("kind", "quantity", "unit_price", "taxed", "taxed2")} == {
        "kind": "Service",
        "quantity": 1,
        "unit_price": 0,
        "taxed": False,
        "taxed2": False,
    }


def test_the_discount_comes_off_before_both_taxes(admin: Http) -> None:
    draft = made(
        admin,
        tax=10,
        tax2=5,
        discount=20,
        line_items=[
            {"quantity": 2, "unit_price": 100, "taxed": True},
            {"quantity": 1, "unit_price": 50, "taxed": True, "taxed2": True},
            {"quantity": 1, "unit_price": 30},
        ],
    )

    # 280 less 20 % is 224; 10 % tax of 250 less 20 %; 5 % tax of 50 less 20 %.
    assert (draft["discount_amount"], draft["tax_amount"], draft["tax2_amount"]) == (56, 20, 2)
    assert (draft["amount"], draft["due_amount"]) == (246, 246)


def test_amounts_are_exact_and_rounded_half_up_to_cents(admin: Http) -> None:
    draft = made(
        admin,
        line_items=[{"quantity": 0.1, "unit_price": 0.05}, {"quantity": 3, "unit_price": 0.1}],
    )

    assert [line["amount"] for line in draft["line_items"]] == [D("0.01"), D("0.30")]
    assert draft["amount"] == D("0.31")


CENTS = st.decimals(min_value=0, max_value=10_000, places=2)
PERCENT = st.none() | st.decimals(min_value=0, max_value=100, places=2)
LINES = st.lists(st.tuples(CENTS, st.booleans(), st.booleans()), max_size=6)


@given(LINES, PERCENT, PERCENT, PERCENT)
def test_the_parts_of_an_invoice_add_up(
    lines: list[tuple[Decimal, bool, bool]],
    tax: Decimal | None,
    tax2: Decimal | None,
    discount: Decimal | None,
) -> None:
    items = [_line(amount, taxed, taxed2) for amount, taxed, taxed2 in lines]

    totals = invoice_totals(items, tax=tax, tax2=tax2, discount=discount)

    subtotal = sum((amount for amount, _, _ in lines), Decimal(0))
    parts = (totals.tax_amount or 0) + (totals.tax2_amount or 0) - (totals.discount_amount or 0)
    assert totals.amount == subtotal + parts
    assert totals.discount_amount == (
        None if discount is None else _cents(subtotal * discount / 100)
    )


def _line(amount: Decimal, taxed: bool, taxed2: bool) -> LineItem:
    return LineItem(
        id="lin_1",
        kind="Service",
        description=None,
        quantity=Decimal(1),
        unit_price=amount,
        amount=amount,
        taxed=taxed,
        taxed2=taxed2,
        project_id=None,
    )


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_very_large_numbers_are_refused_and_large_ones_are_exact(admin: Http) -> None:
    large, huge = 999_999_999_999_999, 10**15

    draft = made(
        admin, tax=100, line_items=[{"quantity": large, "unit_price": large, "taxed": True}]
    )
    refused = admin.post(PATH, json=invoice(line_items=[{"unit_price": huge}]))

    assert draft["amount"] == 2 * large * large
    assert error(refused) == (400, "bad request")


@pytest.mark.parametrize(
    ("term", "due"),
    [
        ("upon_receipt", "2026-03-31"),
        ("net_15", "2026-04-15"),
        ("net_30", "2026-04-30"),
        ("net_45", "2026-05-15"),
        ("net_60", "2026-05-30"),
    ],
)
def test_the_term_gives_the_due_date(admin: Http, term: str, due: str) -> None:
    assert made(admin, payment_term=term)["due_date"] == due


def test_the_term_is_30_days_unless_told_otherwise(admin: Http) -> None:
    draft = made(admin)

    assert (draft["payment_term"], draft["due_date"]) == ("net_30", "2026-04-30")
    assert made(admin, due_date="2026-04-02")["due_date"] == "2026-04-02"


def test_a_clients_taxes_discount_and_currency_are_the_invoices_defaults(admin: Http) -> None:
    client = created(
        admin, "/api/v2/clients", {"name": "N", "tax": 19, "discount": 3, "currency": "EUR"}
    )

    draft = made(admin, client_id=client["id"])
    other = made(admin, client_id=client["id"], tax=0, currency="GBP")

    assert (draft["tax"], draft["discount"], draft["currency"]) == (19, 3, "EUR")
    assert (other["tax"], other["discount"], other["currency"]) == (0, 3, "GBP")


def test_numbers_count_up(admin: Http) -> None:
    assert [made(admin)["number"], made(admin)["number"]] == ["1001", "1002"]


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"client_id": None}, (400, "bad request")),
        ({"client_id": "cli_none"}, (404, "not found")),
        ({"payment_term": "someday"}, (400, "bad request")),
        ({"line_items": [{"project_id": "prj_none"}]}, (404, "not found")),
        ({"line_items": [{"quantity": "1"}]}, (400, "bad request")),
        ({"due_date": "2026-03-30"}, (422, "unprocessable entity")),
        ({"period_start": "2026-03-02", "period_end": "2026-03-01"}, (422, "unprocessable entity")),
        ({"issue_date": "9999-12-31"}, (422, "unprocessable entity")),
    ],
)
def test_an_invoice_of_another_form_is_refused(
    admin: Http, wrong: dict[str, object], answer: tuple[int, str]
) -> None:
    assert error(admin.post(PATH, json=invoice(**wrong))) == answer


def test_a_changed_discount_changes_the_amounts(admin: Http) -> None:
    draft = made(admin)

    changed = exact(admin.patch(f"{PATH}/{draft['id']}", json={"discount": 10, "subject": "March"}))

    assert (changed["amount"], changed["discount_amount"], changed["subject"]) == (270, 30, "March")


def test_a_sent_draft_is_open(admin: Http) -> None:
    draft = made(admin)

    message = exact(admin.post(f"{PATH}/{draft['id']}/messages", json=SENT))

    opened = exact(admin.get(f"{PATH}/{draft['id']}"))
    assert (opened["state"], opened["sent_at"]) == ("open", message["created_at"])
    assert message["invoice_id"] == draft["id"]
    assert message["subject"] == "Invoice #1001 from Harbour & Finch"
    assert message["recipients"] == SENT["recipients"]
    assert (message["event_type"], message["attach_pdf"], message["reminder"]) == (
        "send", True, False,
    )  # fmt: skip
    assert exact(admin.get(f"{PATH}/{draft['id']}/messages"))["invoice_messages"] == [message]


def test_a_reminder_keeps_the_state_and_needs_a_sent_invoice(admin: Http) -> None:
    draft = made(admin)
    path = f"{PATH}/{draft['id']}/messages"

    early = admin.post(path, json={**SENT, "event_type": "reminder"})
    admin.post(path, json=SENT)
    reminder = exact(admin.post(path, json={**SENT, "event_type": "reminder"}))

    assert error(early) == (422, "unprocessable entity")
    assert (reminder["reminder"], reminder["thank_you"]) == (True, False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"recipients": []}, 422),
        ({"recipients": [{"name": "Jo"}]}, 400),
        ({"recipients": [{"name": "Jo", "email": "jo"}]}, 400),
        ({**SENT, "event_type": "draft"}, 400),
    ],
)
def test_a_message_of_another_form_is_refused(
    admin: Http, body: dict[str, object], status: int
) -> None:
    draft = made(admin)

    assert admin.post(f"{PATH}/{draft['id']}/messages", json=body).status_code == status
    assert exact(admin.get(f"{PATH}/{draft['id']}"))["state"] == "draft"


def test_only_drafts_can_be_deleted(admin: Http) -> None:
    draft, opened = made(admin), made(admin)
    admin.post(f"{PATH}/{opened['id']}/messages", json=SENT)

    deleted = admin.delete(f"{PATH}/{draft['id']}")

    assert deleted.json() == {"id": draft["id"], "deleted": True}
    assert error(admin.get(f"{PATH}/{draft['id']}")) == (404, "not found")
    assert error(admin.delete(f"{PATH}/{opened['id']}")) == (403, "forbidden")


@pytest.mark.parametrize("state", ["paid", "closed"])
def test_a_paid_or_closed_invoice_stays_as_it_is(
    local: LocalKeito,
    admin: Http,
    state: Any,
) -> None:
    draft = made(admin)
    local.set_invoice_state(draft["id"], state)

    settled = exact(admin.get(f"{PATH}/{draft['id']}"))
    assert (settled["state"], settled["due_amount"], settled["amount"]) == (state, 0, 300)
    assert settled[f"{state}_at"] is not None
    refused = admin.patch(f"{PATH}/{draft['id']}", json={"subject": "New"})
    assert error(refused) == (422, "unprocessable entity")


def test_invoices_can_be_listed_by_client_state_and_issue_date(admin: Http) -> None:
    acme, globex = made(admin), made(admin, client_id="cli_globex", issue_date="2026-04-30")
    admin.post(f"{PATH}/{acme['id']}/messages", json=SENT)

    def ids(**query: object) -> list[str]:
        return [item["id"] for item in listed(admin, "invoices", **query)]

    assert ids(client_id="cli_globex") == ids(state="draft") == [globex["id"]]
    assert ids(from_="2026-04-01") == [globex["id"]]
    assert ids(to="2026-04-01") == ids(state="open") == [acme["id"]]
    assert error(admin.get(PATH, params={"state": "lost"})) == (400, "bad request")
