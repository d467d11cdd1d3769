"""The search for links that lead nowhere finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.site import broken

HOME = '<h1 id="top">Home</h1><a href="{link}">somewhere</a>'
ELSEWHERE = '<h2 id="here">Here</h2>'


@pytest.mark.parametrize(
    "link", ["sub/", "sub/#here", "sub/index.html", "#top", "", "https://keito.io", "style.css"]
)
def test_a_link_that_leads_somewhere_is_fine(link: str, tmp_path: Path) -> None:
    assert list(broken(site(tmp_path, link))) == []


@pytest.mark.parametrize("link", ["nowhere/", "sub/#there", "sub/page.md", "#bottom", "../away/"])
def test_a_link_that_leads_nowhere_is_named(link: str, tmp_path: Path) -> None:
    assert list(broken(site(tmp_path, link))) == [f"index.html: {link}"]


def site(folder: Path, link: str) -> Path:
    (folder / "sub").mkdir()
    (folder / "index.html").write_text(HOME.format(link=link))
    (folder / "sub" / "index.html").write_text(ELSEWHERE)
    (folder / "style.css").write_text("")
    return folder
