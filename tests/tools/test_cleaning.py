"""Text of a model, and for one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keito import tools
from keito.tools.cleaning import as_subject


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example",
        "HTTP://evil.example/a?b=c",
        "www.evil.example",
        "evil.example/path",
        "evil.com",
        "javascript:alert(1)",
        "mailto:a@b.c",
        "[click](https://evil.example)",
    ],
)
def test_a_link_is_removed(link: str) -> None:
    cleaned = tools.cleaned(f"before {link} after", 500)

    assert "evil" not in cleaned
    assert "alert" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith("after")


@pytest.mark.parametrize(
    "text", ["T-1042", "invoice-7.pdf", "and/or", "3.5 of 4", "a: b", "ÄÖ 漢字"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert tools.cleaned(text, 500) == text


@example(["evil.com", "www.", "http"])
@given(
    st.lists(
        st.sampled_from(["http", "s", "://", "www.", "evil", ".com", "/", "data:", "munity", " "])
        | st.text(max_size=3)
    )
)
def test_cleaning_is_short_printable_and_complete(pieces: list[str]) -> None:
    cleaned = tools.cleaned("".join(pieces), 20)

    assert len(cleaned) <= 20
    assert cleaned.isprintable()
    assert cleaned == tools.cleaned(cleaned, 20)


@given(st.text())
def test_a_subject_stays_the_same_however_often_it_is_read(text: str) -> None:
    subject = as_subject(text)

    assert as_subject(subject) == subject


@pytest.mark.parametrize("subject", ["T-1042", "lead/77", "Ann Lee", "2026-03-05", "ÄÖ 漢字"])
def test_an_ordinary_subject_stays_as_it_is(subject: str) -> None:
    assert as_subject(subject) == subject


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\ufe0f", "\u3164", "\u00ad", "\U000e0041"])
def test_what_can_not_be_seen_makes_no_other_subject(hidden: str) -> None:
    assert as_subject(f"T{hidden}-1{hidden}") == "T-1"


def test_a_very_long_text_is_not_read_to_its_end() -> None:
    assert tools.cleaned("\n" * 10_000_000 + "late", 500) == ""
