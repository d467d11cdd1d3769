"""One run of the SDK, recorded from the call of the runner to its end."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agents import AgentsException

from keito.billing import guarded

from ._ends import interruption_named, status_of_error, status_of_stream, waits
from ._passing import passed_on

if TYPE_CHECKING:
    from asyncio import Task
    from contextlib import AbstractContextManager

    from agents import Agent, RunErrorDetails, RunResult, RunResultStreaming, Usage

    from keito.billing import Recorder, Run, Status

    from ._hooks import RecordingHooks

_WHAT = "the OpenAI Agents runner"


class Recording:
    """A run that is being recorded; closed once, by whichever end comes first.

    As a block it has what the block calls know that it is part of this run, and is closed if that
    raises.

    Args:
        agent: The agent that begins.
        hooks: What the SDK tells.
        recorder: Where it is recorded.
        context: The caller's own context object.
        outer: The run it is nested in.
        input: What the agent was given.

    Attributes:
        hooks: As above, until it is closed.
        recorder: Where those record that are nested in it, and were told no other.
        context: What the runs nested in it may be given, too.
        session: The SDK's session, where it has no name yet.
        earlier: How many answers the run had before it waited for a person.
    """

    session: object = None
    earlier = 0

    def __init__(
        self,
        agent: Agent[Any],
        hooks: RecordingHooks,
        recorder: Recorder,
        context: object,
        outer: Recording | None,
        input: object,
    ) -> None:
        self.hooks: RecordingHooks | None = hooks
        self.recorder = recorder
        self.context = context
        self.outer = outer
        self._run = hooks.run
        self._agent: Agent[Any] | None = agent
        self._input = input
        self._active: AbstractContextManager[Run] = hooks.run.active()

    def goes_on_in(self, agent: Agent[Any], hooks: object, input: object) -> bool:
        """Whether a call is the recorded one, passed on by another runner in the chain.

        That may have put hooks of its own around ours, or changed the agent or the input. Where it
        has done both, what it passes on is recorded as a part of this run. So is what a session or
        a guardrail runs before the first hook is called, also with this agent.
        """
        ours = self.hooks
        if ours is None or hooks is ours:
            return ours is not None
        return agent is self._agent and input is self._input and not ours.begun

    def counts(self, usage: Usage) -> bool:
        """Whether what the SDK counts there is recorded here."""
        return self.hooks is not None and self.hooks.counts(usage)

    def __enter__(self) -> Recording:
        self._before = around.get()
        self._passed_on = passed_on.get()
        around.set(self)
        if self._passed_on is not None:
            passed_on.set(None)
        self._active.__enter__()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._failed(error)
        self._active.__exit__(None, None, None)
        # A run that nobody awaits any more may be closed in another context than it began in.
        if around.get() is self:
            around.set(self._before)
            passed_on.set(self._passed_on)
        self._before = self._passed_on = None

    @guarded(_WHAT)
    def returned(self, result: RunResult) -> None:
        """Close it: the runner has returned."""
        self._close(self._come_to(result, "ok") or "ok")

    @guarded(_WHAT)
    def follow(self, result: RunResultStreaming) -> None:
        """Close it when the stream's background task ends, whether or not anyone reads it."""
        task = result.run_loop_task
        assert task is not None
        task.add_done_callback(lambda ended: self._stream_ended(ended, result, time.monotonic()))

    @guarded(_WHAT)
    def _stream_ended(self, task: Task[Any], result: RunResultStreaming, at: float) -> None:
        guardrails: Task[Any] | None = getattr(result, "_input_guardrails_task", None)
        if guardrails is not None and not guardrails.done():
            # The answer may be there, and yet be refused: whoever reads it then gets the error.
            guardrails.add_done_callback(lambda _: self._stream_ended(task, result, at))
            return
        self._hear_of(result)
        error = _error_of(task) or _error_of(guardrails)
        if error is not None:
            self._failed(error, at)
        elif task.cancelled():
            self._close("cancelled", at=at)
        else:
            # Of a result that can't be read nobody knows how it ended.
            self._close(self._come_to_end(result) or "abandoned", at=at)

    @guarded(_WHAT)
    def _hear_of(self, end: RunResultStreaming | RunErrorDetails | None) -> None:
        """Note what a run has consumed that ended before the first hook was called."""
        if end is not None and self.hooks is not None and not self.hooks.begun:
            self.hooks.hear_of(end.context_wrapper.usage)

    @guarded(_WHAT)
    def _failed(self, error: BaseException, at: float | None = None) -> None:
        if isinstance(error, AgentsException):
            # A program's own may not have it.
            self._hear_of(getattr(error, "run_data", None))
        self._close(status_of_error(error), error, at=at)

    @guarded(_WHAT)
    def _come_to_end(self, result: RunResultStreaming) -> Status | None:
        answered = self.hooks is not None and self.hooks.answered
        return self._come_to(result, status_of_stream(result, answered=answered))

    @guarded(_WHAT)
    def _come_to(self, result: RunResult | RunResultStreaming, status: Status) -> Status:
        """Say how it ended, and note what it waits for."""
        if status == "guardrail":
            return status
        if self.hooks is not None and not self.hooks.begun:
            self._tell_unheard(self.hooks, result)
        asked = result.interruptions
        if asked and not self._run.folded:
            self._name_wait(result)
        return "interrupted" if asked else status

    @guarded(_WHAT)
    def _name_wait(self, result: RunResult | RunResultStreaming) -> None:
        interruption = interruption_named(result.interruptions, result.raw_responses)
        if interruption is not None:
            self._run.metadata(interruption=interruption)
            waits(self._run.id, interruption)

    @guarded(_WHAT)
    def _tell_unheard(self, hooks: RecordingHooks, result: RunResult | RunResultStreaming) -> None:
        """Record the answers of a run whose hooks another runner has dropped."""
        hooks.tell(result.raw_responses[self.earlier :])

    def _close(
        self, status: Status, error: BaseException | None = None, *, at: float | None = None
    ) -> None:
        hooks = self.hooks
        if hooks is None:
            return
        if error is not None and not self._is_of_a_call(error, hooks):
            hooks.close_calls()
        else:
            hooks.close_calls(error)
        session = None if self.session is None else name_of(self.session)
        if session is not None:
            self._run.in_session(session)
        self._run.finish(status, error=error, ended=at)
        # A task that the run has started has this object around it for as long as it works.
        self.hooks = self._agent = self._input = self.context = self.session = None
        self.outer = None if self.outer is None else _nearest_open(self.outer)

    def _is_of_a_call(self, error: BaseException, hooks: RecordingHooks) -> bool:
        """Whether an error is surely of a model call, and so may say that it cost nothing.

        The SDK's own say that it did not take the answer, or did not wait for it. A guardrail's
        may come while the model is at work.
        """
        if isinstance(error, AgentsException):
            return False
        return not (
            hooks.has_guardrails or (self._agent is not None and self._agent.input_guardrails)
        )


around: ContextVar[Recording | None] = ContextVar("keito_openai_agents", default=None)
"""The run that this code was started in; it may have ended since."""


def surrounding() -> Recording | None:
    """Return the recorded run that this code is part of, if it has not ended."""
    recording = around.get()
    return None if recording is None else _nearest_open(recording)


@guarded(_WHAT)
def name_of(session: Any) -> str | None:  # noqa: ANN401 - the caller's own
    """Return the name of one of the SDK's sessions, if it has one already."""
    try:
        name = session.session_id
    except (AttributeError, ValueError):
        # A conversation that OpenAI keeps has no name before it is first asked for.
        return None
    return name if isinstance(name, str) else None


def _nearest_open(recording: Recording | None) -> Recording | None:
    while recording is not None and recording.hooks is None:
        recording = recording.outer
    return recording


def _error_of(task: Task[Any] | None) -> BaseException | None:
    if task is None or not task.done() or task.cancelled():
        return None
    # To ask the task for it would count as dealing with it: of a stream that fails and that nobody
    # reads, nobody would be told.
    error: BaseException | None = getattr(task, "_exception", None)
    return error
