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

from keito.billing import ToolCall, Usage, default_recorder, guarded

from ._checks import checked_recorder, checked_target
from ._opening import FRAMEWORK
from ._recording import surrounding

if TYPE_CHECKING:
    from keito.billing import ModelCall, Recorder, Run, Status, Target

_WHAT = "the OpenAI Agents trace processor"


@dataclass(slots=True, eq=False)
class _Spanned:
    """An open span; what is recorded is kept with the outermost span around it, or itself."""

    within: _Spanned | None
    agent: str | None
    call: ModelCall | ToolCall | None = None
    run: Run | None = None
    status: Status = "ok"

    @property
    def outermost(self) -> _Spanned:
        return self if self.within is None else self.within


class KeitoTracingProcessor(TracingProcessor):
    """Bills what tracing tells: `add_trace_processor(KeitoTracingProcessor())`.

    One record per outermost span. Runs with tracing off are not seen, and tracing does not tell how
    a run ended that was cancelled or refused its model's answer: it is `ok`. The README says what
    else is lost. Another library that calls `set_trace_processors` removes it.

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
        self._recorder = checked_recorder(recorder)
        self._target = checked_target(target)
        self._open: dict[str, _Spanned] = {}

    def on_trace_start(self, trace: Trace) -> None:
        """See the SDK. A trace may hold any number of runs, or one half of one."""

    def on_trace_end(self, trace: Trace) -> None:
        """See the SDK."""

    @guarded(_WHAT)
    def on_span_start(self, span: Span[Any]) -> None:
        """See the SDK."""
        if surrounding() is not None:
            return
        above = self._open.get(span.parent_id or "")
        within, agent = (above.outermost, above.agent) if above else (None, None)
        spanned = _Spanned(within, agent)
        self._open[span.span_id] = spanned
        data, run = span.span_data, spanned.outermost.run
        if isinstance(data, AgentSpanData):
            spanned.agent = data.name
            self._run(spanned)
        elif isinstance(data, (GenerationSpanData, ResponseSpanData)):
            spanned.call = self._run(spanned).model_start(span.span_id, agent=spanned.agent)
        elif isinstance(data, FunctionSpanData) and run is not None:
            spanned.call = run.tool_start(data.name, key=span.span_id)

    @guarded(_WHAT)
    def on_span_end(self, span: Span[Any]) -> None:
        """See the SDK."""
        data, spanned = span.span_data, self._open.pop(span.span_id, None)
        if spanned is None:
            return _tell_served_name(data)
        if spanned.call is not None:
            _end(spanned.call, data)
        outermost = spanned.outermost
        if isinstance(data, GuardrailSpanData) and data.triggered:
            outermost.status = "guardrail"
        elif isinstance(data, AgentSpanData) and span.error and outermost.status == "ok":
            outermost.status = "error"
        if spanned.within is None and spanned.run is not None:
            spanned.run.finish(spanned.status)
        return None

    def shutdown(self) -> None:
        """See the SDK. What is recorded does not wait for this: it is kept already."""

    def force_flush(self) -> None:
        """See the SDK."""

    def _run(self, spanned: _Spanned) -> Run:
        outermost = spanned.outermost
        if outermost.run is None:
            outermost.run = (self._recorder or default_recorder()).start(
                spanned.agent or "agent", target=self._target, framework=FRAMEWORK
            )
        return outermost.run


def _tell_served_name(data: object) -> None:
    """Tell the runner, which records this call, under which name its model was served."""
    recording = surrounding()
    hooks = None if recording is None else recording.hooks
    if hooks is None or not isinstance(data, ResponseSpanData) or data.response is None:
        return
    hooks.served[data.response.id] = data.response.model


def _end(call: ModelCall | ToolCall, data: object) -> None:
    """End a call with its span's usage: of one that failed or was cut off there is none."""
    if isinstance(call, ToolCall):
        return call.end()
    # Without sensitive data there is no response, only what it took.
    response = getattr(data, "response", None)
    said = getattr(data, "usage", None) or getattr(response, "usage", None)
    model = getattr(response if isinstance(data, ResponseSpanData) else data, "model", None)
    return call.end(_usage(said, model), key=getattr(response, "id", None))


def _usage(said: object, model: str | None) -> Usage:
    inputs, outputs = _field(said, "input_tokens"), _field(said, "output_tokens")
    if not inputs and not outputs:
        return Usage(model=model)
    details = _field(said, "input_tokens_details")
    return Usage(
        model=model,
        input_tokens=inputs,
        output_tokens=outputs,
        cache_read_tokens=_field(details, "cached_tokens"),
        cache_write_tokens=_field(details, "cache_write_tokens"),
        reasoning_tokens=_field(_field(said, "output_tokens_details"), "reasoning_tokens"),
    )


def _field(said: object, name: str) -> Any:  # noqa: ANN401 - the span's own
    return said.get(name) if isinstance(said, Mapping) else getattr(said, name, None)
