"""What becomes a record of its own: outcomes, and the time and expenses that are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from . import _log
from .keys import once_per_subject

if TYPE_CHECKING:
    from .ledger import Ledger
    from .lines import Lines
    from .outbox.line import Kind


class Singles:
    """Records them, each under a key that is the same when it is told again.

    Args:
        lines: Makes the lines.
        write: Adds one to the journal.
        may_be_undone: Whether what is recorded now is lost if a transaction is rolled back.
        charged: Whether the contract charges outcomes.
    """

    def __init__(
        self,
        lines: Lines,
        write: Callable[[Ledger, Kind, str], None],
        *,
        may_be_undone: Callable[[], bool],
        charged: bool,
    ) -> None:
        self._lines = lines
        self._write = write
        self._may_be_undone = may_be_undone
        self._charged = charged

    def outcome(self, ledger: Ledger, facts: dict[str, object], key: str | None) -> str:
        """Record an outcome; return the key it has in Keito."""
        made, is_new = self.record(ledger, "outcome", facts, key)
        if is_new and facts["success"]:
            with ledger.tree.lock:
                ledger.said.successes[cast(str, facts["type"])] += cast(int, facts["quantity"])
        if facts["unit_price"] is not None and not self._charged:
            _log.warn(
                "price",
                "an outcome has a price, but the contract charges time only: it is recorded, not "
                'charged. Use Contract(charge="outcomes") or "both"',
            )
        return made

    def record(
        self, ledger: Ledger, kind: Kind, facts: dict[str, object], key: str | None
    ) -> tuple[str, bool]:
        """Record what becomes a record of its own.

        Args:
            ledger: The run it belongs to.
            kind: The kind of its line, under whose name the line has its facts.
            facts: What it is.
            key: The caller's own name for it.

        Returns:
            The key it has in Keito, and whether this run had not told of it before.
        """
        once = once_per_subject(kind, facts)
        with ledger.tree.lock:
            told = ledger.said.told
            if once is not None and (piece := ledger.piece(once, key)):
                facts = {**facts, "piece": piece}
            made = self._lines.single_key(ledger, kind, facts, key, once)
            is_new = made not in told
            if told.get(made, False):
                return made, False
            # If the transaction is rolled back, telling it again must count.
            told[made] = not self._may_be_undone()
        said = self._lines.with_start(ledger, {kind: {**facts, "key": made}})
        self._write(ledger, kind, said)
        return made, is_new
