# Generated from tests/client/_async/test_retries.py: change that, then run `make fix`.
"""The table of what is repeated, looked up or raised, row by row."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest

from keito import (
    Keito,
    KeitoConflictError,
    KeitoConnectionError,
    KeitoError,
    KeitoNotFoundError,
    KeitoRateLimitError,
    KeitoServerError,
    TimeEntry,
)
from tests.client.script import Script, Scripted, answered, broken, entry, listed

Connect = Callable[[Script], Keito]

NOT_PROCESSED: list[Scripted] = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("no route"),
    httpx.PoolTimeout("busy"),
    429,
]
IN_DOUBT = [
    "read timeout",
    "write error",
    "reset",
    "truncated",
    "page of a proxy",
    "no JSON",
    "without an id",
]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("keito._sync.sender.sleep", pause)
    return waited


def create(keito: Keito, settle: float | None = None) -> TimeEntry:
    return keito.time_entries.create(
        project_id="p_1",
        task_id="t_1",
        spent_date="2026-03-05",
        metadata={"keito_key": "k_1"},
        settle=settle,
    )


def start(keito: Keito) -> TimeEntry:
    return keito.time_entries.start_timer(
        project_id="p_1",
        task_id="t_1",
        spent_date="2026-03-05",
        metadata={"keito_key": "k_1"},
    )


def send_invoice(keito: Keito) -> object:
    return keito.invoices.messages.send("i_1", recipients=[{"name": "Jo", "email": "jo@acme.test"}])


@pytest.mark.parametrize("failure", NOT_PROCESSED, ids=repr)
def test_a_create_that_was_not_processed_is_repeated(keito_of: Connect, failure: Scripted) -> None:
    script = Script(failure, failure, answered())

    made = create(keito_of(script))

    assert made.id == "te_1"
    assert script.calls == ["POST", "POST", "POST"]
    assert script.body(0) == script.body(2)


@pytest.mark.parametrize("failure", NOT_PROCESSED, ids=repr)
def test_even_an_email_that_was_not_processed_is_sent_again(
    keito_of: Connect, failure: Scripted
) -> None:
    sent = httpx.Response(200, json={"id": "m_1", "invoice_id": "i_1"})
    script = Script(failure, sent)

    send_invoice(keito_of(script))

    assert script.calls == ["POST", "POST"]


def test_what_is_never_processed_raises_in_the_end_and_was_not_applied(
    keito_of: Connect,
) -> None:
    script = Script(*[httpx.ConnectError("refused")] * 4)

    with pytest.raises(KeitoConnectionError) as raised:
        create(keito_of(script))

    assert raised.value.may_have_been_applied is False
    assert script.calls == ["POST"] * 4


@pytest.mark.parametrize("status", [500, 503])
def test_after_a_finished_error_a_record_that_is_found_is_the_answer(
    keito_of: Connect, status: int
) -> None:
    other = entry(id="te_0", metadata={"keito_key": "another"})
    mine = entry(id="te_9", metadata={"keito_key": "k_1"})
    script = Script(status, listed(other, mine))

    made = create(keito_of(script))

    assert made.id == "te_9"
    assert script.calls == ["POST", "GET"]


@pytest.mark.parametrize("status", [500, 503])
def test_after_a_finished_error_an_absent_record_is_made_again(
    keito_of: Connect, status: int
) -> None:
    script = Script(status, listed(), status, listed(), answered())

    made = create(keito_of(script))

    assert made.id == "te_1"
    assert script.calls == ["POST", "GET", "POST", "GET", "POST"]


def test_the_look_up_lists_the_project_and_the_day_whatever_the_source(
    keito_of: Connect,
) -> None:
    script = Script(500, listed(entry(metadata={"keito_key": "k_1"})))

    create(keito_of(script))

    assert dict(script.requests[1].url.params) == {
        "project_id": "p_1",
        "from": "2026-03-05",
        "to": "2026-03-05",
        "per_page": "2000",
    }


def test_the_look_up_reads_every_page(keito_of: Connect) -> None:
    script = Script(
        500,
        listed(entry(), total_pages=2),
        listed(entry(id="te_9", metadata={"keito_key": "k_1"}), total_pages=2, page=2),
    )

    made = create(keito_of(script))

    assert made.id == "te_9"
    assert script.requests[2].url.params["page"] == "2"


def test_a_look_up_that_misses_a_record_does_not_prove_ours_absent(
    keito_of: Connect,
) -> None:
    shrunk = [listed(entry(), total_pages=2), listed(total_pages=2, page=2)]
    script = Script(500, *shrunk, *shrunk, *shrunk)

    with pytest.raises(KeitoServerError) as raised:
        create(keito_of(script))

    assert raised.value.may_have_been_applied is True
    assert script.calls.count("POST") == 1


def test_while_the_look_up_fails_nothing_is_made_again(keito_of: Connect) -> None:
    script = Script(500, 502, 502, 502)

    with pytest.raises(KeitoServerError) as raised:
        create(keito_of(script))

    assert raised.value.status == 500
    assert raised.value.may_have_been_applied is True
    assert script.calls == ["POST", "GET", "GET", "GET"]


@pytest.mark.parametrize("status", [408, 502, 504])
def test_after_an_unfinished_answer_a_record_that_is_found_is_the_answer(
    keito_of: Connect, status: int
) -> None:
    script = Script(status, listed(), listed(entry(id="te_9", metadata={"keito_key": "k_1"})))

    made = create(keito_of(script))

    assert made.id == "te_9"


@pytest.mark.parametrize("kind", IN_DOUBT)
def test_a_create_whose_answer_was_lost_is_found(keito_of: Connect, kind: str) -> None:
    script = Script(broken(kind), listed(entry(id="te_9", metadata={"keito_key": "k_1"})))

    made = create(keito_of(script))

    assert made.id == "te_9"
    assert script.calls == ["POST", "GET"]


@pytest.mark.parametrize("kind", IN_DOUBT)
def test_a_create_in_doubt_that_is_not_found_is_not_made_again(
    keito_of: Connect, kind: str
) -> None:
    script = Script(broken(kind), listed(), listed(), listed())

    with pytest.raises(KeitoError) as raised:
        create(keito_of(script))

    assert raised.value.may_have_been_applied is True
    assert script.calls == ["POST", "GET", "GET", "GET"]


def test_a_settle_time_lets_a_lost_create_be_made_again(keito_of: Connect) -> None:
    keito = keito_of(script := Script(504, listed(), listed(), answered()))
    moments = iter([0.0, 0.0, 5.0, 5.0, 20.0, 20.0])
    keito._sender.policy = replace(keito._sender.policy, clock=lambda: next(moments))

    made = create(keito, settle=10)

    assert made.id == "te_1"
    assert script.calls == ["POST", "GET", "GET", "POST"]


def test_a_settle_time_may_be_hours(keito_of: Connect) -> None:
    looks = 1200
    keito = keito_of(script := Script(504, *[listed() for _ in range(looks)], answered()))
    keito._sender.policy = replace(keito._sender.policy, clock=lambda: len(script.requests))

    made = create(keito, settle=looks)

    assert made.id == "te_1"
    assert script.calls == ["POST", *["GET"] * looks, "POST"]


def test_after_the_settle_time_a_failing_look_up_still_prevents_a_second_create(
    keito_of: Connect,
) -> None:
    script = Script(504, 502, 502, 502)

    with pytest.raises(KeitoServerError) as raised:
        create(keito_of(script), settle=0)

    assert raised.value.may_have_been_applied is True
    assert script.calls == ["POST", "GET", "GET", "GET"]


@pytest.mark.parametrize("failure", [500, 502, 503, httpx.ReadTimeout("late")], ids=repr)
def test_other_posts_raise_at_once_when_in_doubt(keito_of: Connect, failure: Scripted) -> None:
    script = Script(failure)

    with pytest.raises(KeitoError) as raised:
        keito_of(script).clients.create(name="Acme")

    assert raised.value.may_have_been_applied is True
    assert script.calls == ["POST"]


@pytest.mark.parametrize("failure", [500, 504, httpx.ReadError("reset")], ids=repr)
def test_reading_is_repeated(keito_of: Connect, failure: Scripted) -> None:
    script = Script(failure, httpx.Response(200, json={"id": "u_1"}))

    me = keito_of(script).users.me()

    assert me.id == "u_1"


def test_reading_that_fails_for_good_was_never_applied(keito_of: Connect) -> None:
    script = Script(502, 502, 502, 502)

    with pytest.raises(KeitoServerError) as raised:
        keito_of(script).users.me()

    assert raised.value.may_have_been_applied is False


@pytest.mark.parametrize("failure", [500, 504, httpx.ReadError("reset")], ids=repr)
def test_an_update_is_repeated_since_it_says_how_things_shall_be(
    keito_of: Connect, failure: Scripted
) -> None:
    script = Script(failure, answered(hours=2))

    keito_of(script).time_entries.update("te_1", hours=2)

    assert script.calls == ["PATCH", "PATCH"]


def test_an_update_that_fails_for_good_may_have_been_applied(
    keito_of: Connect,
) -> None:
    script = Script(502, 502, 502, httpx.ConnectError("refused"))

    with pytest.raises(KeitoConnectionError) as raised:
        keito_of(script).time_entries.update("te_1", hours=2)

    assert raised.value.may_have_been_applied is True


def test_a_repeated_delete_that_finds_nothing_has_succeeded(keito_of: Connect) -> None:
    script = Script(502, 404, 502, 404)
    keito = keito_of(script)

    keito.time_entries.delete("te_1")
    gone = keito.invoices.delete("i_1")

    assert gone.deleted is True
    assert gone.http.status == 404


def test_a_proxys_own_404_does_not_pass_for_a_deletion(keito_of: Connect) -> None:
    script = Script(502, httpx.Response(404, html="<h1>No such page</h1>"))

    with pytest.raises(KeitoNotFoundError) as raised:
        keito_of(script).time_entries.delete("te_1")

    assert raised.value.may_have_been_applied is True


def test_deleting_what_never_was_there_is_not_found(keito_of: Connect) -> None:
    script = Script(429, 404)

    with pytest.raises(KeitoNotFoundError):
        keito_of(script).time_entries.delete("te_1")


def test_a_log_in_page_does_not_pass_for_a_deletion(keito_of: Connect) -> None:
    script = Script(broken("page of a proxy"), httpx.Response(204))

    keito_of(script).time_entries.delete("te_1")

    assert script.calls == ["DELETE", "DELETE"]


def test_a_timer_whose_answer_was_lost_is_found_behind_the_conflict(
    keito_of: Connect,
) -> None:
    script = Script(503, listed(), 409, listed(entry(id="te_9", metadata={"keito_key": "k_1"})))

    timer = start(keito_of(script))

    assert timer.id == "te_9"


def test_a_timer_behind_somebody_elses_is_a_conflict(keito_of: Connect) -> None:
    script = Script(503, listed(), 409, listed())

    with pytest.raises(KeitoConflictError) as raised:
        start(keito_of(script))

    assert raised.value.may_have_been_applied is False


def test_a_conflict_at_the_first_try_is_raised_at_once(keito_of: Connect) -> None:
    script = Script(409)

    with pytest.raises(KeitoConflictError):
        start(keito_of(script))

    assert script.calls == ["POST"]


@pytest.mark.parametrize("failure", [500, 503, 504, httpx.ReadTimeout("late")], ids=repr)
def test_timers_and_emails_are_never_repeated_when_in_doubt(
    keito_of: Connect, failure: Scripted
) -> None:
    script = Script(failure, failure, failure)
    keito = keito_of(script)

    with pytest.raises(KeitoError) as stopping:
        keito.time_entries.stop_timer("te_1")
    with pytest.raises(KeitoError) as restarting:
        keito.time_entries.restart_timer("te_1")
    with pytest.raises(KeitoError) as sending:
        send_invoice(keito)

    assert script.calls == ["PATCH", "PATCH", "POST"]
    for raised in (stopping, restarting, sending):
        assert raised.value.may_have_been_applied is True


def test_retry_after_is_waited_for_in_seconds(keito_of: Connect, pauses: list[float]) -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": "7"}), answered())

    create(keito_of(script))

    assert pauses == [7.0]


def test_retry_after_is_waited_for_as_a_date(keito_of: Connect, pauses: list[float]) -> None:
    moment = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    script = Script(httpx.Response(429, headers={"Retry-After": moment}), answered())

    create(keito_of(script))

    assert 25 < pauses[0] <= 30


@pytest.mark.parametrize("value", ["soon", "Mon, 01 Jan 2026 99999999999999999999:00:00 GMT"])
def test_an_odd_retry_after_is_as_good_as_none(
    keito_of: Connect, pauses: list[float], value: str
) -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": value}), answered())

    create(keito_of(script))

    assert pauses[0] <= 0.5


def test_a_longer_wait_than_a_minute_is_left_to_the_caller(
    keito_of: Connect, pauses: list[float]
) -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": "3600"}))

    with pytest.raises(KeitoRateLimitError) as raised:
        create(keito_of(script))

    assert raised.value.retry_after == 3600
    assert raised.value.may_have_been_applied is False
    assert pauses == []


def test_pauses_grow_and_are_spread_by_chance(keito_of: Connect, pauses: list[float]) -> None:
    keito = keito_of(Script(502, 502, 502, httpx.Response(200, json={"id": "u_1"})))
    keito._sender.policy = replace(keito._sender.policy, chance=lambda: 0.5)

    keito.users.me()

    assert pauses == [0.25, 0.5, 1.0]


def test_a_pause_leaves_the_callers_seeded_random_numbers_alone(
    keito_of: Connect, pauses: list[float]
) -> None:
    before = random.getstate()

    keito_of(Script(502, httpx.Response(200, json={"id": "u_1"}))).users.me()

    assert len(pauses) == 1
    assert random.getstate() == before


def test_a_call_may_have_its_own_patience(keito_of: Connect) -> None:
    script = Script(502)

    with pytest.raises(KeitoServerError):
        keito_of(script).users.me(request_options={"max_retries": 0})

    assert script.calls == ["GET"]
