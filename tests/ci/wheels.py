"""`make wheels`: build what is published, look into it, and run the demo on it.

In development everything is importable from the repository. What users get is what is in the
wheels; a file that was forgotten there shows only here.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.ci.environment import ROOT, Environment, uv

MODULES = {
    "keito": ROOT / "keito",
    "langchain_keito": ROOT / "integrations" / "langchain" / "langchain_keito",
    "openai_agents_keito": ROOT / "integrations" / "openai_agents" / "openai_agents_keito",
}
_BESIDE_THE_SOURCE = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
_MAY_BE_THERE = {".gitignore", "CHANGELOG.md"}
# What the demo's agents are made with; the rest comes with the wheels.
FOR_THE_DEMO = ("langchain", "langchain-openai")


def main() -> int:
    """Return 0 when the wheels hold what they should and the demo runs on them."""
    with TemporaryDirectory() as folder:
        dist = Path(folder) / "dist"
        wheels = build(dist)
        wrong = [line for module in MODULES for line in problems(module, wheels)]
        wrong += [line for module in MODULES for line in source_problems(module, dist)]
        if wrong:
            sys.stderr.write("\n".join(wrong) + "\n")
            return 1
        return _use(wheels, Path(folder))


def build(folder: Path) -> dict[str, Path]:
    """Build all source distributions, and from these all wheels; each under its module's name."""
    uv("build", "--all-packages", "--out-dir", str(folder))
    return {path.name.split("-")[0]: path for path in folder.glob("*.whl")}


def problems(module: str, wheels: dict[str, Path]) -> Iterator[str]:
    """What is missing in a wheel, or should not be there."""
    if module not in wheels:
        yield f"{module}: no wheel was built"
        return
    with zipfile.ZipFile(wheels[module]) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        (about,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(about).decode())
    packed = {name for name in names if ".dist-info/" not in name}
    source = {f"{module}/{name}" for name in _files(MODULES[module])}
    yield from (f"{module}: {name} is not in the wheel" for name in sorted(source - packed))
    yield from (f"{module}: {name} should not be there" for name in sorted(packed - source))
    if f"{module}/py.typed" not in packed:
        yield f"{module}: type checkers will ignore it without py.typed"
    if metadata["License-Expression"] != "MIT" or not any(map(_is_licence, names)):
        yield f"{module}: its licence is missing"
    if not metadata.get_payload():
        yield f"{module}: it has no description"


def source_problems(module: str, dist: Path) -> Iterator[str]:
    """What a source distribution lacks, or should not have."""
    found = list(dist.glob(f"{module}-*.tar.gz"))
    if len(found) != 1:
        yield f"{module}: {len(found)} source distributions were built"
        return
    with tarfile.open(found[0]) as archive:
        names = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}
    wanted = {f"{module}/{name}" for name in _files(MODULES[module])} | _BESIDE_THE_SOURCE
    yield from (f"{module}: {name} is not in its source" for name in sorted(wanted - names))
    extra = names - wanted - _MAY_BE_THERE
    yield from (f"{module}: {name} should not be in its source" for name in sorted(extra))


def _is_licence(name: str) -> bool:
    return name.endswith("/LICENSE")


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def _use(wheels: dict[str, Path], folder: Path) -> int:
    environment = Environment(folder / "bare")
    environment.install(str(wheels["keito"]))
    # The core alone must do, without the extras of the sandbox and the command.
    if failed := environment.run("-c", "import keito.billing, keito; keito.Keito", cwd=folder):
        return failed
    adapters = (str(wheels[name]) for name in MODULES if name != "keito")
    environment.install(f"{wheels['keito']}[cli,sandbox]", *adapters, *FOR_THE_DEMO)
    uv("pip", "check", "--python", environment.python)
    # The examples alone: beside the sources, the sources would be imported.
    shutil.copytree(ROOT / "examples", folder / "alone" / "examples")
    return environment.run("-m", "examples.demo", "--fast", cwd=folder / "alone")


if __name__ == "__main__":
    sys.exit(main())
