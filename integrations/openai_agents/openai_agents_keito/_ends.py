"""How runs end, and where those go on that ended with a question to a person."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents import (
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)

from keito.billing import KeitoLimitReached

if TYPE_CHECKING:
    from agents import ModelResponse, RunResultStreaming, ToolApprovalItem

    from keito.billing import Status

_GUARDRAILS = (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)

# Whoever waits longer than for so many others is still linked, by the name of what it waits for.
_MOST = 10_000
_waiting: OrderedDict[str, str | None] = OrderedDict()


def status_of_error(error: BaseException) -> Status:
    """How a run ended that this error ended."""
    if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit)):
        return "cancelled"
    if isinstance(error, (MaxTurnsExceeded, KeitoLimitReached)):
        return "limit"
    return "guardrail" if isinstance(error, _GUARDRAILS) else "error"


def status_of_stream(result: RunResultStreaming, *, answered: bool) -> Status:
    """How a streamed run ended that does not wait, and whose task ended without an error.

    Some ends raise only while someone reads the stream, and perhaps nobody does.

    Args:
        result: What `run_streamed` returned.
        answered: Whether the last agent gave its final output.
    """
    outputs = [
        *(guardrail.output for guardrail in result.input_guardrail_results),
        *(guardrail.output for guardrail in result.output_guardrail_results),
    ]
    if any(output.tripwire_triggered for output in outputs):
        return "guardrail"
    if answered or result.final_output is not None:
        return "ok"
    if result.max_turns is not None and result.current_turn > result.max_turns:
        return "limit"
    # Nothing went wrong and yet there is no answer: the caller has cancelled it after a turn.
    return "cancelled"


def interruption_named(
    asked: Sequence[ToolApprovalItem], answers: Sequence[ModelResponse]
) -> str | None:
    """Name what a run waits for: the same where it begins to wait and where it goes on.

    Args:
        asked: The calls that a person decides about.
        answers: What the run's models have answered until then.

    Returns:
        None if it waits for nobody.
    """
    if not asked:
        return None
    # By ids of the model's and the provider's, which are part of the state's text. Some servers
    # give every call the same one: their answers' tell them apart.
    calls = sorted(f"{item.call_id} {item.name}" for item in asked)
    answered = [str(answer.response_id) for answer in answers]
    return hashlib.sha256("\n".join([*calls, *answered]).encode()).hexdigest()[:16]


def waits(run_id: str, interruption: str) -> None:
    """Note which run waits for it."""
    # Two that wait by one name can't be told apart: neither is then taken for the other's rest.
    _waiting[interruption] = run_id if interruption not in _waiting else None
    if len(_waiting) > _MOST:
        _waiting.popitem(last=False)


def waited(interruption: str) -> str | None:
    """Return the id of the run that waited for it, if that was in this process."""
    return _waiting.get(interruption)
