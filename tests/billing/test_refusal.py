"""What a refusal says, in Keito's words, for the person who has to look at it."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito._transport import Answer, Failure
from keito.billing.refusal import LONGEST, said_by

SECRET = "kto_live_secret"


def answered(body: object, status: int = 422) -> str:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return said_by(Answer(status, httpx.Headers(), content), secret=SECRET)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"error": "validation_error", "error_description": "Hours must be positive."},
            "HTTP 422 validation_error: Hours must be positive.",
        ),
        (
            {"error": {"code": "invalid", "message": "No such task.", "field": "task_id"}},
            "HTTP 422 invalid (task_id): No such task.",
        ),
        ({"error": "locked"}, "HTTP 422 locked"),
        ({"error": {"message": "Locked."}}, "HTTP 422 Locked."),
        ({"error": {"code": 7, "message": ["x"]}}, "HTTP 422"),
        ({"error": None}, "HTTP 422"),
        ({}, "HTTP 422"),
        ([], "HTTP 422"),
        (b"<html>Bad gateway</html>", "HTTP 422"),
        (b"[" * 100_000, "HTTP 422"),
        (b"", "HTTP 422"),
    ],
)
def test_both_shapes_are_said_and_nothing_else(body: object, said: str) -> None:
    assert answered(body) == said


def test_a_key_that_is_repeated_is_not_said() -> None:
    said = answered({"error": f"no {SECRET}", "error_description": "nor kto_sandbox_other1."})

    assert said == "HTTP 422 no [API key]: nor [API key]."


def test_a_key_at_the_end_of_what_is_kept_is_not_said_in_part() -> None:
    said = answered({"error": "x" * (LONGEST - 5) + SECRET})

    assert "kto" not in said


def test_what_is_no_text_for_people_is_taken_out() -> None:
    said = answered({"error": "a\x1b[31mb\r\n\tc\u202ed\u2028e\x00\ud800"})

    assert said == "HTTP 422 a [31mb c d e"


@given(st.text(max_size=600), st.text(max_size=600))
def test_it_is_one_short_line_of_what_can_be_shown(error: str, description: str) -> None:
    said = answered({"error": error, "error_description": description})

    assert len(said) <= LONGEST + len("HTTP 422 ")
    assert said.isprintable()


def test_without_an_answer_only_the_kind_of_error_is_said() -> None:
    failure = Failure("not_sent", httpx.ConnectError(f"refused for {SECRET}"))

    assert said_by(failure, secret=SECRET) == "not sent, ConnectError"
