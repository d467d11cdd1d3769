"""A model's server that says byte for byte what a test tells it to."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel
from openai import AsyncOpenAI

INPUT, CACHED, OUTPUT, REASONING = 1_000, 600, 50, 20
USAGE = {
    "input_tokens": INPUT,
    "input_tokens_details": {"cached_tokens": CACHED, "cache_write_tokens": 0},
    "output_tokens": OUTPUT,
    "output_tokens_details": {"reasoning_tokens": REASONING},
    "total_tokens": INPUT + OUTPUT,
}
CHAT_USAGE = {
    "prompt_tokens": INPUT,
    "prompt_tokens_details": {"cached_tokens": CACHED},
    "completion_tokens": OUTPUT,
    "completion_tokens_details": {"reasoning_tokens": REASONING},
    "total_tokens": INPUT + OUTPUT,
}
SERVED = "gpt-5.1-2026-01-15"


@dataclass(frozen=True)
class Answer:
    """One answer: JSON, or the events of a stream; perhaps the connection is reset then."""

    body: Any
    status: int = 200
    is_stream: bool = field(default=False)
    is_reset: bool = field(default=False)


def response(
    *, status: str = "completed", usage: Any = USAGE, model: str = SERVED, **more: Any
) -> dict[str, Any]:
    """A body of the Responses API."""
    text = {"type": "output_text", "text": "Done.", "annotations": []}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [text],
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": model,
        "status": status,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
        **more,
    }


def events(body: dict[str, Any]) -> Answer:
    """The same as a stream, which ends as the body does."""
    begun = {"type": "response.created", "response": {**body, "output": [], "usage": None}}
    ended = {"type": f"response.{body['status']}", "response": body}
    return Answer([{**begun, "sequence_number": 0}, {**ended, "sequence_number": 1}], 200, True)


def chunks(*, usage: Any = None, ends: bool = True) -> Answer:
    """A stream of the Chat API: with its usage, if it is said, or cut off before its end."""
    said = [({"role": "assistant", "content": "Done."}, None)]
    told = [*said, ({}, "stop")] if ends else said
    body = [
        {**_chunk(), "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in told
    ]
    return Answer(
        body + ([{**_chunk(), "choices": [], "usage": usage}] if usage else []), 200, True
    )


def _chunk() -> dict[str, Any]:
    return {"id": "chat_1", "object": "chat.completion.chunk", "created": 0, "model": SERVED}


@contextmanager
def saying(answers: Sequence[Answer]) -> Iterator[str]:
    """Serve these answers, one after the other; the base URL for OpenAI's client."""
    left = list(answers)

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"] or 0))
            answer = left.pop(0)
            self.send_response(answer.status)
            kind = "text/event-stream" if answer.is_stream else "application/json"
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(_bytes(answer))
            if answer.is_reset:
                # Nothing lingers, so that the other side hears of no end.
                at_once = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                os.close(self.connection.detach())

        def finish(self) -> None:
            """Leave what is reset already."""
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bytes(answer: Answer) -> bytes:
    if not answer.is_stream:
        return json.dumps(answer.body).encode()
    return "".join(
        (f"event: {one['type']}\n" if "type" in one else "") + f"data: {json.dumps(one)}\n\n"
        for one in answer.body
    ).encode()


@asynccontextmanager
async def responding(*answers: Answer, retries: int = 0) -> AsyncIterator[OpenAIResponsesModel]:
    """The SDK's model of the Responses API, on a server that says this."""
    with saying(answers) as url:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=retries) as client:
            yield OpenAIResponsesModel("gpt-5.1", client)


@asynccontextmanager
async def chatting(*answers: Answer) -> AsyncIterator[OpenAIChatCompletionsModel]:
    """The SDK's model of the Chat API, on a server that says this."""
    with saying(answers) as url:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            yield OpenAIChatCompletionsModel("gpt-5.1", client)


def on(model: Any, **settings: Any) -> Agent[Any]:
    """An agent on such a model."""
    return Agent(name="clerk", model=model, model_settings=ModelSettings(**settings))
