"""The SDK's three ways to run an agent, billed: for those who choose which runs are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents import Runner

from ._opening import open_recording
from .runner import attached

if TYPE_CHECKING:
    from agents import Agent, RunResult, RunResultStreaming
    from agents.run import RunOptions
    from typing_extensions import Unpack

    from keito.billing import Recorder, Target

    from ._recording import Recording
    from .runner import Input


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
    function, too.

    Args:
        starting_agent: See the SDK.
        input: See the SDK.
        recorder: Where to record; default: where `attach` does, else
            `keito.billing.default_recorder()`.
        target: Whom it is billed to; default: as `bill_to`, the context object or the recorder
            says.
        options: What else the SDK's function takes.
    """
    with _recorded(starting_agent, input, options, recorder, target) as recording:
        result = await Runner.run(starting_agent, input, **options)
        if recording is not None:
            recording.returned(result)
    return result


def run_sync(
    starting_agent: Agent[Any],
    input: Input,
    *,
    recorder: Recorder | None = None,
    target: Target | str | None = None,
    **options: Unpack[RunOptions[Any]],
) -> RunResult:
    """Run an agent as the SDK's `Runner.run_sync` does, and bill it; see `run`."""
    with _recorded(starting_agent, input, options, recorder, target) as recording:
        result = Runner.run_sync(starting_agent, input, **options)
        if recording is not None:
            recording.returned(result)
    return result


def run_streamed(
    starting_agent: Agent[Any],
    input: Input,
    *,
    recorder: Recorder | None = None,
    target: Target | str | None = None,
    **options: Unpack[RunOptions[Any]],
) -> RunResultStreaming:
    """Run an agent as the SDK's `Runner.run_streamed` does, and bill it; see `run`."""
    with _recorded(starting_agent, input, options, recorder, target) as recording:
        result = Runner.run_streamed(starting_agent, input, **options)
        if recording is not None:
            recording.follow(result)
    return result


@contextmanager
def _recorded(
    agent: Agent[Any],
    input: Input,
    options: RunOptions[Any],
    recorder: Recorder | None,
    target: Target | str | None,
) -> Iterator[Recording | None]:
    ours = attached()
    recording = open_recording(
        agent,
        input,
        options,
        recorder=recorder if recorder is not None or ours is None else ours.recorder,
        target=target,
        otherwise=None if ours is None else ours.target,
        alone=ours is None,
    )
    if recording is None:
        yield None
        return
    with recording.around():
        yield recording
