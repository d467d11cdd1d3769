"""What a wheel is looked into for."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.ci import wheels

METADATA = "Metadata-Version: 2.4\nName: one\nLicense-Expression: MIT\n\nWhat it is.\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module's folder."""
    folder = tmp_path / "one"
    for name in ("__init__.py", "py.typed", "inner/data.json", "__pycache__/x.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    monkeypatch.setitem(wheels.MODULES, "one", folder)
    return folder


def packed(folder: Path, *names: str, metadata: str = METADATA) -> dict[str, Path]:
    """A wheel with these files."""
    path = folder / "one-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one-1.dist-info/METADATA", metadata)
        if metadata == METADATA:
            archive.writestr("one-1.dist-info/licenses/LICENSE", "")
        for name in names:
            archive.writestr(name, "")
    return {"one": path}


WHOLE = ("one/__init__.py", "one/py.typed", "one/inner/data.json")


def test_a_whole_wheel_has_no_problem(source: Path, tmp_path: Path) -> None:
    assert list(wheels.problems("one", packed(tmp_path, *WHOLE))) == []


def test_a_forgotten_file_is_a_problem(source: Path, tmp_path: Path) -> None:
    told = list(wheels.problems("one", packed(tmp_path, *WHOLE[:2])))

    assert told == ["one: one/inner/data.json is not in the wheel"]


def test_a_file_from_elsewhere_is_a_problem(source: Path, tmp_path: Path) -> None:
    told = list(wheels.problems("one", packed(tmp_path, *WHOLE, "tests/test_one.py")))

    assert told == ["one: tests/test_one.py should not be there"]


def test_a_wheel_without_types_licence_and_description_is_a_problem(
    source: Path, tmp_path: Path
) -> None:
    (source / "py.typed").unlink()
    wheel = packed(tmp_path, WHOLE[0], WHOLE[2], metadata="Metadata-Version: 2.4\n\n")

    told = list(wheels.problems("one", wheel))

    assert [line.split(": ")[1].split(" ")[0] for line in told] == ["type", "its", "it"]


def test_a_missing_wheel_is_a_problem(source: Path) -> None:
    assert list(wheels.problems("one", {})) == ["one: no wheel was built"]


BESIDE = ("LICENSE", "PKG-INFO", "README.md", "pyproject.toml")


def archived(folder: Path, *names: str) -> Path:
    """A folder with a source distribution of these files."""
    with tarfile.open(folder / "one-1.tar.gz", "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"one-1/{name}"))
    return folder


def test_a_whole_source_has_no_problem(source: Path, tmp_path: Path) -> None:
    dist = archived(tmp_path, *WHOLE, *BESIDE, ".gitignore")

    assert list(wheels.source_problems("one", dist)) == []


def test_a_source_holds_all_of_its_module_and_nothing_else(source: Path, tmp_path: Path) -> None:
    dist = archived(tmp_path, *WHOLE[:2], *BESIDE[1:], "tests/test_one.py")

    assert list(wheels.source_problems("one", dist)) == [
        "one: LICENSE is not in its source",
        "one: one/inner/data.json is not in its source",
        "one: tests/test_one.py should not be in its source",
    ]


def test_a_missing_source_is_a_problem(source: Path, tmp_path: Path) -> None:
    assert list(wheels.source_problems("one", tmp_path)) == [
        "one: 0 source distributions were built"
    ]
