"""Why a record is not charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .record import read

if TYPE_CHECKING:
    from ..billing.contract import Contract
    from ..billing.outbox.port import Outbox
    from ..billing.outbox.record import Record


def why_not_charged(record: Record, contract: Contract | None) -> str | None:
    """Say why the client does not pay for a record; None if it does, or if it is no item."""
    if record.charged or not record.payload or record.kind in ("correction", "unreadable"):
        return None
    metadata: dict[str, Any] = read(record.payload).get("metadata") or {}
    if metadata.get("mode") == "test":
        return "recorded in KEITO_MODE=test"
    if metadata.get("capped") and record.kind != "run":
        return "over what may be charged of it"
    if record.kind == "run":
        return _why_not_run(record, str(metadata.get("status")), contract)
    if record.kind == "outcome":
        failed = metadata.get("outcome_success") is False
        return "the outcome did not succeed" if failed else "the contract charges no outcomes"
    return "recorded as not billable"


def contract_of(outbox: Outbox, record: Record) -> Contract | None:
    """Return the contract a record was rendered by, if it is known and can be read."""
    from ..billing.contract import read_contract

    name = record.contract or (read(record.payload).get("metadata") or {}).get("contract_id")
    text = outbox.contract(str(name)) if name else None
    try:
        return None if text is None else read_contract(text)
    except (TypeError, ValueError):
        return None


def _why_not_run(record: Record, status: str, contract: Contract | None) -> str:
    if read(record.facts).get("paid"):
        return "an earlier attempt of the same job was charged"
    if contract is not None and contract.charges(status):
        return "the contract charges outcomes, not time"
    return f"a run that ended as {status}"
