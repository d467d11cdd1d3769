"""Which part of a job a run is: where one waits for a person, another goes on.

The number is in the run's own id, so that whoever goes on with it knows, in whichever process.
"""

from __future__ import annotations

_NONCE = 32
_DIGITS = 6


def next_part(nonce: str, follows: str) -> str:
    """Return the id of a run that goes on with another.

    Args:
        nonce: What makes it this run's.
        follows: The other's id; of one that nobody made here it is taken for the first part.
    """
    return f"{nonce}.{part_of(follows) + 1}"


def part_of(run: str) -> int:
    """Return which part of its job a run is, from its id; the first is 1."""
    nonce, _, number = run.partition(".")
    ours = len(nonce) == _NONCE and number.isascii() and number.isdecimal()
    return int(number) if ours and len(number) <= _DIGITS else 1


def work_of_part(work: str, run: str) -> str:
    """Name the part of a job that a run is: each is charged once, however often it is tried."""
    part = part_of(run)
    if part == 1:
        return work
    return f"{work}\nresumed" if part == 2 else f"{work}\nresumed\n{part}"
