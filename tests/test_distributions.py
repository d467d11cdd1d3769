"""The three distributions fit together."""

from __future__ import annotations

import re
from pathlib import Path

from keito import __version__

ROOT = Path(__file__).parent.parent
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("integrations/*/pyproject.toml"))]


def test_all_carry_one_version() -> None:
    versions = {
        match.group(1)
        for project in PROJECTS
        if (match := re.search(r'^version = "(.+)"', project.read_text(), re.MULTILINE))
    }

    assert versions == {__version__}


def test_type_checkers_and_the_workspace_know_every_integration() -> None:
    settings = PROJECTS[0].read_text()

    for project in PROJECTS[1:]:
        name = re.search(r'^name = "(.+)"', project.read_text(), re.MULTILINE)
        assert name is not None
        assert f"integrations/{project.parent.name}" in settings
        assert f"{name.group(1)} = {{ workspace = true }}" in settings


def test_every_package_says_that_it_is_typed() -> None:
    packages = [ROOT / "keito", *ROOT.glob("integrations/*/*_keito")]

    assert len(packages) == len(PROJECTS)
    assert all((package / "py.typed").exists() for package in packages)
