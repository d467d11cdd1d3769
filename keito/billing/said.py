"""What is said of a run besides its time and its calls: what `Claims` were told, for its ledger."""

from __future__ import annotations

from collections import defaultdict


class Said:
    """What a run was told; made when it is told the first of it, which most runs never are.

    Attributes:
        told: The keys of its outcomes and the like, and whether telling one again is the same one:
            not while the transaction it was told in may still be rolled back.
        successes: How often each type of outcome was a success.
        notes: What the client may read.
        metadata: Further keys for the entry's metadata.
        session: The conversation it belongs to, where its target names none.
    """

    def __init__(self) -> None:
        self.told: dict[str, bool] = {}
        self.successes: dict[str, int] = defaultdict(int)
        self.notes: list[str] = []
        self.metadata: dict[str, object] = {}
        self.session: str | None = None

    def facts(self) -> dict[str, object]:
        """Return what a record says of it, without what is empty."""
        said = {
            "successes": self.successes,
            "notes": self.notes,
            "metadata": self.metadata,
            "session": self.session,
        }
        return {name: value for name, value in said.items() if value}
