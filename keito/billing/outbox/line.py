"""The lines of the journal."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["contract", "start", "call", "outcome", "ended", "finish"]
"""What a line of the journal says.

contract: what is charged; its `run` is the contract's id.
start: a run began; its body says whose it is.
call: a model call ended.
outcome: an outcome was logged.
ended: a run ended with calls still open, which may yet report.
finish: a run is complete; its body says what came of it.
"""


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
