"""Bad input is refused in one clear sentence, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest

from keito import AsyncKeito, KeitoInputError, Recipient, RequestOptions
from tests.client.script import Script, answered

Connect = Callable[[Script], AsyncKeito]

ENTRY: dict[str, Any] = {"project_id": "p_1", "task_id": "t_1", "spent_date": "2026-03-05"}
EXPENSE: dict[str, Any] = {
    "project_id": "p_1",
    "expense_category_id": "c_1",
    "spent_date": "2026-03-05",
}


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"hours": 24.5}, "hours must be between 0 and 24, not 24.5"),
        ({"hours": -1}, "hours must be between 0 and 24, not -1"),
        ({"hours": "two"}, "hours must be a number, not 'two'"),
        ({"hours": float("nan")}, "hours must be a finite number"),
        ({"hours": True}, "hours must be a number, not bool"),
        ({"spent_date": "2026-02-30"}, "spent_date day"),
        ({"spent_date": "05.03.2026"}, "spent_date must be a date like 2026-03-05"),
        (
            {"spent_date": datetime(2026, 3, 5, tzinfo=timezone.utc)},
            "spent_date must be a date; whose midnight",
        ),
        ({"spent_date": 20260305}, "spent_date must be a date or"),
        ({"project_id": ""}, "project_id"),
        ({"project_id": 7}, "project_id must be a valid string"),
        ({"billable": "yes"}, "billable must be a valid boolean"),
        ({"notes": 7}, "notes must be a valid string"),
        ({"source": "fax"}, "source must be 'web', 'cli', 'api', 'agent', 'calendar'"),
        ({"started_time": "9 am"}, "started_time must be a time of day like 09:30"),
        ({"ended_time": "24:00"}, "ended_time must be a time of day like 09:30"),
        ({"metadata": ["x"]}, "metadata must be a dict"),
        ({"metadata": {1: "x"}}, "metadata must be a dict with text as keys"),
        ({"metadata": {"x": {1}}}, "metadata must be JSON"),
        ({"metadata": {"x": float("inf")}}, "metadata must be JSON"),
        ({"metadata": {"x": "\ud800"}}, "metadata must be JSON"),
        ({"metadata": {"keito_key": 7}}, "keito_key must be text"),
        ({"settle": -1}, "settle must be a number of seconds"),
        ({"notes": "\ud800"}, "can't be sent"),
        ({"request_options": {"timeout": 0}}, "timeout"),
        ({"request_options": {"timeout": float("inf")}}, "timeout"),
        ({"request_options": {"max_retries": -1}}, "max_retries"),
        ({"request_options": {"retries": 1}}, "retries"),
        ({"request_options": {"headers": {"X-A": "b\r\nX-C: d"}}}, "headers"),
        ({"request_options": {"headers": {"X A": "b"}}}, "headers"),
    ],
    ids=str,
)
async def test_a_wrong_value_is_named(
    async_keito_of: Connect, wrong: dict[str, Any], complaint: str
) -> None:
    script = Script()

    with pytest.raises(KeitoInputError, match=complaint):
        await async_keito_of(script).time_entries.create(**{**ENTRY, **wrong})

    assert script.requests == []


async def test_an_unknown_argument_is_refused(async_keito_of: Connect) -> None:
    unknown: dict[str, Any] = {"hour": 1}

    with pytest.raises(TypeError, match="hour"):
        await async_keito_of(Script()).time_entries.create(**ENTRY, **unknown)


async def test_an_unknown_key_inside_an_argument_is_refused(async_keito_of: Connect) -> None:
    lines: list[Any] = [{"description": "Work", "price": 5}]

    with pytest.raises(KeitoInputError, match=r"line_items\.0\.price"):
        await async_keito_of(Script()).invoices.create(client_id="c_1", line_items=lines)


async def test_every_wrong_argument_is_named_at_once(async_keito_of: Connect) -> None:
    with pytest.raises(KeitoInputError, match=r"hours .*; .*source "):
        await async_keito_of(Script()).time_entries.create(
            **{**ENTRY, "hours": 25, "source": "fax"}
        )


async def test_a_missing_argument_is_refused(async_keito_of: Connect) -> None:
    incomplete: dict[str, Any] = {"project_id": "p_1"}

    with pytest.raises(TypeError, match="task_id"):
        await async_keito_of(Script()).time_entries.create(**incomplete)


async def test_metadata_above_4096_bytes_names_its_largest_keys(async_keito_of: Connect) -> None:
    metadata = {"small": 1, "prompt": "é" * 2000, "answer": "x" * 90}

    with pytest.raises(KeitoInputError, match=r"4096; largest: prompt \(4002\), answer \(92\)"):
        await async_keito_of(Script()).time_entries.create(**ENTRY, metadata=metadata)


async def test_metadata_of_4096_bytes_is_sent_key_included(async_keito_of: Connect) -> None:
    key = "k" * 36
    room = 4096 - len('{"keito_key":"' + key + '","text":""}')
    script = Script(answered())

    await async_keito_of(script).time_entries.create(
        **ENTRY, metadata={"keito_key": key, "text": "x" * room}
    )

    assert len(script.body()["metadata"]["text"]) == room


async def test_the_dedupe_key_counts_against_the_limit(async_keito_of: Connect) -> None:
    with pytest.raises(KeitoInputError, match="4096"):
        await async_keito_of(Script()).time_entries.create(
            **ENTRY, metadata={"text": "x" * (4096 - len('{"text":""}'))}
        )


async def test_an_expense_needs_a_cost_or_units(async_keito_of: Connect) -> None:
    with pytest.raises(KeitoInputError, match="total_cost or units"):
        await async_keito_of(Script()).expenses.create(**EXPENSE)


@pytest.mark.parametrize("wrong", [{"total_cost": -1}, {"units": 0}, {"units": 1.5}], ids=str)
async def test_an_impossible_expense_is_refused(
    async_keito_of: Connect, wrong: dict[str, Any]
) -> None:
    with pytest.raises(KeitoInputError, match=next(iter(wrong))):
        await async_keito_of(Script()).expenses.create(**EXPENSE, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"page": 0},
        {"per_page": 2001},
        {"from_date": "2026-13-01"},
        {"updated_since": datetime(2026, 3, 5)},  # noqa: DTZ001
        {"updated_since": "yesterday"},
        {"source": "fax"},
        {"source": ["agent", "fax"]},
        {"is_billed": 1},
    ],
    ids=str,
)
async def test_a_wrong_filter_is_refused_before_the_list_is_used(
    async_keito_of: Connect, wrong: dict[str, Any]
) -> None:
    keito = async_keito_of(Script())

    with pytest.raises(KeitoInputError, match=next(iter(wrong))):
        keito.time_entries.list(**wrong)


async def test_metadata_of_an_outcome_must_be_a_dict(async_keito_of: Connect) -> None:
    wrong: Any = ["x"]

    with pytest.raises(KeitoInputError, match="metadata must be a dict"):
        await async_keito_of(Script()).outcomes.log(
            project_id="p_1",
            task_id="t_1",
            outcome_type="custom",
            description="Done",
            unit_price=1,
            metadata=wrong,
        )


async def test_several_may_be_a_tuple(async_keito_of: Connect) -> None:
    answer = httpx.Response(200, json={"id": "m_1", "invoice_id": "i_1"})
    script = Script(answer)
    recipients: tuple[Recipient, ...] = (
        {"name": "Jo", "email": "jo@acme.test"},
        {"name": "Al", "email": "al@acme.test"},
    )

    await async_keito_of(script).invoices.messages.send("i_1", recipients=recipients)

    assert [to["name"] for to in script.body()["recipients"]] == ["Jo", "Al"]


async def test_an_address_that_would_be_too_long_is_refused(async_keito_of: Connect) -> None:
    script = Script()

    with pytest.raises(KeitoInputError, match="can't be sent: URL too long"):
        await async_keito_of(script).clients.get("c" * 70_000)

    assert script.requests == []


@pytest.mark.parametrize("id", ["", "..", " ", "\ud800", None, 7])
async def test_an_id_must_be_text(async_keito_of: Connect, id: Any) -> None:
    with pytest.raises(KeitoInputError, match="an id is text"):
        await async_keito_of(Script()).time_entries.delete(id)


async def test_an_id_cant_reach_another_operation(async_keito_of: Connect) -> None:
    script = Script(answered())

    await async_keito_of(script).time_entries.update("../clients/c_1?x=", notes="n")

    assert script.requests[0].url.raw_path == b"/api/v2/time_entries/..%2Fclients%2Fc_1%3Fx%3D"


async def test_numbers_are_sent_as_the_digits_that_were_given(async_keito_of: Connect) -> None:
    script = Script(*[answered()] * 4)
    keito = async_keito_of(script)

    for hours in (Decimal("0.10"), "0.1", 0.1, 1):
        await keito.time_entries.create(**ENTRY, hours=hours)

    bodies = [request.content.decode() for request in script.requests]
    sent = [body.split('"hours":')[1].split(",")[0] for body in bodies]
    assert sent == ["0.10", "0.1", "0.1", "1"]


async def test_dates_and_times_are_sent_as_iso_text(async_keito_of: Connect) -> None:
    script = Script(answered())

    await async_keito_of(script).time_entries.create(
        **{**ENTRY, "spent_date": date(2026, 3, 5)}, started_time="09:30"
    )

    assert script.body()["spent_date"] == "2026-03-05"


async def test_none_clears_and_leaving_out_keeps(async_keito_of: Connect) -> None:
    script = Script(answered(), answered(), answered())
    keito = async_keito_of(script)

    await keito.time_entries.update("te_1", notes=None, metadata=None)
    await keito.time_entries.update("te_1", metadata={"a": 1})
    await keito.time_entries.update("te_1")

    assert [script.body(number) for number in range(3)] == [
        {"notes": None, "metadata": None},
        {"metadata": {"a": 1}},
        {},
    ]


async def test_what_cant_be_cleared_says_so(async_keito_of: Connect) -> None:
    nothing: Any = None

    with pytest.raises(KeitoInputError, match="hours"):
        await async_keito_of(Script()).time_entries.update("te_1", hours=nothing)


async def test_each_create_has_its_own_key(async_keito_of: Connect) -> None:
    script = Script(answered(), answered())
    keito = async_keito_of(script)

    await keito.time_entries.create(**ENTRY)
    await keito.time_entries.create(**ENTRY)

    keys = [script.body(number)["metadata"]["keito_key"] for number in range(2)]
    assert len(set(keys)) == 2


async def test_a_calls_headers_cant_replace_the_clients_own(async_keito_of: Connect) -> None:
    script = Script(answered())
    own = RequestOptions(headers={"authorization": "Bearer other", "X-Trace": "t_1"})

    await async_keito_of(script).time_entries.create(**ENTRY, request_options=own)

    sent = script.requests[0].headers
    assert sent["authorization"] == "Bearer kto_test_secret"
    assert sent["x-trace"] == "t_1"


async def test_every_request_says_who_asks(async_keito_of: Connect) -> None:
    script = Script(answered())

    await async_keito_of(script).time_entries.create(**ENTRY)

    sent = script.requests[0].headers
    assert sent["keito-account-id"] == "acc_1"
    assert sent["accept"] == "application/json"
    assert sent["content-type"] == "application/json"
    assert sent["user-agent"].startswith("keito-python/0.3.0 python/3.")
