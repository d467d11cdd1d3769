"""Every Python block of the README and the docs runs, and prints what it says it prints."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import openai_agents_keito
import pytest
from agents.models import openai_provider
from agents.run import set_default_agent_runner
from pytest_examples import CodeExample, EvalExample, find_examples

from examples.demo.conversation import Conversation
from examples.demo.model_server import scripted_model
from examples.demo.reply import Reply, Tokens
from keito import billing
from keito.testing import LocalKeito, sandbox
from tests.database import GIVEN, Database, own_schema, why_none

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "docs", *sorted(ROOT.glob("integrations/*/README.md"))]
EXAMPLES = [
    example
    for page in PAGES
    for example in find_examples(page)
    if example.prefix in ("py", "python")
]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKeito]:
    with sandbox() as running:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running
        billing.default_recorder().close()


def answer(asked: Conversation) -> Reply:
    """What the model in the examples says to everything."""
    tokens = Tokens(prompt=1_000, cached=600, generated=50, reasoning=20)
    return Reply(asked.model, text="It is on its way.", tokens=tokens)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, example: CodeExample) -> Iterator[None]:
    """The model on this machine that OpenAI's clients find, for the blocks that ask one."""
    if "gpt-5" not in example.source:
        yield
        return
    with scripted_model(answer) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", endpoint.api_key)
        monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
        # What it kept open between blocks would be of a loop that has ended, and later garbage.
        kind = type(openai_provider.shared_http_client())
        fleeting = kind(headers={"Connection": "close"})
        monkeypatch.setattr(openai_provider, "_http_client", fleeting)
        with threads_loop():
            yield
    openai_agents_keito.detach()
    set_default_agent_runner(None)


@contextmanager
def threads_loop() -> Iterator[None]:
    """The loop that `run_sync` takes: one that it makes is never closed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
        # Connections that are closed hear of it in the next turn.
        loop.run_until_complete(asyncio.sleep(0.01))
    finally:
        loop.close()
        asyncio.set_event_loop(None)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, example: CodeExample) -> Iterator[None]:
    """Where the user's database is, for the blocks that ask."""
    if "DATABASE_URL" not in example.source:
        yield
        return
    if not GIVEN and (why := why_none()):
        pytest.skip(why)
    with ExitStack() as started, own_schema(GIVEN or _started(started)) as place:
        monkeypatch.setenv("DATABASE_URL", place)
        yield


def _started(started: ExitStack) -> str:
    server = Database()
    started.callback(server.remove)
    server.start()
    return server.dsn


@pytest.mark.usefixtures("database", "model")
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_block_runs_and_prints_what_it_says(
    example: CodeExample, eval_example: EvalExample, local: LocalKeito
) -> None:
    eval_example.set_config(line_length=100)

    eval_example.run_print_check(example)


def test_the_readme_says_how_to_start() -> None:
    text = (ROOT / "README.md").read_text()

    assert "make demo" in text
    assert len([one for one in EXAMPLES if one.path == ROOT / "README.md"]) >= 2


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_what_a_page_outside_the_site_links_to_is_there(page: str) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", (ROOT / page).read_text())

    for path, place in linked:
        assert (ROOT / path).exists(), path
        assert not place or place in _places(ROOT / path), (path, place)


def _places(page: Path) -> set[str]:
    """The anchors of a page's headings, as both GitHub and the site name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}
