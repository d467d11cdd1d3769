"""Recorded answers of real providers, served to LangChain's real clients; where a machine has them.

The recordings and the server that replays them are not part of this project.
"""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import StructuredTool
from pydantic import SecretStr

from tests.billing.providers.recorded import FOLDER

SERVER = FOLDER.parent / "replay.py"
NO_CLIENT = {"cohere-v2", "xai-grpc"}
"""What speaks to these belongs to no package that is tested here."""

TOKENS = {
    "tokens_in": "input_tokens",
    "tokens_out": "output_tokens",
    "tokens_cache_read": "cache_read",
    "tokens_cache_write": "cache_write",
    "tokens_reasoning": "reasoning",
}


@dataclass(frozen=True)
class Replay:
    """One recorded agent run: the answers to its model calls, one after the other."""

    file: Path
    run: int

    def __str__(self) -> str:
        return f"{self.file.stem}-{self.run}"

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.file.read_text())
        return document

    @property
    def exchanges(self) -> list[int]:
        indices: list[int] = self.document["runs"][self.run]
        return indices

    @property
    def api(self) -> str:
        """What the provider's API is called; a recording of two providers has a run for each."""
        return str(_own(self.document["api"], self.run))

    @property
    def model(self) -> str:
        return str(_own(self.document["model"], self.run))

    @property
    def streams(self) -> bool:
        body = self.document["exchanges"][self.exchanges[0]]["response"]["body"]
        return isinstance(body, list) or self.document["stream"] is True

    @property
    def expected(self) -> list[dict[str, int]]:
        """The tokens on the bill of each answer; of none that failed."""
        usage = self.document["expected_usage"]["per_exchange"]
        answered = [i for i in self.exchanges if self.document["statuses"][i] == 200]
        return [_billed(usage[index] or {}) for index in answered]

    @property
    def total(self) -> Counter[str]:
        """The tokens on the bill of all of it."""
        total: Counter[str] = Counter()
        for one in self.expected:
            total.update({name: one.get(theirs, 0) for name, theirs in TOKENS.items()})
        return +total

    @property
    def is_unknown(self) -> bool:
        """Whether a provider answered and told nothing, or that it took nothing."""
        return any(not one.get("input_tokens") for one in self.expected)

    @contextmanager
    def served(self) -> Iterator[Served]:
        """Answer on a port of this machine."""
        spec = importlib.util.spec_from_file_location("keito_tests_replay", SERVER)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        server, state = module.serve(self.file, run=self.run)
        try:
            yield Served(self, f"http://127.0.0.1:{server.server_address[1]}", state)
        finally:
            server.shutdown()
            server.server_close()
            assert not state.mis, state.mis


@dataclass(frozen=True)
class Served:
    """A recorded run on a port."""

    replay: Replay
    url: str
    state: Any

    @property
    def left(self) -> int:
        """How many answers nobody has asked for yet."""
        return len(self.state.ex) - int(self.state.pos)

    def agent(self) -> Any:
        """An agent on the provider's client, with the tools that the recorded one called."""
        tools = [_stub(name) for name in self.replay.document["client_tools_called"]]
        return create_agent(self.client(), tools, name="clerk")

    def client(self) -> Any:
        """LangChain's client for the provider."""
        api, model, streams = self.replay.api, self.replay.model, self.replay.streams
        if api.startswith("openai"):
            from langchain_openai import ChatOpenAI

            return ChatOpenAI(
                model=model,
                base_url=f"{self.url}/v1",
                api_key=SecretStr("none"),
                use_responses_api=api == "openai-responses",
                max_retries=0,
                streaming=streams,
                stream_usage=True,
            )
        if api == "anthropic-messages":
            anthropic: Any = pytest.importorskip("langchain_anthropic")
            return anthropic.ChatAnthropic(
                model=model, base_url=self.url, api_key="none", max_retries=0, streaming=streams
            )
        if api == "gemini":
            google: Any = pytest.importorskip("langchain_google_genai")
            return google.ChatGoogleGenerativeAI(
                model=model,
                google_api_key="none",
                base_url=self.url,
                max_retries=1,
                streaming=streams,
            )
        aws: Any = pytest.importorskip("langchain_aws")
        return aws.ChatBedrockConverse(
            model=model,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="none",
            aws_secret_access_key="none",
            disable_streaming=not streams,
        )


def replays() -> list[Replay]:
    """Every recorded run; none where there are no recordings."""
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        runs = json.loads(file.read_text())["runs"]
        found += [Replay(file, run) for run in range(len(runs))]
    return [replay for replay in found if replay.api not in NO_CLIENT]


def replay_of(name: str, run: int = 0) -> Replay:
    return Replay(FOLDER / f"{name}.json", run)


def _own(value: object, run: int) -> object:
    return value[run] if isinstance(value, list) else value


def _billed(usage: dict[str, Any]) -> dict[str, int]:
    return {**usage, **usage.get("billable_from_iterations", {})}


def _stub(name: str) -> StructuredTool:
    def answer(**arguments: object) -> str:
        return "ok"

    return StructuredTool.from_function(
        answer,
        name=name,
        description=name,
        args_schema={"type": "object", "properties": {}, "additionalProperties": True},
        # An agent of another library ends with this call, and asks the model no more.
        return_direct=name == "final_result",
    )
