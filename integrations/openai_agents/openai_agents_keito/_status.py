"""How a run ended, told by its error, its result, or its finished stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agents import (
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    OutputGuardrailTripwireTriggered,
    RunResultStreaming,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)

from keito.billing import KeitoLimitReached

if TYPE_CHECKING:
    from agents import RunResult

    from keito.billing import Status

GUARDRAILS = (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)


def status_of_error(error: BaseException) -> Status:
    """How a run ended that this error ended."""
    if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit)):
        return "cancelled"
    if isinstance(error, (MaxTurnsExceeded, KeitoLimitReached)):
        return "limit"
    return "guardrail" if isinstance(error, GUARDRAILS) else "error"


def status_of_result(result: RunResult) -> Status:
    """How a run ended that returned."""
    return "interrupted" if result.interruptions else "ok"


def status_of_stream(result: RunResultStreaming, *, answered: bool) -> Status:
    """How a streamed run ended whose background task ended without an error.

    Some ends raise only while someone reads the stream, and perhaps nobody does.

    Args:
        result: What `run_streamed` returned.
        answered: Whether the last agent gave its final output.
    """
    if result.interruptions:
        return "interrupted"
    outputs = [
        *(guardrail.output for guardrail in result.input_guardrail_results),
        *(guardrail.output for guardrail in result.output_guardrail_results),
    ]
    if any(output.tripwire_triggered for output in outputs):
        return "guardrail"
    if answered:
        return "ok"
    if result.max_turns is not None and result.current_turn > result.max_turns:
        return "limit"
    # Nothing went wrong and yet there is no answer: the caller has cancelled it after a turn.
    return "cancelled"
