"""Opening the record of a run: whose work it is, and where it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from agents import RunContextWrapper, RunState
from agents.lifecycle import AgentHooksBase, RunHooksBase

from keito.billing import Target, default_recorder, guarded

from ._ends import interruption_named, waited
from ._hooks import RecordingHooks
from ._recording import Recording, name_of, surrounding

if TYPE_CHECKING:
    from agents import Agent
    from agents.run import RunOptions

    from keito.billing import Recorder, Run

    from .runner import KeitoRunner

FRAMEWORK = "openai-agents"
KEY = "keito_target"
_WHAT = "the OpenAI Agents runner"


class Said(TypedDict, total=False):
    """What was said about whom a run is billed to, as `Recorder.start` takes it."""

    target: Target | str | None
    metadata: Mapping[str, str]
    otherwise: Target | str | None


@guarded(_WHAT)
def open_recording(
    runner: KeitoRunner, agent: Agent[Any], input: object, options: RunOptions[Any]
) -> Recording | None:
    """Open a record and put our hooks into the options; `None` if the run is not ours to record."""
    if not runner.attached:
        return None
    callers, outer = options.get("hooks"), surrounding()
    if callers is not None and _are_no_run_hooks(callers):
        return None  # the SDK says so better than we can
    if outer is not None and outer.goes_on_in(agent, callers, input):
        return None
    if isinstance(callers, RecordingHooks) and not callers.run.finished:
        return None
    state = input if isinstance(input, RunState) else None
    context = given = options.get("context")
    if context is not None or state is not None:
        context = _own(context, state)
    said = Said() if context is None else said_of(context, outer)
    said["otherwise"] = runner.target
    if runner.choice is not None:
        said["target"] = runner.choice
    recorder = _recorder(runner, outer)
    session = _session(options)
    hooks = RecordingHooks(
        _started(recorder, agent, state, session, said),
        callers=callers,
        run_config=options.get("run_config"),
        above=None if outer is None else outer.hooks,
    )
    options["hooks"] = hooks
    recording = Recording(agent, hooks, recorder, context, outer, input)
    if state is not None:
        _go_on(recording, hooks, state)
    elif isinstance(given, RunContextWrapper):
        hooks.go_on_from(given.usage)
    else:
        hooks.begin_anew(alone=runner.direct)
    if session is None:
        recording.session = options.get("session")
    return recording


def _are_no_run_hooks(hooks: object) -> bool:
    return not isinstance(hooks, RunHooksBase) or isinstance(hooks, AgentHooksBase)


def _recorder(runner: KeitoRunner, outer: Recording | None) -> Recorder:
    """Where a run is recorded: as it is told itself, as the run around it is, or as all are."""
    if runner.chosen_recorder is not None:
        return runner.chosen_recorder
    if outer is not None:
        return outer.recorder
    return runner.recorder or default_recorder()


def said_of(context: object, outer: Recording | None = None) -> Said:
    """What a run's context object says about whom it is billed to: its `keito_target`.

    What the context of the run around it says, a run has from there.

    A target counts like an argument. A name may come from whoever calls a web handler: like a
    framework's metadata, it only chooses among the recorder's targets, and yields to `bill_to`.
    Anything else names nobody, and such a run is kept until somebody says whose it is.
    """
    if context is None or (outer is not None and context is outer.context):
        return {}
    said = _said_in(context)
    # Whoever a context may have meant that can't be read, nobody else is billed instead.
    return {"target": f"{KEY} of a context that can't be read"} if said is None else said


@guarded(_WHAT)
def _said_in(context: object) -> Said:
    said = context.get(KEY) if isinstance(context, Mapping) else getattr(context, KEY, None)
    if said is None:
        return {}
    if isinstance(said, Target):
        return {"target": said}
    if isinstance(said, str):
        return {"metadata": {KEY: said}}
    return {"target": f"{KEY} that is a {type(said).__name__}"}


def _session(options: RunOptions[Any]) -> str | None:
    """Return the SDK's own name for the conversation."""
    conversation, session = options.get("conversation_id"), options.get("session")
    return conversation if conversation or session is None else name_of(session)


@guarded(_WHAT)
def _own(given: object, state: RunState[Any] | None) -> object:
    """Return the caller's own context object."""
    if given is None and state is not None:
        # A state brings the context of the run it was made of. The SDK shows that nowhere else,
        # and without it what a person has approved could be billed to someone else.
        given = getattr(state, "_context", None)
    return given.context if isinstance(given, RunContextWrapper) else given


def _started(
    recorder: Recorder,
    agent: Agent[Any],
    state: RunState[Any] | None,
    session: str | None,
    said: Said,
) -> Run:
    name = agent.name if isinstance(agent.name, str) and agent.name else "agent"
    resumed = None if state is None else _interruption(state)
    follows = None if resumed is None else waited(resumed)
    run = recorder.start(name, framework=FRAMEWORK, session=session, follows=follows, **said)
    if resumed is not None and not run.folded:
        run.metadata(resumes=resumed)
    return run


@guarded(_WHAT)
def _interruption(state: RunState[Any]) -> str | None:
    """Name what a run has waited for, as the one did that began to wait."""
    return interruption_named(state.get_interruptions(), getattr(state, "_model_responses", ()))


@guarded(_WHAT)
def _go_on(recording: Recording, hooks: RecordingHooks, state: RunState[Any]) -> None:
    # The SDK shows neither, and both hold what the run has consumed before.
    recording.earlier = len(getattr(state, "_model_responses", ()))
    before = getattr(state, "_context", None)
    if isinstance(before, RunContextWrapper):
        hooks.go_on_from(before.usage)
