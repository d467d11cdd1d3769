"""How delivery stands, for people and monitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .outbox.record import State


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStatus:
    """How delivery stands.

    Attributes:
        mode: `live`, `test`, `record` or `off`.
        records: How many records are in each state.
        held: How many of the READY ones wait for their release.
        unfiled: How many finished runs and outcomes are not records yet.
        in_memory: How many lines could not be written to the outbox yet.
        open_runs: How many runs are under way in this process.
        oldest_age: Seconds since the oldest undelivered record was made; None without any.
        last_error: What last went wrong with delivery, if anything.
        holds: What is refused at the moment, e.g. a project.
        durable: Whether records survive this process.
    """

    mode: str
    records: Mapping[State, int]
    held: int
    unfiled: int
    in_memory: int
    open_runs: int
    oldest_age: float | None
    last_error: str | None
    holds: tuple[str, ...]
    durable: bool

    @property
    def undelivered(self) -> int:
        """How many records are still to be sent."""
        waiting = sum(self.records.get(s, 0) for s in ("READY", "SENDING", "AMBIGUOUS"))
        return waiting - self.held + self.unfiled + self.in_memory
