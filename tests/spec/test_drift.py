"""The pull request that a changed description leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.drift import MAX_ROWS, body, main


def test_changed_and_failing_rows_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.txt"
    rows.write_text("+ GET /api/v2/teams operation: id=listTeams\n")

    main(rows)

    told = capsys.readouterr().out
    assert "+ GET /api/v2/teams operation: id=listTeams" in told
    assert "Client and types follow all of them already." in told


def test_rows_that_fail_have_a_part_of_their_own() -> None:
    told = body(["+ a"], ["GET /a query.b: no such key"])

    assert told.index("## Changed rows") < told.index("+ a")
    assert told.index("don't follow yet") < told.index("GET /a query.b: no such key")


def test_a_long_list_is_cut() -> None:
    told = body([f"+ row {number}" for number in range(MAX_ROWS + 5)], [])

    assert "... and 5 more" in told
    assert f"+ row {MAX_ROWS}\n" not in told
