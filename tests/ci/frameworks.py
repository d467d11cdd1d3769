"""`make framework NAME=langchain VERSIONS=lowest`: an adapter's tests at an end of its range.

Each adapter says with which version of its framework it begins to work, and does not say where it
ends. Both are claims, so both ends are tested, each in an environment of its own.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.ci.environment import ROOT, Environment


@dataclass(frozen=True, slots=True)
class Framework:
    """What an adapter is for.

    Attributes:
        distribution: The framework that the adapter depends on.
        besides: What only the tests use of its family, with the versions of the lowest's time.
        newest: What the tests use of its family only with its latest version.
    """

    distribution: str
    besides: Mapping[str, str]
    newest: Sequence[str] = ()


FRAMEWORKS: Mapping[str, Framework] = {
    "langchain": Framework(
        "langchain-core",
        {
            "langchain": "1.2.4",
            # The clients of the providers whose answers are recorded.
            "langchain-anthropic": "1.3.0",
            "langchain-aws": "1.1.1",
            "langchain-google-genai": "4.0.0",
            "langchain-openai": "1.1.0",
            "langchain-tests": "1.1.0",
            "langgraph": "1.0.2",
            # Pinned because langgraph lets it be newer than it can bear.
            "langgraph-prebuilt": "1.0.2",
        },
        # The server that deployed graphs are developed on.
        newest=["langgraph-cli[inmem]; python_version >= '3.11'"],
    ),
    # With a later openai every run of the lowest openai-agents fails, in its own `Usage`.
    "openai_agents": Framework("openai-agents", {"openai": "2.30.0"}),
}
TOOLS = (
    "blockbuster>=1.5",
    "hypothesis",
    "pytest>=8.4",
    "pytest-asyncio>=1.2",
    "pytest-timeout>=2.3",
)
_TOLD = "import importlib.metadata as m, sys; print(sys.argv[1], m.version(sys.argv[1]))"


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, say which version that is, and test."""
    parser = argparse.ArgumentParser(prog="python -m tests.ci.frameworks", description=__doc__)
    parser.add_argument("name", choices=FRAMEWORKS)
    parser.add_argument("versions", choices=["lowest", "latest"])
    options = parser.parse_args(arguments)
    environment = Environment(ROOT / ".venvs" / f"{options.name}-{options.versions}")
    environment.install(
        *("--editable", ".[cli,sandbox]", "--editable", f"integrations/{options.name}"),
        *requirements(options.name, lowest=options.versions == "lowest"),
        *TOOLS,
    )
    environment.run("-c", _TOLD, FRAMEWORKS[options.name].distribution)
    # An old framework may warn about itself and its own dependencies; that is not ours to mend.
    warnings = ["-W", "default"] if options.versions == "lowest" else []
    return environment.run("-m", "pytest", "-q", *warnings, f"tests/{options.name}")


def requirements(name: str, *, lowest: bool) -> list[str]:
    """The framework and its family, pinned to the lowest versions or free to be the latest."""
    framework = FRAMEWORKS[name]
    if not lowest:
        return [framework.distribution, *framework.besides, *framework.newest]
    pins = {framework.distribution: _lowest(name, framework.distribution), **framework.besides}
    return [f"{distribution}=={version}" for distribution, version in pins.items()]


def _lowest(name: str, distribution: str) -> str:
    project = (ROOT / "integrations" / name / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf'"{re.escape(distribution)}>=([\w.]+)', project)
    if found is None:
        raise ValueError(f"{name} does not say from which {distribution} it works")
    return found[1]


if __name__ == "__main__":
    sys.exit(main())
