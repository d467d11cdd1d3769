"""A runner that bills every run of the process, around whatever runner is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents.lifecycle import RunHooksBase
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner

from keito.billing import default_recorder, guarded

from ._recording import Recording, around
from .hooks import RecordingHooks

if TYPE_CHECKING:
    from typing import TypeAlias

    from agents import Agent, RunResult, RunResultStreaming, RunState, TResponseInputItem
    from agents.run import RunOptions
    from typing_extensions import Unpack

    from keito.billing import Recorder, Target

    Input: TypeAlias = str | list[TResponseInputItem] | RunState[Any]

FRAMEWORK = "openai-agents"


class KeitoRunner(AgentRunner):
    """Records each run and leaves the running to the runner that was set before.

    Args:
        inner: The runner that does the work.
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to; default: as the recorder decides.
    """

    def __init__(
        self,
        inner: AgentRunner,
        recorder: Recorder | None = None,
        target: Target | str | None = None,
    ) -> None:
        self.inner = inner
        self.attached = True
        self._recorder = recorder
        self._target = target

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
        self, agent: Agent[Any], input: object, options: RunOptions[Any]
    ) -> Iterator[Recording | None]:
        recording = self._open(agent, input, options)
        if recording is None:
            yield None
            return
        token = around.set(recording)
        try:
            with recording.run.active():
                yield recording
        except BaseException as error:
            recording.failed(error)
            raise
        finally:
            around.reset(token)

    @guarded("the OpenAI Agents runner")
    def _open(self, agent: Agent[Any], input: object, options: RunOptions[Any]) -> Recording | None:
        """Open a record and put our hooks before the caller's; `None` if it is not billed."""
        callers = options.get("hooks")
        if not self.attached or not (callers is None or isinstance(callers, RunHooksBase)):
            return None  # hooks that are none: the SDK says so better than we can
        outer = around.get()
        if outer is not None and outer.is_of(agent, input):
            return None
        recorder = self._recorder or default_recorder()
        run = recorder.start(agent.name, target=self._target, framework=FRAMEWORK)
        hooks = RecordingHooks(run, callers=callers, run_config=options.get("run_config"))
        options["hooks"] = hooks
        return Recording(agent, input, hooks)


_ours: KeitoRunner | None = None


def attach(recorder: Recorder | None = None, target: Target | str | None = None) -> None:
    """Bill every run of this process from now on: `run`, `run_sync`, `run_streamed`, nested ones.

    Attaching again is harmless and changes recorder and target.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to; default: as the recorder decides.
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
