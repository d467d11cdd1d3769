"""The page about places names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "places.md").read_text(encoding="utf-8")
SECTIONS = PAGE.split("\n## ")[1:]


def test_every_place_names_the_tests_that_show_it() -> None:
    for section in SECTIONS:
        title, shown = section.split("\n", 1)[0], re.findall(r"`(tests/[^`]+)`", section)

        assert shown, title
        for name in shown:
            path, _, test = name.partition("::")
            definition = f"def {test}(" if test else "def test_"
            assert definition in (ROOT / path).read_text(encoding="utf-8"), (title, name)


def test_every_place_says_where_the_outbox_is_and_what_can_be_lost() -> None:
    for section in SECTIONS:
        for point in ("Outbox", "It ends", "Lost", "Tests"):
            assert f"- **{point}**: " in section, (section.split("\n", 1)[0], point)
