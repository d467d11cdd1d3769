"""A model behind OpenAI's wire format: an HTTP server on this machine, on a free port."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from socketserver import BaseServer

from examples.demo.conversation import Conversation, read_chat, read_responses
from examples.demo.reply import (
    Json,
    Reply,
    chat_chunks,
    chat_completion,
    response,
    response_events,
)

Answer = Callable[[Conversation], Reply]


class ModelError(Exception):
    """Raised by an answer function: the client gets this status and message instead of a reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model listens. Any key is accepted; `base_url` is what OpenAI's clients want."""

    base_url: str
    model: str
    api_key: str = "not-needed"


@contextmanager
def serving(answer: Answer, *, model: str) -> Iterator[Endpoint]:
    """Serve `answer` as a model on loopback until the block ends.

    Each request has its own thread, so `answer` must not care about the order of calls.
    """
    server = _Server(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Endpoint(f"http://127.0.0.1:{server.server_port}/v1", model)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # agents come in crowds; the default of 5 refuses them

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Exchange, answer))

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        # A reader may hang up in the middle of a stream; that is no error of ours.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(
        self, answer: Answer, request: socket, address: tuple[str, int], server: BaseServer
    ) -> None:
        self.answer = answer  # first, since the base class serves the request in its constructor
        super().__init__(request, address, server)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        try:
            self._answer(body)
        except ModelError as error:
            self._send(error.status, {"error": {"message": str(error), "type": "model_error"}})
        except ValueError as error:
            self._send(400, {"error": {"message": str(error), "type": "invalid_request_error"}})

    def _answer(self, body: bytes) -> None:
        path = self.path.partition("?")[0]
        if path == "/v1/chat/completions":
            asked = read_chat(body)
            reply = self.answer(asked)
            if asked.stream:
                chunks = (_event(chunk) for chunk in chat_chunks(reply, usage=asked.stream_usage))
                return self._stream([*chunks, b"data: [DONE]\n\n"])
            return self._send(200, chat_completion(reply))
        if path == "/v1/responses":
            asked = read_responses(body)
            reply = self.answer(asked)
            if asked.stream:
                return self._stream(_event(event) for event in response_events(reply))
            return self._send(200, response(reply))
        raise ModelError(404, f"No such path here: {path}")

    def _send(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, events: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")  # the end of the stream is the end of the answer
        self.end_headers()
        for event in events:
            self.wfile.write(event)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: the demo tells its own story."""


def _event(event: Json) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()
