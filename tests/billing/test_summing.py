"""What a run's last line tells call by call, and what a record makes of it."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Usage
from keito.billing._facts import decode, encode
from keito.billing.calls import Call
from keito.billing.ledger import Ledger
from keito.billing.run_facts import result_in
from keito.billing.summing import summed_up
from keito.billing.target import Target
from keito.billing.tree import Tree
from keito.billing.usage import TOKENS

BEGAN = 5_000_000
ODD: tuple[object, ...] = (
    None,
    -1,
    2**53 + 1,
    10**5000,
    1.5,
    "7",
    True,
    HTTPStatus.OK,
    [3],
    object(),
)

tokens = st.one_of(st.sampled_from(ODD), st.integers(0, 2**53))


def ledger() -> Ledger:
    return Ledger("r", "clerk", Target(), Tree(), None, 0, started=BEGAN)


def called(run: Ledger, *, usage: Usage | None = None, failed: bool = False) -> Call:
    number = len(run.calls)
    call = run.call(f"call {number}", agent="clerk", model="asked", started=BEGAN + number)
    call.take(usage, at=BEGAN + number + 10, failed=failed)
    return call


def test_a_call_that_is_told_alone_is_summed_up_as_itself() -> None:
    run = ledger()
    called(run, usage=Usage(provider="openai", input_tokens=100, output_tokens=20))
    run.end("ok", None, at=BEGAN + 50)

    assert result_in(run.body()) == {
        "elapsed": 50,
        "status": "ok",
        "usage": [
            {
                "provider": "openai",
                "model": "asked",
                "agent": "clerk",
                "calls": 1,
                "input_tokens": 100,
                "output_tokens": 20,
                "each": [[100, 20, None, None, None, None, None]],
            }
        ],
        "active": [[0, 10]],
    }


def test_a_run_that_was_told_nothing_has_neither_calls_nor_active_time() -> None:
    run = ledger()
    run.end("ok", None, at=BEGAN + 50)

    assert result_in(run.body()) == {"elapsed": 50, "status": "ok"}


def test_calls_are_active_within_their_run_only() -> None:
    run = ledger()
    run.call("early", agent=None, model=None, started=BEGAN - 100).take(
        None, at=BEGAN + 5, failed=False
    )
    run.call("open", agent=None, model=None, started=BEGAN + 30)
    run.tools["open too"] = BEGAN + 25
    run.end("ok", None, at=BEGAN + 50)

    assert result_in(run.body()).get("active") == [[0, 5], [25, 50]]


def test_what_a_provider_refused_is_a_call_that_took_nothing() -> None:
    run = ledger()
    called(run, failed=True)
    run.end("ok", None, at=BEGAN + 50)

    (group,) = result_in(run.body()).get("usage", [])
    assert (group.get("calls"), group.get("input_tokens"), group.get("each")) == (1, 0, [])
    assert "incomplete" not in group


def test_a_cost_that_was_reported_is_kept_to_the_last_digit() -> None:
    run = ledger()
    called(
        run, usage=Usage(input_tokens=1, output_tokens=1, reported_cost_usd=Decimal("0.1000001"))
    )
    called(run, usage=Usage(input_tokens=1, output_tokens=1, reported_cost_usd=Decimal("0.20")))
    run.end("ok", None, at=BEGAN + 50)

    (group,) = result_in(run.body()).get("usage", [])
    assert group.get("cost_usd") == "0.3000001"


def test_a_result_that_is_summed_up_already_stays_as_it_is() -> None:
    summed: dict[str, object] = {"elapsed": 5, "status": "ok", "active": [[0, 5]], "tools": 1}

    assert summed_up(summed) == summed


def test_fewer_kinds_of_tokens_are_read_as_an_earlier_version_wrote_them() -> None:
    told = {"since": 0, "calls": [[0, 5, False, None, "m", "clerk", None, [100, 20]]]}

    summed = result_in(encode({"elapsed": 5, "status": "ok", "told": told}))
    (group,) = summed.get("usage", [])
    assert (group.get("input_tokens"), group.get("output_tokens")) == (100, 20)


@given(st.lists(st.tuples(*[tokens] * len(TOKENS)), max_size=5))
def test_whatever_a_provider_gives_for_tokens_its_run_is_recorded(
    given: list[tuple[object, ...]],
) -> None:
    run = ledger()
    for one in given:
        counted: dict[str, Any] = dict(zip(TOKENS, one, strict=True))
        called(run, usage=Usage(**counted))
    run.end("ok", None, at=BEGAN + 50)

    summed = result_in(run.body())
    groups: list[dict[str, Any]] = [dict(group) for group in summed.get("usage", [])]
    for number, name in enumerate(TOKENS):
        known = [value for one in given if isinstance(value := one[number], int) and _counts(value)]
        assert sum(group.get(name, 0) for group in groups) == sum(known)
    assert sum(group["calls"] for group in groups) == len(given)
    assert decode(encode(summed)) == summed


def _counts(value: int) -> bool:
    return not isinstance(value, bool) and 0 <= value <= 2**53
