"""A runner that bills every run of the process, around whatever runner is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner

from ._opening import open_recording

if TYPE_CHECKING:
    from typing import TypeAlias

    from agents import Agent, RunResult, RunResultStreaming, RunState, TResponseInputItem
    from agents.run import RunOptions
    from typing_extensions import Unpack

    from keito.billing import Recorder, Target

    from ._recording import Recording

    Input: TypeAlias = str | list[TResponseInputItem] | RunState[Any]


class KeitoRunner(AgentRunner):
    """Records each run and leaves the running to the runner that was set before.

    Args:
        inner: The runner that does the work.
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to for which nobody says anything else; default: as the
            recorder decides.
    """

    def __init__(
        self,
        inner: AgentRunner,
        recorder: Recorder | None = None,
        target: Target | str | None = None,
    ) -> None:
        self.inner = inner
        self.attached = True
        self.recorder = recorder
        self.target = target

    async def run(
        self, starting_agent: Agent[Any], input: Input, **kwargs: Unpack[RunOptions[Any]]
    ) -> RunResult:
        """See the SDK's `Runner.run`."""
        with self._recorded(starting_agent, input, kwargs) as recording:
            result = await self.inner.run(starting_agent, input, **kwargs)
            if recording is not None:
                recording.returned(result)
        return result

    def run_sync(
        self, starting_agent: Agent[Any], input: Input, **kwargs: Unpack[RunOptions[Any]]
    ) -> RunResult:
        """See the SDK's `Runner.run_sync`."""
        with self._recorded(starting_agent, input, kwargs) as recording:
            result = self.inner.run_sync(starting_agent, input, **kwargs)
            if recording is not None:
                recording.returned(result)
        return result

    def run_streamed(
        self, starting_agent: Agent[Any], input: Input, **kwargs: Unpack[RunOptions[Any]]
    ) -> RunResultStreaming:
        """See the SDK's `Runner.run_streamed`."""
        with self._recorded(starting_agent, input, kwargs) as recording:
            result = self.inner.run_streamed(starting_agent, input, **kwargs)
            if recording is not None:
                recording.follow(result)
        return result

    @contextmanager
    def _recorded(
        self, agent: Agent[Any], input: Input, options: RunOptions[Any]
    ) -> Iterator[Recording | None]:
        recording = None
        if self.attached:
            recording = open_recording(
                agent, input, options, recorder=self.recorder, otherwise=self.target
            )
        if recording is None:
            yield None
            return
        with recording.around():
            yield recording


_ours: KeitoRunner | None = None


def attach(recorder: Recorder | None = None, target: Target | str | None = None) -> None:
    """Bill every run of this process from now on: `run`, `run_sync`, `run_streamed`, nested ones.

    Attaching again is harmless and changes recorder and target.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to for which nobody says anything else; default: as the
            recorder decides.
    """
    global _ours
    detach()
    _ours = KeitoRunner(get_default_agent_runner(), recorder, target)
    set_default_agent_runner(_ours)


def detach() -> None:
    """Stop billing the runs that start from now on; those that are open end as usual."""
    global _ours
    if _ours is None:
        return
    # Another library's runner may be around ours by now: then ours stays and only passes on.
    _ours.attached = False
    if get_default_agent_runner() is _ours:
        set_default_agent_runner(_ours.inner)
    _ours = None


def attached() -> KeitoRunner | None:
    """Return the runner that bills every run of this process, if one does."""
    return _ours
