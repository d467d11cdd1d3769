"""Opening the record of a run, with our hooks before the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from agents import RunContextWrapper, RunState
from agents.lifecycle import RunHooksBase

from keito.billing import Target, default_recorder, guarded

from ._recording import Recording, around
from ._waiting import interruption_of, waited
from .hooks import RecordingHooks

if TYPE_CHECKING:
    from agents import Agent
    from agents.run import RunOptions

    from keito.billing import Recorder, Run

FRAMEWORK = "openai-agents"
KEY = "keito_target"


class Said(TypedDict, total=False):
    """What was said about whom a run is billed to, as `Recorder.start` takes it."""

    target: Target | str
    metadata: Mapping[str, str]


@guarded("the OpenAI Agents runner")
def open_recording(
    agent: Agent[Any],
    input: object,
    options: RunOptions[Any],
    *,
    recorder: Recorder | None,
    target: Target | str | None = None,
    otherwise: Target | str | None = None,
    alone: bool = False,
) -> Recording | None:
    """Open a record and put our hooks into the options; `None` if the run is not ours to record.

    Args:
        agent: What is run.
        input: On what.
        options: What else the SDK is given.
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom it is billed to.
        otherwise: Whom it is billed to if nobody says so.
        alone: See `RecordingHooks`.
    """
    callers = options.get("hooks")
    if not (callers is None or isinstance(callers, RunHooksBase)):
        return None  # hooks that are none: the SDK says so better than we can
    outer = around.get()
    if _is_recorded(outer, agent, callers):
        return None
    context = _context(options.get("context"), input)
    # What the context of the run around it says, this run has from there.
    said: Said = said_in(context) if outer is None or context is not outer.context else {}
    if target is not None:
        said["target"] = target
    run = _start(recorder or default_recorder(), agent, input, options, said, otherwise)
    hooks = RecordingHooks(
        run,
        callers=callers,
        run_config=options.get("run_config"),
        above=None if outer is None else outer.hooks,
        alone=alone,
    )
    options["hooks"] = hooks
    return Recording(agent, hooks, context=context)


def said_in(context: object) -> Said:
    """What a run's context object says about whom it is billed to: its `keito_target`.

    A target counts like an argument. A name may come from whoever calls a web handler: like a
    framework's metadata, it only chooses among the recorder's targets, and yields to `bill_to`.
    """
    said = context.get(KEY) if isinstance(context, Mapping) else getattr(context, KEY, None)
    if isinstance(said, Target):
        return {"target": said}
    return {"metadata": {KEY: said}} if isinstance(said, str) else {}


def _is_recorded(outer: Recording | None, agent: Agent[Any], callers: object) -> bool:
    if isinstance(callers, RecordingHooks) and not callers.run.finished:
        return True
    return outer is not None and outer.goes_on_in(agent, callers)


def _context(given: object, input: object) -> object:
    if given is None and isinstance(input, RunState):
        # A state brings the context of the run it was made of. The SDK shows that nowhere else,
        # and without it what a person has approved could be billed to someone else.
        given = getattr(input, "_context", None)
    return given.context if isinstance(given, RunContextWrapper) else given


def _start(
    recorder: Recorder,
    agent: Agent[Any],
    input: object,
    options: RunOptions[Any],
    said: Said,
    otherwise: Target | str | None,
) -> Run:
    interruption = interruption_of(input) if isinstance(input, RunState) else None
    run = recorder.start(
        agent.name,
        **said,
        otherwise=otherwise,
        framework=FRAMEWORK,
        session=_session(options),
        follows=None if interruption is None else waited(interruption),
    )
    if interruption is not None and not run.folded:
        run.metadata(resumes=interruption)
    return run


def _session(options: RunOptions[Any]) -> str | None:
    """The SDK's own name for the conversation."""
    session = options.get("session")
    return options.get("conversation_id") or getattr(session, "session_id", None)
