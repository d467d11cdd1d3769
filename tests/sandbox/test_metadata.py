"""Metadata: merged, cleared, and at most 4,096 bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keito.testing import LocalKeito
from tests.sandbox.http import D, Http, entry, error, exact, expense, new_entry

PATH = "/api/v2/time_entries"
EMPTY = len('{"a":""}')


def test_an_update_adds_and_replaces_keys(admin: Http) -> None:
    made = new_entry(admin, metadata={"a": 1, "b": {"deep": True}})

    merged = exact(admin.patch(f"{PATH}/{made['id']}", json={"metadata": {"b": 2, "c": None}}))

    assert merged["metadata"] == {"a": 1, "b": 2, "c": None}


def test_null_clears_all_of_it(admin: Http) -> None:
    made = new_entry(admin, metadata={"a": 1})

    assert exact(admin.patch(f"{PATH}/{made['id']}", json={"metadata": None}))["metadata"] is None


def test_leaving_it_out_keeps_it(admin: Http) -> None:
    made = new_entry(admin, metadata={"a": 1})

    assert exact(admin.patch(f"{PATH}/{made['id']}", json={"hours": 1}))["metadata"] == {"a": 1}


@pytest.mark.parametrize(
    ("path", "body"), [(PATH, entry()), ("/api/v2/expenses", expense())], ids=["entry", "expense"]
)
def test_4096_bytes_fit_and_one_more_does_not(
    admin: Http, path: str, body: dict[str, object]
) -> None:
    fitting, over = "x" * (4096 - EMPTY), "x" * (4097 - EMPTY)

    assert admin.post(path, json={**body, "metadata": {"a": fitting}}).status_code == 200
    response = admin.post(path, json={**body, "metadata": {"a": over}})

    assert error(response) == (400, "metadata_too_large")


def test_bytes_are_counted_and_not_characters(admin: Http) -> None:
    euros = "\N{EURO SIGN}" * ((4096 - EMPTY) // 3 + 1)

    response = admin.post(PATH, json=entry(metadata={"a": euros}))

    assert error(response) == (400, "metadata_too_large")


def test_a_merge_that_grows_too_large_changes_nothing(admin: Http) -> None:
    made = new_entry(admin, metadata={"a": "x" * 3000})

    refused = admin.patch(f"{PATH}/{made['id']}", json={"metadata": {"b": "x" * 3000}, "hours": 9})

    assert error(refused) == (400, "metadata_too_large")
    assert exact(admin.patch(f"{PATH}/{made['id']}", json={})) | {"updated_at": ""} == made | {
        "updated_at": ""
    }


def test_the_nested_shape_has_the_same_code(local: LocalKeito, admin: Http) -> None:
    local.answer_errors("nested")

    response = admin.post(PATH, json=entry(metadata={"a": "x" * 5000}))

    assert response.json()["error"]["code"] == "metadata_too_large"
    assert response.json()["error"]["field"] == "metadata"


def test_numbers_in_metadata_keep_their_digits(admin: Http) -> None:
    body = json.dumps(entry()).removesuffix("}") + ',"metadata":{"cost_usd":0.1234567890123456789}}'

    made = exact(admin.post(PATH, content=body, headers={"Content-Type": "application/json"}))

    assert made["metadata"]["cost_usd"] == D("0.1234567890123456789")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(
        st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), JSON, max_size=4)
)
def test_any_metadata_comes_back_as_it_was_sent(admin: Http, metadata: dict[str, object]) -> None:
    response = admin.post(PATH, json=entry(metadata=metadata))

    assert response.json()["metadata"] == json.loads(json.dumps(metadata))


def test_half_a_character_is_refused(admin: Http) -> None:
    body = json.dumps(entry(notes="\ud800"))

    response = admin.post(PATH, content=body, headers={"Content-Type": "application/json"})

    assert error(response) == (400, "bad request")
