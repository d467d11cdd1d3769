"""A stream's usage, put together from events that each say a part of it."""

from __future__ import annotations

from .._guard import kept
from .fields import Fields
from .read import model_in, usage_in

# Where an event keeps the object that has the usage: Anthropic's and OpenAI's first and last
# events, Cohere's last, Bedrock's last.
INSIDE = ("message", "response", "delta", "metadata")
# How the counts begin that are final before the answer is: those of what went in.
INPUT = ("prompt", "cached", "num_cached", "toolUse", "tool_use")


class StreamUsage:
    """Takes a stream's events, in their order, and keeps what they say about its usage.

    A stream that breaks off leaves its output unknown: what was counted until then is not what the
    provider will charge.
    """

    def __init__(self) -> None:
        self._model: str | None = None
        self._usage: dict[str, object] = {}
        self._finished = False

    @property
    def raw(self) -> dict[str, object]:
        """What the events said so far, as an answer for `usage_of`."""
        return {"model": self._model, "usage": self._usage or None}

    def add(self, event: object) -> None:
        """Take one event or chunk, as parsed JSON or as an SDK's object. Never raises."""
        kept("reading a stream's event", lambda: self._add(Fields(event)), None)

    def _add(self, event: Fields) -> None:
        event = event.at("data") or event
        self._model = (
            model_in(event) or event.text("message.model", "response.model") or self._model
        )
        self._finished = self._finished or _finishes(event)
        for part in (event, *(event.at(name) for name in INSIDE)):
            usage = None if part is None else usage_in(part)
            if usage is not None:
                self._take(event, usage.items())

    def _take(self, event: Fields, usage: dict[str, object]) -> None:
        kind = event.text("type")
        if kind == "message_start":
            # Its output is a token or so; the delta at the end has the count.
            usage.pop("output_tokens", None)
        if kind == "message_delta":
            usage = {**self._usage, **usage}
        if _pieces(event) and not self._finished:
            usage = {name: usage[name] for name in usage if name.startswith(INPUT)}
        self._usage = usage


def _pieces(event: Fields) -> list[Fields]:
    return [piece for name in ("choices", "candidates", "outputs") for piece in event.each(name)]


def _finishes(event: Fields) -> bool:
    return any(piece.get("finish_reason") or piece.get("finishReason") for piece in _pieces(event))
