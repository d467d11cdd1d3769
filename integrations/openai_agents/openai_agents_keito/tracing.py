"""A trace processor, for those who must bill from tracing, and for what only tracing tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tracing import (
    AgentSpanData,
    FunctionSpanData,
    GenerationSpanData,
    GuardrailSpanData,
    ResponseSpanData,
    Span,
    Trace,
    TracingProcessor,
)

from keito.billing import Usage, default_recorder, guarded

from ._opening import FRAMEWORK
from ._recording import around

if TYPE_CHECKING:
    from keito.billing import ModelCall, Recorder, Run, Status, Target, ToolCall


@dataclass(slots=True, eq=False)
class _Outermost:
    """A span that no other is around, and the run that is recorded for it, once it has an agent."""

    id: str
    run: Run | None = None
    status: Status = "ok"


@dataclass(slots=True, eq=False)
class _Spanned:
    """An open span."""

    outermost: _Outermost
    agent: str | None = None
    model_call: ModelCall | None = None
    tool_call: ToolCall | None = None


class KeitoTracingProcessor(TracingProcessor):
    """Bills what tracing tells: `add_trace_processor(KeitoTracingProcessor())`.

    One record per outermost span. Tracing does not tell everything: runs with tracing off are not
    seen, nor models of one's own that open no span, nor how a run ended that was cancelled or
    refused its model's answer: it is recorded as `ok`. Without sensitive data a response does not
    name its model. Another library that calls `set_trace_processors` removes it.

    Beside `attach` it counts nothing twice: of a run that is billed already, it only adds under
    which name a model was served.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to; default: as `bill_to` or the recorder says. What is in
            a trace's metadata is never asked.
    """

    def __init__(
        self, recorder: Recorder | None = None, target: Target | str | None = None
    ) -> None:
        self._recorder = recorder
        self._target = target
        self._open: dict[str, _Spanned] = {}

    def on_trace_start(self, trace: Trace) -> None:
        """See the SDK. A trace may hold any number of runs, or one half of one."""

    def on_trace_end(self, trace: Trace) -> None:
        """See the SDK."""

    @guarded("the OpenAI Agents trace processor")
    def on_span_start(self, span: Span[Any]) -> None:
        """See the SDK."""
        if around.get() is not None:
            return
        above = self._open.get(span.parent_id or "")
        outermost = _Outermost(span.span_id) if above is None else above.outermost
        spanned = _Spanned(outermost, agent=None if above is None else above.agent)
        self._open[span.span_id] = spanned
        self._start(span, spanned)

    @guarded("the OpenAI Agents trace processor")
    def on_span_end(self, span: Span[Any]) -> None:
        """See the SDK."""
        spanned = self._open.pop(span.span_id, None)
        if spanned is None:
            return _tell_served_name(span.span_data)
        outermost = spanned.outermost
        _end_call(span.span_data, spanned)
        if isinstance(span.span_data, GuardrailSpanData) and span.span_data.triggered:
            outermost.status = "guardrail"
        elif isinstance(span.span_data, AgentSpanData) and span.error and outermost.status == "ok":
            outermost.status = "error"
        if outermost.id == span.span_id and outermost.run is not None:
            outermost.run.finish(outermost.status)
        return None

    def shutdown(self) -> None:
        """See the SDK. What is recorded does not wait for this: it is kept already."""

    def force_flush(self) -> None:
        """See the SDK."""

    def _start(self, span: Span[Any], spanned: _Spanned) -> None:
        data = span.span_data
        if isinstance(data, AgentSpanData):
            spanned.agent = data.name
            self._run(spanned)
        elif isinstance(data, (GenerationSpanData, ResponseSpanData)):
            run = self._run(spanned)
            spanned.model_call = run.model_start(span.span_id, agent=spanned.agent)
        elif isinstance(data, FunctionSpanData) and spanned.outermost.run is not None:
            spanned.tool_call = spanned.outermost.run.tool_start(data.name, key=span.span_id)

    def _run(self, spanned: _Spanned) -> Run:
        outermost = spanned.outermost
        if outermost.run is None:
            outermost.run = (self._recorder or default_recorder()).start(
                spanned.agent or "agent", target=self._target, framework=FRAMEWORK
            )
        return outermost.run


def _tell_served_name(data: object) -> None:
    """Tell the runner, which records this call, under which name its model was served."""
    recording = around.get()
    if recording is None or not isinstance(data, ResponseSpanData) or data.response is None:
        return
    recording.hooks.served[data.response.id] = data.response.model


def _end_call(data: object, spanned: _Spanned) -> None:
    if spanned.tool_call is not None:
        spanned.tool_call.end()
    if spanned.model_call is None:
        return
    if isinstance(data, GenerationSpanData):
        spanned.model_call.end(_usage(data.usage, data.model))
    elif isinstance(data, ResponseSpanData):
        response = data.response
        # Without sensitive data there is no response, only what it took.
        usage = getattr(data, "usage", None) or getattr(response, "usage", None)
        spanned.model_call.end(
            _usage(usage, getattr(response, "model", None)), key=getattr(response, "id", None)
        )


def _usage(counted: object, model: str | None) -> Usage:
    """Read a span's usage: of one that failed or was cut off there is none."""
    inputs, outputs = _number(counted, "input_tokens"), _number(counted, "output_tokens")
    if not inputs and not outputs:
        return Usage(model=model)
    details = _field(counted, "input_tokens_details")
    return Usage(
        model=model,
        input_tokens=inputs,
        output_tokens=outputs,
        cache_read_tokens=_number(details, "cached_tokens"),
        cache_write_tokens=_number(details, "cache_write_tokens"),
        reasoning_tokens=_number(_field(counted, "output_tokens_details"), "reasoning_tokens"),
    )


def _number(said: object, name: str) -> int | None:
    value = _field(said, name)
    return value if isinstance(value, int) else None


def _field(said: object, name: str) -> object:
    return said.get(name) if isinstance(said, Mapping) else getattr(said, name, None)
