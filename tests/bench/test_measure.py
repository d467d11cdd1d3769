"""How the benchmarks come to their figures."""

from __future__ import annotations

import pytest

from tests.bench import __main__ as bench
from tests.bench.measure import Row, interleaved, ratio


def test_the_cases_take_turns_and_each_is_first_in_turn() -> None:
    order: list[str] = []

    def case(name: str) -> float:
        order.append(name)
        return 1.0

    interleaved({"a": lambda: case("a"), "b": lambda: case("b")}, rounds=3)

    assert order == ["a", "b", "b", "a", "a", "b"]


def test_a_round_in_which_the_machine_was_slow_does_not_change_the_ratio() -> None:
    taken = {"ours": [2.0, 20.0, 2.2], "bare": [1.0, 10.0, 1.0]}

    assert ratio(taken, "ours", "bare") == 2.0


@pytest.mark.parametrize(("met", "verdict"), [(True, "met"), (False, "NOT MET"), (None, "not mea")])
def test_a_row_fits_in_80_columns_and_says_whether_its_bar_is_met(
    met: bool | None, verdict: str
) -> None:
    row = Row("w" * 40, "123.45 ms", "at most 100 KiB", met)

    line = bench.line(row)

    assert len(line) <= 80
    assert verdict in line
