"""One run of the SDK, from the call of the runner to its end."""

from __future__ import annotations

from asyncio import Task
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from keito.billing import guarded

from ._status import status_of_error, status_of_result, status_of_stream
from ._waiting import begin_waiting

if TYPE_CHECKING:
    from agents import Agent, RunResult, RunResultStreaming

    from keito.billing import Run, Status

    from .hooks import RecordingHooks


class Recording:
    """A run that is being recorded; closed once, by whichever end comes first."""

    def __init__(self, agent: Agent[Any], hooks: RecordingHooks, *, context: object = None) -> None:
        self.hooks = hooks
        self.context = context
        """The caller's own context object, which the runs nested in it may be given, too."""
        self._agent = agent

    @property
    def run(self) -> Run:
        """What it is recorded as."""
        return self.hooks.run

    def goes_on_in(self, agent: Agent[Any], hooks: object) -> bool:
        """Whether a call is the recorded one, passed on by another runner in the chain.

        That may have put hooks of its own around ours, or changed the agent, or both.
        """
        if hooks is self.hooks:
            return True
        if self.hooks.begun:
            return False
        # What a guardrail runs before the agent begins may have its name, but not hooks, too.
        return agent is self._agent or (hooks is not None and agent.name == self._agent.name)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Have what the block calls know that it is part of this run; close it if that raises."""
        token = around.set(self)
        try:
            with self.run.active():
                yield
        except BaseException as error:
            self.failed(error)
            raise
        finally:
            around.reset(token)

    @guarded("the OpenAI Agents runner")
    def returned(self, result: RunResult) -> None:
        """Close it: the runner has returned."""
        self._end(status_of_result(result), result)

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
        return self._end(status_of_stream(result, answered=self.hooks.answered), result)

    def _end(self, status: Status, result: RunResult | RunResultStreaming) -> None:
        if status == "interrupted" and not self.run.folded:
            begin_waiting(self.run, result.interruptions)
        self._close(status)

    def _close(self, status: Status, error: BaseException | None = None) -> None:
        self.hooks.close_calls(error)
        self.run.finish(status, error=error)


around: ContextVar[Recording | None] = ContextVar("keito_openai_agents", default=None)
"""The recorded run that this code is part of."""
