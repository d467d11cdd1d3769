"""What the tests of tools share: a model's claims, and what Keito has of them in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keito import tools
from keito.billing import Contract, MemoryOutbox, Recorder, Run, Target
from keito.testing import LocalKeito

PRICES = {"ticket_resolved": "0.99", "lead_qualified": "12.50"}
CONTRACT = Contract(prices=PRICES)

CLAIM: dict[str, Any] = {
    "outcome_type": "ticket_resolved",
    "subject": "T-1",
    "summary": "Sent a new password.",
    "success": True,
}


def recorder_to(keito: LocalKeito, contract: Contract = CONTRACT, **settings: Any) -> Recorder:
    """A recorder that delivers to a local Keito."""
    defaults: dict[str, Any] = {
        "outbox": MemoryOutbox(),
        "target": Target(project_id=keito.project_id, task_id=keito.task_id),
        "contract": contract,
        **keito.client_settings,
    }
    return Recorder(**{**defaults, **settings})


def use(
    tool: tools.Tool, said: Mapping[str, object], run: Run | None, id: str | None = None
) -> str:
    """Have the model call a tool; what it reads, also when it is refused."""
    try:
        return tool.call(tools.Call(tool.read(said), run=run, id=id))
    except tools.ToolRefused as refused:
        return str(refused)


async def ause(
    tool: tools.Tool, said: Mapping[str, object], run: Run | None, id: str | None = None
) -> str:
    """The same, asynchronously."""
    try:
        return await tool.acall(tools.Call(tool.read(said), run=run, id=id))
    except tools.ToolRefused as refused:
        return str(refused)


def claim(recorder: Recorder, *claims: Mapping[str, object], **settings: Any) -> list[str]:
    """Have the model claim outcomes within one run; each with its own call id."""
    tool = tools.log_outcome(recorder.contract, **settings)
    with recorder.run("clerk") as run:
        return [
            use(tool, {**CLAIM, **said}, run, f"call_{number}")
            for number, said in enumerate(claims)
        ]


def outcomes(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    """The outcomes Keito has, after all that was recorded has arrived."""
    assert recorder.flush(20) == 0
    return [entry for entry in keito.entries() if "outcome_type" in entry["metadata"]]
