"""The keys of records: derived, never drawn, so that making a record twice makes it once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TypedDict

_NAMESPACE = uuid.UUID("6f4a7d52-1f0e-5c39-9a5e-0c8a3e7b1d44")


def record_key(account: str, *identity: str) -> str:
    """Return the `keito_key` of what this identity names within an account."""
    named = "\n".join((account, *identity))
    # Half of a surrogate pair, as a cut text of a model may end in, has no form in UTF-8.
    return str(uuid.uuid5(_NAMESPACE, named.encode("utf-8", "backslashreplace").decode()))


class Bounds(TypedDict):
    """Within what something is charged once; for `mode` see `charged_together`."""

    destination: str
    mode: str
    project: str


def charged_together(mode: str) -> str:
    """Name what counts as one for a client: what is held back is charged once it is released."""
    return "test" if mode == "test" else "live"


def run_key(account: str, run: str, part: int) -> str:
    """Return the key of a run's entry, or of one part of it."""
    return record_key(account, run, "run", str(part))


def single_key(account: str, run: str, kind: str, sequence: int, *, given: str | None) -> str:
    """Return the key of an outcome or the like, from the caller's own name for it if it has one."""
    if given is not None:
        return record_key(account, run, kind, "named", given)
    return record_key(account, run, kind, str(sequence))


def once_per_subject(kind: str, facts: Mapping[str, object]) -> tuple[str, ...] | None:
    """Name what a subject is charged once for; None for what may be so any number of times.

    Args:
        kind: `outcome`, `time` or `expense`.
        facts: Its facts, as the journal has them.
    """
    if kind == "outcome":
        return (str(facts["type"]),) if facts["success"] else None
    if kind == "expense":
        return ("expense", str(facts["name"] or facts["category"]))
    return (kind,)


def job_key(
    account: str, *, destination: str, mode: str, project: str, what: Sequence[str], piece: str
) -> str:
    """Return the key of a success that is charged once, however often its job is tried."""
    kept_apart = charged_together(mode)
    return record_key(account, "job", destination, kept_apart, project, *what, piece)


def subject_key(
    account: str, *, destination: str, mode: str, project: str, what: Sequence[str], subject: str
) -> str:
    """Return the key of a success that is charged once, however many runs report it."""
    kept_apart = charged_together(mode)
    # "T-1042" and "t-1042 " are one ticket, whoever writes it.
    named = " ".join(subject.split()).casefold()
    return record_key(account, "subject", destination, kept_apart, project, *what, named)
