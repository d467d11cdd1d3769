from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito import _json
from keito.billing import Contract, MemoryOutbox, Recorder, Target, Usage
from keito.billing.metadata import DEEPEST, LIMIT, NEVER_CUT, OURS, fitted, size
from tests.billing.conftest import Recorded

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
        if name in OURS and name not in own:
            continue
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


@pytest.mark.parametrize("name", [*NEVER_CUT, "truncated", "outcome_unit_price", "cost_usd"])
def test_a_key_with_our_name_is_not_taken_from_others(name: str) -> None:
    assert fitted({}, {name: "x" * LIMIT, "team": "north"}) == {"team": "north"}


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_what_is_nested_too_deeply_is_left_out_and_it_says_so() -> None:
    metadata = fitted({"keito_key": "k"}, {"deep": nested(DEEPEST), "flat": nested(DEEPEST - 1)})

    assert metadata == {"truncated": True, "keito_key": "k", "flat": nested(DEEPEST - 1)}


@pytest.mark.parametrize("depth", [100, 300, 900])
def test_a_run_with_deep_metadata_is_recorded(recorded: Recorded, depth: int) -> None:
    with recorded.recorder.run("agent") as run:
        run.metadata(deep=nested(depth), team="north")

    metadata = recorded.metadata()

    assert (metadata["team"], metadata["truncated"]) == ("north", True)
    assert "deep" not in metadata


names = st.text(st.characters(codec=None), min_size=1, max_size=30) | st.integers(1, 3000).map(
    lambda n: "\U0001f600" * n
)
targets = st.fixed_dictionaries(
    {"project_id": names, "task_id": names},
    optional={
        **dict.fromkeys(("user_id", "agent_id", "session_id", "work_key", "trigger"), names),
        "notes": names,
        "metadata": st.dictionaries(names | st.sampled_from(NEVER_CUT), values, max_size=4),
    },
)


@given(
    names,
    targets,
    st.lists(st.tuples(names, names, names), max_size=12),
    st.dictionaries(names | st.sampled_from(NEVER_CUT), values, max_size=4),
    st.sampled_from(["UTC", "America/Argentina/ComodRivadavia"]),
)
def test_whatever_a_run_is_called_its_metadata_fits_and_can_be_audited(
    name: str,
    target: dict[str, Any],
    calls: list[tuple[str, str, str]],
    more: dict[str, Any],
    where: str,
) -> None:
    contract = Contract(charge="both", time_zone=where)
    outbox = MemoryOutbox()
    recorder = Recorder(
        outbox=outbox,
        account_id="acc",
        courier="external",
        contract=contract,
        target=Target(**target),
    )
    recorded = Recorded(recorder, outbox)
    with recorder.run(name) as run:
        for number, (model, provider, agent) in enumerate(calls):
            usage = Usage(
                model=model,
                provider=provider,
                input_tokens=10**number,
                output_tokens=1,
                reported_cost_usd=Decimal("0.25"),
            )
            run.model_call(usage, key=str(number), agent=agent)
        run.metadata(**more)
        run.outcome(name, subject=name, evidence=more, unit_price="0.99")

    sent = recorded.records()
    recorder.close(0)

    assert len(sent) == 2
    for record in sent:
        body = json.loads(record.payload)
        assert len(_json.dumps(body["metadata"])) <= LIMIT
        assert set(NEVER_CUT) <= set(body["metadata"])
        assert body["metadata"]["timezone"] == where
        assert body["metadata"]["keito_key"] == record.key
        assert body["metadata"]["contract_id"] == contract.id
        assert len(body["notes"]) <= 250


def test_ids_that_have_no_form_in_utf8_hold_nothing_up(recorded: Recorded) -> None:
    broken = "a\ud83d"
    target = Target(project_id=broken, task_id=broken, user_id=broken, work_key=broken)
    with recorded.recorder.run(broken, target=target) as run:
        run.outcome(broken)
        run.expense(broken, total_cost=1, name=broken)

    entries = recorded.entries()

    assert [entry["project_id"] for entry in entries] == ["a?"] * 3
