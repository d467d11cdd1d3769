"""One run of the SDK, recorded from the call of the runner to its end."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypedDict

from agents import RunContextWrapper, RunState
from agents.lifecycle import RunHooksBase

from keito.billing import Target, default_recorder, guarded

from ._ends import interruption_named, status_of_error, status_of_stream, waited, waits
from ._hooks import RecordingHooks

if TYPE_CHECKING:
    from asyncio import Task
    from contextlib import AbstractContextManager

    from agents import Agent, RunResult, RunResultStreaming
    from agents.run import RunOptions

    from keito.billing import Recorder, Run, Status

    from .runner import KeitoRunner

FRAMEWORK = "openai-agents"
KEY = "keito_target"
_WHAT = "the OpenAI Agents runner"


class Said(TypedDict, total=False):
    """What was said about whom a run is billed to, as `Recorder.start` takes it."""

    target: Target | str | None
    metadata: Mapping[str, str]
    otherwise: Target | str | None


class Recording:
    """A run that is being recorded; closed once, by whichever end comes first.

    As a block it has what the block calls know that it is part of this run, and is closed if that
    raises.
    """

    def __init__(self, agent: Agent[Any], hooks: RecordingHooks, context: object) -> None:
        self.hooks = hooks
        self.context = context
        """The caller's own context object, which the runs nested in it may be given, too."""
        self._agent = agent
        self._active: AbstractContextManager[Run] = hooks.run.active()

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

    def __enter__(self) -> Recording:
        self._outer = around.get()
        around.set(self)
        self._active.__enter__()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._failed(error)
        self._active.__exit__(None, None, None)
        # A run that nobody awaits any more may be closed in another context than it began in.
        if around.get() is self:
            around.set(self._outer)

    @guarded(_WHAT)
    def returned(self, result: RunResult) -> None:
        """Close it: the runner has returned."""
        self._wait_or_close(result, "ok")

    @guarded(_WHAT)
    def follow(self, result: RunResultStreaming) -> None:
        """Close it when the stream's background task ends, whether or not anyone reads it."""
        task = result.run_loop_task
        assert task is not None
        task.add_done_callback(lambda ended: self._stream_ended(ended, result))

    @guarded(_WHAT)
    def _stream_ended(self, task: Task[Any], result: RunResultStreaming) -> None:
        if task.cancelled():
            return self._close("cancelled")
        error = task.exception()
        if error is not None:
            return self._failed(error)
        return self._wait_or_close(result, status_of_stream(result, answered=self.hooks.answered))

    @guarded(_WHAT)
    def _failed(self, error: BaseException) -> None:
        self._close(status_of_error(error), error)

    def _wait_or_close(self, result: RunResult | RunResultStreaming, status: Status) -> None:
        asked, run = result.interruptions, self.hooks.run
        if asked and not run.folded:
            interruption = interruption_named(asked)
            run.metadata(interruption=interruption)
            waits(run.id, interruption)
        self._close("interrupted" if asked else status)

    def _close(self, status: Status, error: BaseException | None = None) -> None:
        self.hooks.close_calls(error)
        self.hooks.run.finish(status, error=error)


around: ContextVar[Recording | None] = ContextVar("keito_openai_agents", default=None)
"""The recorded run that this code is part of."""


@guarded(_WHAT)
def open_recording(
    runner: KeitoRunner, agent: Agent[Any], input: object, options: RunOptions[Any]
) -> Recording | None:
    """Open a record and put our hooks into the options; `None` if the run is not ours to record."""
    if not runner.attached:
        return None
    callers, outer = options.get("hooks"), around.get()
    if not (callers is None or isinstance(callers, RunHooksBase)):
        return None  # hooks that are none: the SDK says so better than we can
    if outer is not None and outer.goes_on_in(agent, callers):
        return None
    if isinstance(callers, RecordingHooks) and not callers.run.finished:
        return None
    context, said = _context(options.get("context"), input), Said()
    # What the context of the run around it says, this run has from there.
    if context is not None and (outer is None or context is not outer.context):
        said = said_in(context)
    said["otherwise"] = runner.target
    if runner.choice is not None:
        said["target"] = runner.choice
    run = _started(runner.recorder or default_recorder(), agent.name, input, options, said)
    hooks = RecordingHooks(
        run,
        callers=callers,
        run_config=options.get("run_config"),
        above=None if outer is None else outer.hooks,
        alone=runner.alone,
    )
    options["hooks"] = hooks
    return Recording(agent, hooks, context)


def said_in(context: object) -> Said:
    """What a run's context object says about whom it is billed to: its `keito_target`.

    A target counts like an argument. A name may come from whoever calls a web handler: like a
    framework's metadata, it only chooses among the recorder's targets, and yields to `bill_to`.
    """
    said = context.get(KEY) if isinstance(context, Mapping) else getattr(context, KEY, None)
    if isinstance(said, Target):
        return {"target": said}
    return {"metadata": {KEY: said}} if isinstance(said, str) else {}


def _context(given: object, input: object) -> object:
    if given is None and isinstance(input, RunState):
        # A state brings the context of the run it was made of. The SDK shows that nowhere else,
        # and without it what a person has approved could be billed to someone else.
        given = getattr(input, "_context", None)
    return given.context if isinstance(given, RunContextWrapper) else given


def _started(
    recorder: Recorder, name: str, input: object, options: RunOptions[Any], said: Said
) -> Run:
    resumed = interruption_named(input.get_interruptions()) if isinstance(input, RunState) else None
    # The SDK's own names for the conversation.
    session = options.get("conversation_id") or getattr(options.get("session"), "session_id", None)
    follows = None if resumed is None else waited(resumed)
    run = recorder.start(name, framework=FRAMEWORK, session=session, follows=follows, **said)
    if resumed is not None and not run.folded:
        run.metadata(resumes=resumed)
    return run
