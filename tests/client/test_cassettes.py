"""What the recorded exchanges may hold."""

from __future__ import annotations

from pathlib import Path

from tests.client import cassette

HERE = Path(__file__).parent
TAPES = sorted(HERE.glob("*/cassettes/*.yaml"))
TESTS = {path: path.read_text() for path in HERE.glob("*/test_operations.py")}


def test_no_cassette_holds_a_key_or_an_account() -> None:
    texts = [tape.read_text().lower() for tape in TAPES]

    assert texts
    for secret in ("kto_", "bearer", *cassette.SECRETS):
        assert not any(secret in text for text in texts)


def test_every_operation_of_both_clients_has_one() -> None:
    wanted = {
        path.parent / "cassettes" / f"{line.split('test_', 1)[1].split('(')[0]}.yaml"
        for path, text in TESTS.items()
        for line in text.splitlines()
        if "def test_" in line
    }

    assert wanted == set(TAPES)
