"""One run of the SDK, from the call of the runner to its end."""

from __future__ import annotations

from asyncio import Task
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from keito.billing import guarded

from ._status import status_of_error, status_of_result, status_of_stream

if TYPE_CHECKING:
    from agents import RunResult, RunResultStreaming

    from keito.billing import Run, Status

    from .hooks import RecordingHooks


class Recording:
    """A run that is being recorded; closed once, by whichever end comes first."""

    def __init__(self, agent: object, input: object, hooks: RecordingHooks) -> None:
        self.hooks = hooks
        self._agent = agent
        self._input = input

    @property
    def run(self) -> Run:
        """What it is recorded as."""
        return self.hooks.run

    def is_of(self, agent: object, input: object) -> bool:
        """Whether a call is the recorded one, passed on by another runner in the chain."""
        return not self.hooks.begun and self._agent is agent and self._input is input

    @guarded("the OpenAI Agents runner")
    def returned(self, result: RunResult) -> None:
        """Close it: the runner has returned."""
        self._close(status_of_result(result))

    @guarded("the OpenAI Agents runner")
    def failed(self, error: BaseException) -> None:
        """Close it: the runner has raised."""
        self._close(status_of_error(error), error)

    @guarded("the OpenAI Agents runner")
    def follow(self, result: RunResultStreaming) -> None:
        """Close it when the stream's background task ends, whether or not anyone reads it."""
        task = result.run_loop_task
        assert task is not None
        task.add_done_callback(lambda ended: self._stream_ended(ended, result))

    @guarded("the OpenAI Agents runner")
    def _stream_ended(self, task: Task[Any], result: RunResultStreaming) -> None:
        if task.cancelled():
            return self._close("cancelled")
        error = task.exception()
        if error is not None:
            return self._close(status_of_error(error), error)
        return self._close(status_of_stream(result, answered=self.hooks.answered))

    def _close(self, status: Status, error: BaseException | None = None) -> None:
        self.hooks.close_calls(error)
        self.run.finish(status, error=error)


around: ContextVar[Recording | None] = ContextVar("keito_openai_agents", default=None)
"""The recorded run that this code is part of."""
