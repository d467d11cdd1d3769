"""What is raised, what it tells, and what it never tells."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from keito import (
    AsyncKeito,
    KeitoApiError,
    KeitoAuthError,
    KeitoConfigError,
    KeitoConflictError,
    KeitoConnectionError,
    KeitoError,
    KeitoForbiddenError,
    KeitoNotFoundError,
    KeitoRateLimitError,
    KeitoServerError,
    KeitoTimeoutError,
    KeitoValidationError,
    TimeEntry,
)
from tests.client.conftest import KEY
from tests.client.script import Script, Scripted, answered, broken

Connect = Callable[[Script], AsyncKeito]

CLASSES = [
    (400, KeitoValidationError),
    (401, KeitoAuthError),
    (402, KeitoApiError),
    (403, KeitoForbiddenError),
    (404, KeitoNotFoundError),
    (409, KeitoConflictError),
    (422, KeitoValidationError),
    (429, KeitoRateLimitError),
    (500, KeitoServerError),
    (503, KeitoServerError),
    (599, KeitoServerError),
]


async def failing(keito: AsyncKeito) -> KeitoError:
    with pytest.raises(KeitoError) as raised:
        await keito.users.me(request_options={"max_retries": 0})
    return raised.value


@pytest.mark.parametrize(("status", "expected"), CLASSES)
async def test_each_status_has_its_class(
    async_keito_of: Connect, status: int, expected: type[KeitoApiError]
) -> None:
    error = await failing(async_keito_of(Script(status)))

    assert type(error) is expected
    assert isinstance(error, KeitoApiError)
    assert (error.status, error.error, error.error_description) == (status, "no", "scripted")


async def test_both_shapes_of_error_bodies_are_read(async_keito_of: Connect) -> None:
    nested = {"code": "validation_error", "message": "is too long", "field": "notes"}
    script = Script(httpx.Response(400, json={"error": nested}, headers={"X-Trace": "t_1"}))

    error = await failing(async_keito_of(script))

    assert isinstance(error, KeitoValidationError)
    assert (error.error, error.error_description, error.field) == (
        "validation_error",
        "is too long",
        "notes",
    )
    assert error.headers["x-trace"] == "t_1"
    assert error.body == {"error": nested}


@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", "[]", '"no"', '{"error": 5}'])
async def test_an_error_of_any_other_shape_is_still_its_class(
    async_keito_of: Connect, body: str
) -> None:
    error = await failing(async_keito_of(Script(httpx.Response(403, text=body))))

    assert type(error) is KeitoForbiddenError
    assert str(error).startswith("403 ")


async def test_a_redirect_is_not_followed_but_raised(async_keito_of: Connect) -> None:
    script = Script(httpx.Response(302, headers={"Location": "https://elsewhere.test"}))

    error = await failing(async_keito_of(script))

    assert isinstance(error, KeitoApiError)
    assert error.status == 302
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (httpx.ConnectError("refused"), KeitoConnectionError),
        (httpx.ConnectTimeout("no route"), KeitoConnectionError),
        (httpx.ReadTimeout("late"), KeitoTimeoutError),
        (httpx.WriteTimeout("late"), KeitoTimeoutError),
        (httpx.ReadError("reset"), KeitoConnectionError),
        (httpx.RemoteProtocolError("cut off"), KeitoConnectionError),
        (httpx.ProxyError("no"), KeitoConnectionError),
        (httpx.DecodingError("bad gzip"), KeitoConnectionError),
        (httpx.UnsupportedProtocol("no"), KeitoConnectionError),
    ],
    ids=repr,
)
async def test_no_error_of_the_http_library_leaks(
    async_keito_of: Connect, failure: Exception, expected: type[KeitoError]
) -> None:
    error = await failing(async_keito_of(Script(failure)))

    assert type(error) is expected
    assert error.__cause__ is failure


@pytest.mark.parametrize("kind", ["page of a proxy", "no JSON", "without an id"])
async def test_a_success_that_cant_be_read_is_an_api_error(
    async_keito_of: Connect, kind: str
) -> None:
    error = await failing(async_keito_of(Script(broken(kind))))

    assert type(error) is KeitoApiError
    assert error.status == 200
    assert error.error == "unreadable answer"


async def test_the_default_hosts_silence_says_how_to_choose_another() -> None:
    script = Script(httpx.ConnectError("refused"))
    http_client = httpx.AsyncClient(transport=script.transport)
    keito = AsyncKeito("kto_1", "acc_1", http_client=http_client)

    error = await failing(keito)

    assert "https://app.keito.io" in str(error)
    assert "KEITO_BASE_URL" in str(error)
    assert "https://app.keito.ai" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": "unknown key", "error_description": f"{KEY} is bad"}),
        httpx.Response(401, json={"error": {"code": KEY, "message": KEY, "field": KEY}}),
        httpx.Response(502, text=f"<pre>Authorization: Bearer {KEY}</pre>"),
        httpx.Response(200, text=f"you sent {KEY}"),
        httpx.Response(400, json={KEY: [KEY]}, headers={"X-Echo": KEY}),
        httpx.ConnectError(f"can't connect with {KEY}"),
    ],
)
async def test_the_key_is_in_no_error_even_if_it_was_echoed(
    async_keito_of: Connect, answer: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keito = async_keito_of(Script(answer))

    error = await failing(keito)

    body = (error.body, error.headers) if isinstance(error, KeitoApiError) else ()
    shown = [str(error), repr(error), repr(body), repr(vars(error)), repr(keito), caplog.text]
    assert not any(KEY in text for text in shown)


@pytest.mark.parametrize("status", [200, 502])
async def test_a_quote_that_ends_inside_the_key_shows_no_part_of_it(
    async_keito_of: Connect, status: int
) -> None:
    echo = httpx.Response(status, text="x" * 190 + KEY)

    error = await failing(async_keito_of(Script(echo)))

    assert "xxx" in str(error)
    assert KEY[:5] not in str(error)


async def test_the_key_is_in_no_repr(async_keito_of: Connect) -> None:
    keito = async_keito_of(Script())

    shown = [repr(keito), repr(keito._config), repr(keito._sender), repr(vars(keito))]

    assert not any(KEY in text for text in shown)


async def test_a_closed_client_says_so() -> None:
    keito = AsyncKeito("kto_1", "acc_1")
    await keito.aclose()

    error = await failing(keito)

    assert isinstance(error, KeitoConfigError)


async def test_a_clients_own_http_client_stays_open() -> None:
    http_client = httpx.AsyncClient(transport=Script(answered()).transport)

    async with AsyncKeito("kto_1", "acc_1", http_client=http_client):
        pass

    assert not http_client.is_closed
    await http_client.aclose()


async def test_an_odd_field_does_not_turn_a_successful_write_into_an_error(
    async_keito_of: Connect,
) -> None:
    odd = answered(
        hours="many", is_running="perhaps", user="u_1", created_at=[], source="fax", new={"a": 1}
    )

    made = await async_keito_of(Script(odd)).time_entries.update("te_1", hours=1)

    assert made.id == "te_1"
    assert (made.hours, made.is_running, made.user, made.created_at) == (None, None, None, None)
    assert made.source == "fax"
    assert made.model_extra == {"new": {"a": 1}}


@pytest.mark.parametrize("odd", [{"a": 1}, [{"a": 1}], 5], ids=str)
async def test_an_open_enumeration_may_be_anything_at_all(
    async_keito_of: Connect, odd: object
) -> None:
    made = await async_keito_of(Script(answered(source=odd))).time_entries.update("te_1", hours=1)

    assert made.id == "te_1"
    assert made.source is None


async def test_an_odd_field_deep_inside_takes_only_itself_away(async_keito_of: Connect) -> None:
    lines = [{"id": "l_1", "quantity": "x", "unit_price": 2}, {"id": "l_2", "quantity": 3}]
    invoice = {"id": "i_1", "client_id": "c_1", "created_by_id": "u_1", "line_items": lines}
    script = Script(httpx.Response(200, json=invoice))

    read = await async_keito_of(script).invoices.get("i_1")

    assert read.line_items is not None
    assert [line.quantity for line in read.line_items] == [None, Decimal(3)]


async def test_numbers_keep_their_digits(async_keito_of: Connect) -> None:
    text = '{"id":"e","user_id":"u","project_id":"p","expense_category_id":"c","total_cost":%s}'
    cost = "1234567890123456.78"
    script = Script(httpx.Response(200, text=text % cost))

    made = await async_keito_of(script).expenses.create(
        project_id="p", expense_category_id="c", spent_date="2026-03-05", total_cost=cost
    )

    assert str(made.total_cost) == cost
    assert f'"total_cost":{cost}'.encode() in script.requests[0].content


async def test_every_object_carries_its_http_answer_outside_equality_and_dumps(
    async_keito_of: Connect,
) -> None:
    user = {"id": "u_1", "email": "a@b.test"}
    first = httpx.Response(200, json=user, headers={"X-Trace": "1"})
    second = httpx.Response(200, json=user, headers={"X-Trace": "2"})
    keito = async_keito_of(Script(first, second))

    one = await keito.users.me()
    other = await keito.users.me()

    assert (one.http.status, one.http.headers["x-trace"]) == (200, "1")
    assert one == other
    assert hash(one) == hash(other)
    assert "http" not in one.model_dump()


COPIES: dict[str, Callable[[TimeEntry], TimeEntry]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda made: made.model_copy(update={"hours": Decimal(2)}),
    "pickle": lambda made: pickle.loads(pickle.dumps(made)),
}


@pytest.mark.parametrize("how", COPIES)
async def test_a_copy_carries_the_http_answer_too(async_keito_of: Connect, how: str) -> None:
    made = await async_keito_of(Script(answered())).time_entries.update("te_1", hours=1)

    copied = COPIES[how](made)

    assert copied.http == made.http


def test_an_object_made_by_hand_says_that_it_has_no_http_answer() -> None:
    made = TimeEntry(id="te_1", user_id="u_1", project_id="p_1", task_id="t_1")

    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == made
    with pytest.raises(AttributeError, match="TimeEntry was not read from an HTTP answer"):
        made.http


async def test_an_error_survives_pickling(async_keito_of: Connect) -> None:
    error = await failing(async_keito_of(Script(409)))

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
