"""Recorded answers of real providers, replayed over HTTP: what they counted is recorded."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from agents import (
    Agent,
    AgentsException,
    FunctionTool,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
)
from openai import AsyncOpenAI, OpenAIError
from openai.types.responses.response_usage import InputTokensDetails
from openai_agents_keito import attach

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.providers.recorded import FOLDER, files
from tests.contract import entries_of
from tests.openai_agents.ways import Way, ran, streamed

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs the recordings of model traffic in ../shared/traffic"
)

SPOKEN = ("/chat/completions", "/responses")
COUNTED = {
    "tokens_in": "input_tokens",
    "tokens_out": "output_tokens",
    "tokens_cache_read": "cache_read",
    "tokens_cache_write": "cache_write",
    "tokens_reasoning": "reasoning",
}
# What the SDK drops before anyone is told: the record has less, and nothing that is wrong.
DROPPED = {
    ("chat-mistral-num-cached", "tokens_cache_read"): "Mistral says it in a field of its own",
}


# Older releases of openai do not know what was written to a cache.
KNOWN = {
    name
    for name in COUNTED
    if name != "tokens_cache_write" or "cache_write_tokens" in InputTokensDetails.model_fields
}


def conversations() -> list[Any]:
    return [
        pytest.param(file, number, id=f"{file.stem}-{number}")
        for file in files()
        for number in range(len(read(file)["runs"]))
        if all(each["request"]["path"].endswith(SPOKEN) for each in read(file)["exchanges"])
    ]


def read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text()))


@contextmanager
def replayed(document: dict[str, Any], run: int) -> Iterator[tuple[str, Any]]:
    """Serve one recorded run; its base URL, and what knows how much of it was asked for."""
    spec = importlib.util.spec_from_file_location("replay", FOLDER.parent / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    replay = module.Replay(document, run)
    server = ThreadingHTTPServer(("127.0.0.1", 0), module.handler(replay))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tool(name: str) -> FunctionTool:
    """Whatever a recorded model calls: what it answers changes nothing that is replayed."""

    async def answer(*args: object) -> str:
        return "done"

    anything = {"type": "object", "properties": {}}
    return FunctionTool(name, "", anything, answer, strict_json_schema=False)


def called(body: Any) -> set[str]:
    """The names of the functions that an answer calls, however it is written."""
    if isinstance(body, str):
        return called(json.loads(body[5:])) if body.startswith("data: {") else set()
    if isinstance(body, list):
        return set().union(*map(called, body))
    if not isinstance(body, dict):
        return set()
    own = body.get("name") if "arguments" in body else None
    return set().union(*map(called, body.values())) | ({own} if isinstance(own, str) else set())


async def drive(document: dict[str, Any], number: int) -> None:
    """Run an agent on a recorded conversation, whatever comes of it, until all of it was asked."""
    exchanges = [document["exchanges"][index] for index in document["runs"][number]]
    names = {name for one in exchanges for name in called(one["response"]["body"])}
    way: Way = streamed if isinstance(exchanges[0]["response"]["body"], list) else ran
    is_chat = exchanges[0]["request"]["path"].endswith("/chat/completions")
    kind = OpenAIChatCompletionsModel if is_chat else OpenAIResponsesModel
    settings = ModelSettings(include_usage=True) if is_chat else ModelSettings()
    with replayed(document, number) as (base_url, replay):
        async with AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
            clerk: Agent[Any] = Agent(
                name="clerk",
                model=kind(document["model"], client),
                tools=[tool(name) for name in names],
                model_settings=settings,
            )
            for _ in exchanges:
                if replay.pos < len(exchanges):
                    # What a provider refuses, or ends too early, ends the run.
                    with suppress(OpenAIError, AgentsException):
                        await way(clerk, max_turns=len(exchanges))


@pytest.mark.parametrize(("file", "number"), conversations())
async def test_a_recorded_conversation_is_recorded_as_it_was_counted(
    file: Path, number: int, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    document = read(file)

    await drive(document, number)

    entries = [entry["metadata"] for entry in entries_of(recorder, keito)]
    indices = document["runs"][number]
    counts = [document["expected_usage"]["per_exchange"][index] or {} for index in indices]
    for ours in KNOWN:
        if (file.stem, ours) not in DROPPED:
            expected = sum(count.get(COUNTED[ours]) or 0 for count in counts)
            assert sum(entry.get(ours, 0) for entry in entries) == expected, ours
    answered = [document["exchanges"][index]["response"]["status"] == 200 for index in indices]
    unsaid = [
        was_answered and not (count.get("input_tokens") or count.get("output_tokens"))
        for was_answered, count in zip(answered, counts, strict=True)
    ]
    assert any("usage_incomplete" in entry for entry in entries) == any(unsaid)


def test_there_are_conversations_to_replay() -> None:
    assert len(conversations()) >= 25
