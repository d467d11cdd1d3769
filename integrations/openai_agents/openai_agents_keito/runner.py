"""Running agents so that they are billed: every run of the process, or those one chooses."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

from agents import Runner
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner

from ._checks import checked_recorder, checked_target
from ._opening import open_recording

if TYPE_CHECKING:
    from typing import TypeAlias

    from agents import Agent, RunResult, RunResultStreaming, RunState, TResponseInputItem
    from agents.run import RunOptions
    from typing_extensions import Unpack

    from keito.billing import Recorder, Target

    Input: TypeAlias = str | list[TResponseInputItem] | RunState[Any]


class KeitoRunner(AgentRunner):
    """Records each run and leaves the running to the runner that was set before.

    Args:
        inner: The runner that does the work.
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to for which nobody says anything else; default: as the
            recorder decides.

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(
        self,
        inner: AgentRunner,
        recorder: Recorder | None = None,
        target: Target | str | None = None,
    ) -> None:
        self.inner = inner
        self.direct = type(inner) is AgentRunner
        """Whether it is the SDK's own runner that does the work, with no other in between."""
        self.attached = True
        self.recorder = checked_recorder(recorder)
        self.target = checked_target(target)
        self.chosen_recorder: Recorder | None = None
        """Where the runs are recorded, whatever others say."""
        self.choice: Target | str | None = None
        """Whom the runs are billed to, whatever others say."""

    async def run(
        self, starting_agent: Agent[Any], input: Input, **kwargs: Unpack[RunOptions[Any]]
    ) -> RunResult:
        """See the SDK's `Runner.run`."""
        recording = open_recording(self, starting_agent, input, kwargs)
        try:
            with recording or nullcontext():
                result = await self.inner.run(starting_agent, input, **kwargs)
                if recording is not None:
                    recording.returned(result)
            return result
        finally:
            # The SDK keeps prompts out of the tracebacks of some errors, and so must we.
            del input, kwargs

    def run_sync(
        self, starting_agent: Agent[Any], input: Input, **kwargs: Unpack[RunOptions[Any]]
    ) -> RunResult:
        """See the SDK's `Runner.run_sync`."""
        recording = open_recording(self, starting_agent, input, kwargs)
        try:
            with recording or nullcontext():
                result = self.inner.run_sync(starting_agent, input, **kwargs)
                if recording is not None:
                    recording.returned(result)
            return result
        finally:
            del input, kwargs

    def run_streamed(
        self, starting_agent: Agent[Any], input: Input, **kwargs: Unpack[RunOptions[Any]]
    ) -> RunResultStreaming:
        """See the SDK's `Runner.run_streamed`."""
        recording = open_recording(self, starting_agent, input, kwargs)
        try:
            with recording or nullcontext():
                result = self.inner.run_streamed(starting_agent, input, **kwargs)
                if recording is not None:
                    recording.follow(result)
            return result
        finally:
            del input, kwargs


_ours: KeitoRunner | None = None
_attaching = threading.Lock()


def attach(recorder: Recorder | None = None, target: Target | str | None = None) -> None:
    """Bill every run of this process from now on: `run`, `run_sync`, `run_streamed`, nested ones.

    Attaching again is harmless and changes recorder and target.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to for which nobody says anything else; default: as the
            recorder decides.

    Raises:
        TypeError: An argument has the wrong type.
    """
    global _ours
    with _attaching:
        before, current = _ours, get_default_agent_runner()
        inner = current if before is None or current is not before else before.inner
        _ours = KeitoRunner(inner, recorder, target)
        set_default_agent_runner(_ours)
        # Not sooner, or runs that other threads begin meanwhile would be billed by neither.
        if before is not None:
            before.attached = False


def detach() -> None:
    """Stop billing the runs that start from now on; those that are open end as usual."""
    global _ours
    with _attaching:
        if _ours is None:
            return
        # Another library's runner may be around ours by now: then ours stays and only passes on.
        _ours.attached = False
        if get_default_agent_runner() is _ours:
            set_default_agent_runner(_ours.inner)
        _ours = None


async def run(
    starting_agent: Agent[Any],
    input: Input,
    *,
    recorder: Recorder | None = None,
    target: Target | str | None = None,
    **options: Unpack[RunOptions[Any]],
) -> RunResult:
    """Run an agent as the SDK's `Runner.run` does, and bill it.

    It does not need `attach`. Without that, the model calls of agents used as tools are in the
    record, but not told apart; runs that a tool starts by itself are only billed if it uses this
    function, too. All that follows `input` is given by name.

    Args:
        starting_agent: See the SDK.
        input: See the SDK.
        recorder: Where to record; default: where `attach` does, else
            `keito.billing.default_recorder()`.
        target: Whom it is billed to; default: as `bill_to`, the context object or the recorder
            says.
        options: What else the SDK's function takes.
    """
    try:
        return await _chosen(recorder, target).run(starting_agent, input, **options)
    finally:
        del input, options


def run_sync(
    starting_agent: Agent[Any],
    input: Input,
    *,
    recorder: Recorder | None = None,
    target: Target | str | None = None,
    **options: Unpack[RunOptions[Any]],
) -> RunResult:
    """Run an agent as the SDK's `Runner.run_sync` does, and bill it; see `run`."""
    try:
        return _chosen(recorder, target).run_sync(starting_agent, input, **options)
    finally:
        del input, options


def run_streamed(
    starting_agent: Agent[Any],
    input: Input,
    *,
    recorder: Recorder | None = None,
    target: Target | str | None = None,
    **options: Unpack[RunOptions[Any]],
) -> RunResultStreaming:
    """Run an agent as the SDK's `Runner.run_streamed` does, and bill it; see `run`."""
    try:
        return _chosen(recorder, target).run_streamed(starting_agent, input, **options)
    finally:
        del input, options


def _chosen(recorder: Recorder | None, target: Target | str | None) -> KeitoRunner:
    """Return what records one run and leaves the running to the SDK's public `Runner`."""
    # Its class methods are the three that a runner has.
    runner = KeitoRunner(cast("AgentRunner", Runner))
    runner.chosen_recorder, runner.choice = checked_recorder(recorder), checked_target(target)
    ours, default = _ours, get_default_agent_runner()
    last = default.inner if isinstance(default, KeitoRunner) else default
    runner.direct = type(last) is AgentRunner
    if ours is not None:
        runner.recorder, runner.target = ours.recorder, ours.target
    return runner
