"""docs/cli.md: its commands run, and it shows every command's help."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keito.testing import sandbox
from tests.cli.conftest import World
from tests.cli.help_page import PAGE, commands, section
from tests.cli.processes import in_terminal
from tests.cli.test_courier import OUR_PRICES

# What the page calls a record's key, an example that is nobody's.
ITS_KEY = "3f2a9c1e"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
LINES = [line for block in BLOCKS for line in block.splitlines() if not line.startswith("pip ")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_page_shows_what_a_command_says_of_itself(words: tuple[str, ...]) -> None:
    assert section(words) in PAGE.read_text(), "run `python -m tests.cli.help_page`"


def live_in(world: World) -> None:
    """Have a delivered, a parked, an unrouted and a held run."""
    world.record(target=world.target(session_id="s-1042"))
    world.record("archived", target=world.target(project_id="prj_acme_2024"))
    world.record("nobody", routing="explicit", target=None)
    world.record("later", mode="record")
    world.said("outbox", "flush")


@pytest.fixture
def lived_in(world: World) -> World:
    """A world of one's own, to be changed."""
    live_in(world)
    return world


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that all look at, and nobody changes: it takes long to make."""
    with sandbox() as local, pytest.MonkeyPatch.context() as patched:
        made = World(local, tmp_path_factory.mktemp("common") / "outbox.db")
        for name, value in made.env.items():
            patched.setenv(name, value)
        live_in(made)
        yield made


@pytest.fixture
def looked_at(common: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in common.env.items():
        monkeypatch.setenv(name, value)
    return common


@pytest.mark.skipif(shutil.which("bash") is None, reason="the page's commands are for a shell")
@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_page_runs(lived_in: World, line: str, tmp_path: Path) -> None:
    state = "parked" if "drop" in line else "done"
    key = next(one["key"] for one in lived_in.read("outbox", "list", "--state", state))
    programs = str(Path(sys.executable).parent)
    (tmp_path / "billing_prices.py").write_text(OUR_PRICES)

    done = subprocess.run(
        ["bash", "-c", line.replace(ITS_KEY, key[:8])],
        env={**os.environ, **lived_in.env, "PATH": f"{programs}:{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode in (0, 3), done.stderr
    assert "Traceback" not in done.stderr
    assert lived_in.local.api_key not in done.stdout + done.stderr


LOOKING = [
    ("outbox", "status"),
    ("outbox", "list"),
    ("doctor",),
    ("summary",),
    ("explain", "KEY"),
    ("void", "--run", "KEY", "--reason", "why"),
    ("outbox", "flush", "--timeout", "1"),
]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_a_command_speaks_in_a_terminal(
    looked_at: World, words: tuple[str, ...], columns: int
) -> None:
    key = looked_at.read("outbox", "list", "--state", "done")[0]["key"]
    given = [key if word == "KEY" else word for word in words]

    code, shown = in_terminal(*given, env=looked_at.env, columns=columns)

    assert code in (0, 3), shown
    assert looked_at.local.api_key not in shown
    assert "Traceback" not in shown


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
@pytest.mark.parametrize("words", [("doctor",), ("outbox", "list")], ids=" ".join)
def test_a_terminal_is_spared_colours_if_its_user_wants_none(
    looked_at: World, words: tuple[str, ...]
) -> None:
    _, coloured = in_terminal(*words, env=looked_at.env)
    _, plain = in_terminal(*words, env={**looked_at.env, "NO_COLOR": "1"})

    assert "\x1b[1m" in coloured or COLOUR.search(coloured)
    assert not COLOUR.search(plain)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_a_terminal_that_can_do_nothing_gets_plain_lines_that_are_whole(looked_at: World) -> None:
    _, shown = in_terminal("outbox", "list", env={**looked_at.env, "TERM": "dumb"})

    assert "\x1b" not in shown
    assert "prj_acme_2024" in shown
    assert "…" not in shown


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_a_command_is_plain_without_a_terminal(looked_at: World, words: tuple[str, ...]) -> None:
    key = looked_at.read("outbox", "list", "--state", "done")[0]["key"]

    result = looked_at.keito(*[key if word == "KEY" else word for word in words])

    assert result.exit_code in (0, 3), result.output
    assert "\x1b" not in result.output
    assert "…" not in result.output


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_a_command_answers_as_json(looked_at: World, words: tuple[str, ...]) -> None:
    key = looked_at.read("outbox", "list", "--state", "done")[0]["key"]

    result = looked_at.keito(*[key if word == "KEY" else word for word in words], "--json")

    assert result.exit_code in (0, 3), result.output
    assert len(result.stdout.splitlines()) == 1
    assert result.stdout[0] in "[{"
