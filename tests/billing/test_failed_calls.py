"""What a failed model call cost: nothing where that is certain, and else it is unknown."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

import anthropic
import boto3  # type: ignore[import-untyped]
import httpx
import openai
import pytest
import requests
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError, EventStreamError  # type: ignore[import-untyped]
from google import genai
from google.genai import types

from keito.billing import KeitoLimitReached
from keito.billing.endings import cost_nothing
from tests.billing.conftest import Recorded

Call = Callable[[str], object]


def by_openai(url: str) -> object:
    client = openai.OpenAI(api_key="none", base_url=url, max_retries=0)
    return client.responses.create(model="m", input="Help.").output_text


def by_anthropic(url: str) -> object:
    client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=0)
    return client.messages.create(
        model="m", max_tokens=5, messages=[{"role": "user", "content": "Help."}]
    ).content


def by_bedrock(url: str) -> object:
    client: Any = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        endpoint_url=url,
        config=Config(retries={"max_attempts": 0}),
    )
    asked = [{"role": "user", "content": [{"text": "Help."}]}]
    return client.converse(modelId="m", messages=asked)["output"]


def by_gemini(url: str) -> object:
    options = types.HttpOptions(
        base_url=url, retry_options=types.HttpRetryOptions(attempts=1), timeout=5000
    )
    client = genai.Client(api_key="none", http_options=options)
    return client.models.generate_content(model="m", contents="Help.").text


def by_requests(url: str) -> object:
    answer = requests.post(url, json={}, timeout=5)
    answer.raise_for_status()
    return answer.json()


CLIENTS = {
    "openai": by_openai,
    "anthropic": by_anthropic,
    "bedrock": by_bedrock,
    "gemini": by_gemini,
    "requests": by_requests,
}
EACH_CLIENT = pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS.keys())


def answer(status: int, body: str, *, length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
    size = len(body) if length is None else length
    return f"{head}Content-Length: {size}\r\nConnection: close\r\n\r\n{body}".encode()


@contextmanager
def server(reply: bytes) -> Iterator[str]:
    """Reads a request, says this, and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening, reply), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def serve(listening: socket.socket, reply: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        request = connection.recv(65536)
        while b"\r\n\r\n" not in request or not request.partition(b"\r\n\r\n")[2]:
            request += connection.recv(65536)
        connection.sendall(reply)


def failed(call: Call, url: str) -> Exception:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each client has its own
        call(url)
    return raised.value


@EACH_CLIENT
@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 529])
def test_a_call_that_the_provider_refused_cost_nothing(call: Call, status: int) -> None:
    with server(answer(status, json.dumps({"error": {"message": "no"}}))) as url:
        assert cost_nothing(failed(call, url))


@EACH_CLIENT
@pytest.mark.parametrize("status", [408, 424, 499, 500, 502, 503, 504])
def test_a_call_that_the_server_gave_up_may_have_cost_something(call: Call, status: int) -> None:
    with server(answer(status, json.dumps({"error": {"message": "no"}}))) as url:
        assert not cost_nothing(failed(call, url))


@EACH_CLIENT
def test_a_call_that_found_no_server_cost_nothing(call: Call) -> None:
    # Bound, so that nobody else gets the port, and not listening.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        assert cost_nothing(failed(call, f"http://127.0.0.1:{port}"))


@EACH_CLIENT
@pytest.mark.parametrize(
    "reply",
    [b"", answer(200, '{"id": ', length=1000), answer(200, '{"id": ')],
    ids=["cut off before the answer", "cut off in the answer", "an answer that is no JSON"],
)
def test_a_call_whose_answer_was_lost_may_have_cost_something(call: Call, reply: bytes) -> None:
    with server(reply) as url:
        assert not cost_nothing(failed(call, url))


class Odd(Exception):  # noqa: N818
    """An error with these attributes."""

    def __init__(self, **said: object) -> None:
        super().__init__()
        vars(self).update(said)


REQUEST = httpx.Request("POST", "http://127.0.0.1")
BROKEN: Any = {"Error": {"Code": "throttlingException"}, "ResponseMetadata": {}}
BROKEN["ResponseMetadata"]["HTTPStatusCode"] = 400


@pytest.mark.parametrize(
    "error",
    [
        Odd(status_code=429),
        Odd(status=403),
        Odd(code=HTTPStatus.TOO_MANY_REQUESTS),
        Odd(status="RESOURCE_EXHAUSTED", code=429),
        Odd(status_code=400, code="context_length_exceeded"),
        Odd(response=httpx.Response(404)),
        HTTPError("http://127.0.0.1", 401, "no", Message(), None),
        ClientError(BROKEN, "Converse"),
        httpx.ConnectTimeout("no", request=REQUEST),
        httpx.PoolTimeout("no", request=REQUEST),
        ConnectionRefusedError(),
        socket.gaierror(),
        KeitoLimitReached("tokens", 1, 1),
    ],
    ids=repr,
)
def test_it_is_certain_of_an_error_that_says_so(error: Exception) -> None:
    assert cost_nothing(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a guardrail that stops the call under way"),
        ValueError("an answer of the wrong form"),
        ConnectionError(),
        ConnectionResetError(),
        TimeoutError(),
        KeyboardInterrupt(),
        GeneratorExit(),
        httpx.ReadTimeout("no", request=REQUEST),
        httpx.ReadError("no", request=REQUEST),
        openai.APITimeoutError(REQUEST),  # type: ignore[arg-type] # pyright: ignore
        EventStreamError(BROKEN, "ConverseStream"),
        Odd(status_code=200),
        Odd(status_code=True, code=1006, status="400"),
        Odd(status_code=400, code="content_filter"),
        # An error in a stream, which had begun.
        Odd(code=429, response=httpx.Response(200)),
        Odd(response={"ResponseMetadata": None}),
        Odd(response={}),
    ],
    ids=repr,
)
def test_it_is_not_of_any_other(error: BaseException) -> None:
    assert not cost_nothing(error)


def raised_from(error: Exception, cause: Exception | None, context: Exception) -> Exception:
    error.__cause__, error.__context__ = cause, context
    return error


def test_what_an_error_was_raised_from_counts_and_an_attempt_before_it_does_not() -> None:
    refused, lost = Odd(status_code=429), httpx.ReadError("no", request=REQUEST)

    assert cost_nothing(raised_from(RuntimeError("wrapped"), refused, refused))
    assert not cost_nothing(raised_from(RuntimeError("second attempt"), None, refused))
    assert not cost_nothing(raised_from(RuntimeError("wrapped"), lost, refused))


def test_errors_that_are_each_others_cause_are_read_to_an_end() -> None:
    one, other = RuntimeError(), RuntimeError()
    one.__cause__, other.__cause__ = other, one

    assert not cost_nothing(one)


class Fragile(Exception):  # noqa: N818
    """An error that fails where it is read."""

    @property
    def status_code(self) -> int:
        raise RuntimeError("not now")


def test_an_error_that_fails_where_it_is_read_harms_nobody(recorded: Recorded) -> None:
    with recorded.recorder.run("support") as run:
        run.model_start("1").fail(Fragile())

    assert recorded.metadata()["usage_incomplete"] is True


@pytest.mark.parametrize(
    ("error", "is_unknown"), [(Odd(status_code=429), False), (RuntimeError(), True)]
)
def test_a_run_says_whether_its_failed_call_is_unknown(
    recorded: Recorded, error: Exception, is_unknown: bool
) -> None:
    with recorded.recorder.run("support") as run:
        run.model_start("1").fail(error)

    assert ("usage_incomplete" in recorded.metadata()) is is_unknown
