"""The lines of the journal."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["contract", "start", "call", "outcome", "time", "expense", "ended", "finish", "late"]
"""What a line of the journal says.

contract: what is charged; its `run` is the contract's id.
start: a run began; its body says whose it is.
call: a model call ended.
outcome: an outcome was logged.
time: time was logged that was told, not measured.
expense: an expense was logged.
ended: a run ended with calls still open, which may yet report.
finish: a run is complete; its body says what came of it.
late: a model call was reported after that; its body says what came of the run, with it.
"""

SINGLE: tuple[Kind, ...] = ("outcome", "time", "expense", "late")
"""Lines that become a record each, whatever becomes of their run."""

ARRIVING: tuple[Kind, ...] = ("contract", *SINGLE, "finish")
"""Lines that are filed when they come."""


class Line(NamedTuple):
    """One line of the journal, which is only ever added to.

    Attributes:
        at: When, in microseconds since 1970.
        owner: The recorder, in one process, that wrote it.
        id: Its place in the journal; 0 until it is there.
    """

    run: str
    kind: Kind
    at: int
    owner: str
    body: str
    id: int = 0
