"""Real clients on the recorded answers of real providers: what these billed is what is recorded."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_keito import KeitoCallbackHandler

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.providers.recorded import FOLDER
from tests.contract import entries_of
from tests.langchain.replaying import TOKENS, Replay, Served, replay_of, replays
from tests.langchain.scripted import asked, needs_handing_on, using
from tests.langchain.test_runs import said

pytestmark = [
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason="needs the recordings of model traffic in ../shared/traffic"
    ),
    # The clients' own: of old names of settings, and of types that a recorded answer does not have.
    pytest.mark.filterwarnings("ignore"),
]


def up_to(client: str, last: tuple[int, int], drops: set[str]) -> set[str]:
    """What a client drops of what the provider billed, if it is of this release or an older one."""
    release = tuple(map(int, version(client).split(".")[:2]))
    return drops if release <= last else set()


# They do not pass on the raw usage either.
CACHED = {"tokens_in", "tokens_cache_read", "tokens_cache_write"}
DROPPED = {
    "openai-responses": up_to("langchain-openai", (1, 1), {"tokens_cache_write"}),
    "anthropic-messages": up_to("langchain-anthropic", (1, 3), {"tokens_reasoning"}),
    "bedrock-converse": up_to("langchain-aws", (1, 1), CACHED),
    "gemini": up_to("langchain-google-genai", (4, 0), {"tokens_in"}),
}

ALL = pytest.mark.parametrize("replay", replays(), ids=str)


def play(served: Served, handler: KeitoCallbackHandler) -> None:
    """Run agents until all is answered; one that the provider refuses is run again."""
    agent = served.agent()
    mode = "messages" if served.replay.streams else "values"
    for _ in served.replay.exchanges:
        if not served.left:
            return
        with suppress(Exception):  # the provider's refusals are part of the recordings
            for _ in agent.stream(asked(), using(handler), stream_mode=mode):
                pass


def tokens_of(entries: list[dict[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for entry in entries:
        total.update({name: entry["metadata"].get(name, 0) for name in TOKENS})
    return +total


def assert_billed(recorded: Counter[str], replay: Replay) -> None:
    """Exactly what the provider billed, but for what its client drops: never more of that."""
    expected = replay.total
    for name in DROPPED.get(replay.api, ()):
        assert recorded[name] <= expected[name]
        del recorded[name], expected[name]
    assert recorded == expected


@ALL
def test_what_a_provider_billed_is_recorded(
    replay: Replay, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    with replay.served() as served:
        play(served, handler)

    entries = entries_of(recorder, keito)
    assert_billed(tokens_of(entries), replay)
    flagged = any("usage_incomplete" in entry["metadata"] for entry in entries)
    assert flagged == replay.is_unknown


@needs_handing_on
@pytest.mark.parametrize(
    "replay",
    [
        replay_of("anth-parallel-tools"),
        replay_of("bedrock-nova-tool-cache-write-read"),
        replay_of("chat-deepseek-hit-miss-parallel"),
        replay_of("gem-adk-thoughts-multi-tool"),
        replay_of("resp-gpt55-phase-stream-tool"),
    ],
    ids=str,
)
async def test_it_is_the_same_when_asynchronous(
    replay: Replay, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    with replay.served() as served:
        await served.agent().ainvoke(asked(), using(handler))

    assert_billed(tokens_of(entries_of(recorder, keito)), replay)


def test_a_second_model_inside_an_answer_is_told_apart(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    with replay_of("anth-advisor-iterations-second-model").served() as served:
        play(served, handler)

    metadata = said(recorder, keito)
    assert {name: one["tokens_in"] for name, one in metadata["models"].items()} == {
        "claude-sonnet-5": 2390,
        "claude-opus-4-8": 2518,
    }


def test_the_served_name_of_the_model_is_recorded(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    replay = replay_of("chat-tool-retry-3turn")
    with replay.served() as served:
        play(served, handler)

    assert replay.model == "gpt-4o"
    assert said(recorder, keito)["model_name"] == "gpt-4o-2024-08-06"


def test_an_answer_that_is_reported_elsewhere_too_counts_once(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    from keito.billing import Usage

    replay = replay_of("lc-gpt5-reasoning-agent")
    with recorder.run("job") as run, replay.served() as served:
        result = served.agent().invoke(asked(), using(handler))
        for message in result["messages"]:
            if isinstance(message, AIMessage):
                response = message.response_metadata["id"]
                run.model_call(Usage(input_tokens=1, output_tokens=1), key=response)

    metadata = said(recorder, keito)
    assert metadata["llm_calls"] == 2
    assert metadata["tokens_in"] == replay.total["tokens_in"]
