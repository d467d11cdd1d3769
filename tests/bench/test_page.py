"""What the page of the figures says, and that it says all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import imports, machine, page
from tests.bench.measure import COMPARED, Row

DAY = date(2026, 3, 5)
MADE_UP = {"Processor": "Abacus 1, 2 in use", "httpx": "0.0.1"}
MET = Row("fast enough", "1.04x", "at most 1.1x", True)
MISSED = Row("too slow", "2.5x", "at most 2x", False)
UNKNOWN = Row("not to be had", "no SDK", "5x as fast", None)
PEER = Row("another's", "7.1 s", COMPARED, None)


def written(*rows: Row) -> str:
    return page.written({"imports": rows}, machine=MADE_UP, day=DAY)


def test_every_part_has_a_section_and_a_module() -> None:
    assert all(find_spec(f"tests.bench.{part}") for part in page.SECTIONS)


def test_a_row_says_what_was_measured_against_which_bar() -> None:
    text = written(MET)

    assert "| fast enough | 1.04x | at most 1.1x | met |" in text
    assert "All 1 bars are met." in text


def test_the_page_begins_with_the_bars_that_are_not_met() -> None:
    text = written(MET, MISSED, UNKNOWN)

    assert "| too slow | 2.5x | at most 2x | **not met** |" in text
    head, _ = text.split("## Measured with")
    assert "1 of 3 bars are met. These are not:" in head
    assert "- too slow: 2.5x instead of at most 2x" in head
    assert "- not to be had: not measured (no SDK)" in head


def test_what_is_only_compared_with_has_no_bar_and_no_verdict() -> None:
    text = written(MET, PEER)

    assert "| another's | 7.1 s |  |  |" in text
    assert "All 1 bars are met." in text


def test_the_page_names_the_day_and_what_it_was_measured_with() -> None:
    text = written(MET)

    assert "| Day | 2026-03-05 |" in text
    assert "| Processor | Abacus 1, 2 in use |" in text
    assert "| httpx | 0.0.1 |" in text


def test_every_table_of_the_page_is_even() -> None:
    lines = written(MET, MISSED, UNKNOWN, PEER).splitlines()

    assert {line.count("|") for line in lines if line.startswith("|")} == {3, 5}


def test_a_sign_that_ends_a_cell_is_written_out() -> None:
    assert "| a \\| b |" in written(Row("a | b", "1x", "2x", True))


def test_what_it_was_measured_with_names_processor_python_and_every_peer() -> None:
    described = machine.described()

    assert described["Processor"]
    assert described["Python"].split()[1].startswith("3.")
    assert [name.split()[0] for name in described["Peers"].split(", ")] == [
        "keito",
        "langfuse",
        "paid-python",
    ]


def test_the_command_writes_the_page_of_all_parts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "PARTS", ("imports",))
    monkeypatch.setattr(imports, "rows", lambda: iter([MET]))

    bench.main(["--page", str(tmp_path / "page.md")])

    assert "fast enough" in (tmp_path / "page.md").read_text()
    assert "fast enough" in capsys.readouterr().out


def test_a_part_alone_can_not_become_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["imports", "--page", "page.md"])

    assert "the page has all parts" in capsys.readouterr().err


def test_the_figures_are_json_for_a_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def rows() -> Iterator[Row]:
        yield Row("w", "1x", "2x", True, {"a": 1.0})

    monkeypatch.setattr(imports, "rows", rows)

    bench.main(["imports", "--json"])

    assert json.loads(capsys.readouterr().out) == [
        {"what": "w", "measured": "1x", "bar": "2x", "met": True, "figures": {"a": 1.0}}
    ]
