from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keito.billing.metadata import LIMIT, NEVER_CUT, fitted, size

texts = st.text(max_size=60) | st.text(st.characters(codec=None), max_size=20)
huge = st.integers(0, 9000).map(lambda n: "\U0001f600" * n)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | huge,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
own = st.fixed_dictionaries(
    {name: st.just("x" * 40) for name in NEVER_CUT},
    optional={name: values for name in ("agent_id", "models", "agents", "run_id", "tokens_in")},
)


@given(own, st.dictionaries(texts, values, max_size=8))
def test_it_always_fits_and_what_is_never_cut_never_is(
    own: dict[str, Any], given: dict[str, Any]
) -> None:
    metadata = fitted(own, given)

    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    assert len(text.encode()) == size(metadata) <= LIMIT
    assert all(metadata[name] == own[name] for name in NEVER_CUT)
    for name, value in {**given, **own}.items():
        clean = name.encode("utf-8", "replace").decode()
        assert value is None or clean in metadata or metadata["truncated"] is True


def test_what_tells_least_is_cut_first() -> None:
    metadata = fitted(
        {"keito_key": "k", "run_id": "r", "models": {"m": "x" * 1500}, "agents": {"a": "x" * 1500}},
        {"note": "x" * 2000},
    )

    assert metadata["truncated"] is True
    assert set(metadata) == {"truncated", "keito_key", "run_id", "note", "models"}


def test_metadata_that_fits_is_not_touched() -> None:
    assert fitted({"keito_key": "k", "agent_id": None}, {"team": "north"}) == {
        "team": "north",
        "keito_key": "k",
    }


def test_our_keys_win() -> None:
    assert fitted({"keito_key": "ours"}, {"keito_key": "theirs"}) == {"keito_key": "ours"}
