"""The workflow files name only what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.environment import ROOT
from tests.ci.frameworks import FRAMEWORKS, requirements
from tests.ci.wheels import MODULES

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}


def steps(workflow: str) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(TEXTS[workflow])["jobs"].values():
        yield from job["steps"]


def commands(workflow: str) -> str:
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


def test_there_are_two_workflows() -> None:
    assert list(TEXTS) == ["spec-drift.yml", "test.yml"]


@pytest.mark.parametrize("workflow", TEXTS)
def test_every_make_target_exists(workflow: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))

    named = set(re.findall(r"\bmake (?:-s )?([a-z]+)", commands(workflow)))

    assert named
    assert named <= targets


@pytest.mark.parametrize("workflow", TEXTS)
def test_every_module_and_path_exists(workflow: str) -> None:
    modules = re.findall(r"python -m ([\w.]+)", commands(workflow))
    paths = re.findall(r"\btests/[\w./]+", TEXTS[workflow])

    assert [name for name in modules if find_spec(name) is None] == []
    assert [name for name in paths if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("workflow", TEXTS)
def test_actions_are_official_and_pinned_to_a_major_version(workflow: str) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]

    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[\w-]+@v\d+", name)] == []


@pytest.mark.parametrize("workflow", TEXTS)
def test_permissions_are_stated_and_no_address_is_named(workflow: str) -> None:
    permissions = yaml.safe_load(TEXTS[workflow])["permissions"]

    assert permissions == (
        {"contents": "read"}
        if workflow == "test.yml"
        else {"contents": "write", "pull-requests": "write"}
    )
    assert "://" not in TEXTS[workflow]


def test_every_python_that_we_promise_is_tested() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    promised = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)

    tested = yaml.safe_load(TEXTS["test.yml"])["jobs"]["python"]["strategy"]["matrix"]["python"]

    assert tested == promised


def test_every_integration_is_tested_at_both_ends() -> None:
    there = sorted(path.parent.name for path in ROOT.glob("integrations/*/pyproject.toml"))

    matrix = yaml.safe_load(TEXTS["test.yml"])["jobs"]["framework"]["strategy"]["matrix"]

    assert sorted(matrix["name"]) == sorted(FRAMEWORKS) == there
    assert sorted(matrix["versions"]) == ["latest", "lowest"]


def test_every_distribution_s_wheel_is_looked_into() -> None:
    there = {path.parent.name for path in ROOT.glob("integrations/*/*/py.typed")}

    assert set(MODULES) == {"keito", *there}
    assert all(path.is_dir() for path in MODULES.values())


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_lowest_version_is_the_one_the_adapter_names(name: str) -> None:
    project = Path(ROOT / "integrations" / name / "pyproject.toml").read_text(encoding="utf-8")

    first = requirements(name, lowest=True)[0].replace("==", ">=")

    assert f'"{first}"' in project
