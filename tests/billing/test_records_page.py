"""The tables of docs/records.md, held against what is rendered and charged."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from keito.billing import Contract, Usage, entry, expense_entry, outcome_entry, time_entry
from keito.billing.contract import STATUSES
from keito.billing.metadata import fitted
from tests.billing.conftest import AWAY, MakeRecorder

PAGE = (Path(__file__).parents[2] / "docs" / "records.md").read_text(encoding="utf-8")
YOURS = {"confidence", "human_reviewed", "any other"}
TYPES: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "whole number": lambda value: type(value) is int,
    "number": lambda value: isinstance(value, (int, Decimal)) and not isinstance(value, bool),
    "true": lambda value: value is True,
    "true or false": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
}


class Key(NamedTuple):
    """A row of the table of keys."""

    name: str
    type: str
    meaning: str
    source: str
    rank: str


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its first two lines."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


KEYS = [Key(*row) for row in rows("Metadata")]
NEVER_CUT = [key.name for key in KEYS if key.rank == "never cut" and key.name != "truncated"]
RANKED = [key.name for key in KEYS if key.rank != "never cut"]
TYPE_OF = {key.name: key.type for key in KEYS}


@pytest.fixture
def rendered(make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is rendered of a run and all that it told: every key, None where it has no value."""
    said: list[dict[str, Any]] = []

    def noted(own: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
        said.append(dict(own))
        return fitted(own, given)

    for module in (entry, expense_entry, outcome_entry, time_entry):
        monkeypatch.setattr(module, "fitted", noted)
    recorded = make_recorder(contract=Contract(charge="both", max_hours_per_run=0))
    with recorded.recorder.run("outer"), recorded.recorder.run("inner", target=AWAY) as run:
        cost = Decimal("0.25")
        for number, model in enumerate(("small", "large")):
            usage = Usage(
                model=model,
                provider="someone",
                input_tokens=4,
                output_tokens=3,
                cache_read_tokens=2,
                cache_write_tokens=1,
                reasoning_tokens=0,
                reported_cost_usd=cost,
            )
            run.model_call(usage, key=str(number), agent=f"agent {number}")
        run.tool_start("search", key="2").end()
        run.outcome("done", unit_price="0.99", subject="T-1", evidence={"url": "x"})
        run.log_time("0.5", subject="T-1", evidence={"url": "x"}, per_day="0.25")
        run.expense("cat", total_cost="0.20", name="search", subject="T-1", evidence={"url": "x"})
    assert recorded.entries()
    return said


def test_every_key_that_can_be_rendered_is_in_the_table(rendered: list[dict[str, Any]]) -> None:
    emitted = {name for own in rendered for name in own}

    assert emitted | YOURS | {"truncated"} == {key.name for key in KEYS}


def test_no_key_is_in_the_table_twice() -> None:
    assert len(TYPE_OF) == len(KEYS)


def test_values_have_the_type_that_the_table_says(rendered: list[dict[str, Any]]) -> None:
    said = [item for own in rendered for item in own.items() if item[1] is not None]

    assert len({name for name, _ in said}) > 30
    for name, value in said:
        assert TYPES[TYPE_OF[name]](value), (name, value)


@pytest.mark.parametrize("name", NEVER_CUT)
def test_what_is_never_cut_stays_beside_the_first_of_the_others(name: str) -> None:
    cut = fitted({name: "x" * 3000, RANKED[0]: "x" * 3000}, {})

    assert set(cut) == {name, "truncated"}


@pytest.mark.parametrize(("kept", "gone"), list(itertools.pairwise(RANKED)))
def test_of_two_keys_the_one_with_the_higher_rank_goes(kept: str, gone: str) -> None:
    cut = fitted({gone: "x" * 3000, kept: "x" * 3000}, {})

    assert set(cut) == {kept, "truncated"}


def test_ranks_are_counted_from_one() -> None:
    ranks = [key.rank for key in KEYS if key.rank != "never cut"]

    assert ranks == [str(number + 1) for number in range(len(ranks))]


def test_every_status_is_in_the_table_with_what_is_charged() -> None:
    charged = {status: "yes" if Contract().charges(status) else "no" for status in STATUSES}

    assert {name: said for name, _, said in rows("Statuses")} == charged
