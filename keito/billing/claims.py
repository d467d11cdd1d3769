"""What a run says beside its calls: what it achieved, spent and wants the client to read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from ._facts import JSON, checked
from .arguments import flag, number, optional, proof, text, whole
from .arguments import hours as told_hours

if TYPE_CHECKING:
    from .ledger import Ledger
    from .recording import Recording


class Claims:
    """The part of a `Run` that tells what nobody can measure."""

    _recording: Recording
    _ledger: Ledger

    def outcome(
        self,
        outcome_type: str,
        *,
        description: str | None = None,
        unit_price: Decimal | int | str | None = None,
        quantity: int = 1,
        success: bool = True,
        evidence: Mapping[str, JSON] | None = None,
        subject: str | None = None,
        key: str | None = None,
        notes: str | None = None,
    ) -> str:
        """Record a result; it stands even if the run fails later.

        Args:
            outcome_type: What was achieved, e.g. `ticket_resolved`.
            description: What the client reads about it.
            unit_price: The price of one; default: the contract's price list.
            quantity: How many.
            success: Whether it was achieved; failures are recorded and not charged.
            evidence: What shows it, for the entry's metadata.
            subject: What it was done to, e.g. the ticket. With a subject it is charged once: the
                second success of the same type for the same subject and project is ignored.
            key: Names this report of it: the same key twice in a run, or in the attempts at a
                `work_key`, counts once.
            notes: The same as `description`.

        Returns:
            The record's `keito_key`, under which it is found in Keito.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The price or the quantity is negative.
        """
        facts: dict[str, object] = {
            "type": text("outcome_type", outcome_type),
            "description": optional("description", description) or optional("notes", notes),
            "unit_price": number("unit_price", unit_price),
            "quantity": whole("quantity", quantity),
            "success": flag("success", success),
            "evidence": proof(evidence),
            "subject": optional("subject", subject),
        }
        return self._recording.singles.outcome(self._ledger, facts, optional("key", key))

    def unpriced_outcome(self, outcome_type: str) -> str:
        """Record a success whose price could not be found out: the price list's is not used.

        Returns:
            The record's `keito_key`, under which it is found in Keito.

        Raises:
            TypeError: The type is no text.
        """
        facts: dict[str, object] = {
            "type": text("outcome_type", outcome_type),
            "description": None,
            "unit_price": None,
            "unpriced": True,
            "quantity": 1,
            "success": True,
            "evidence": None,
            "subject": None,
        }
        return self._recording.singles.outcome(self._ledger, facts, None)

    def log_time(
        self,
        hours: Decimal | int | str,
        *,
        description: str | None = None,
        billable: bool | None = None,
        evidence: Mapping[str, JSON] | None = None,
        subject: str | None = None,
        key: str | None = None,
        per_day: Decimal | int | str | None = None,
    ) -> str:
        """Record time that nobody has measured, such as a person's review, as an entry of its own.

        Args:
            hours: How much, at most 24.
            description: What the client reads about it.
            billable: Whether the client pays; default: if the contract charges time.
            evidence: What shows it, for the entry's metadata.
            subject: What it was spent on. With a subject it is recorded once per project.
            key: Names this report of it: the same key twice in a run, or in the attempts at a
                `work_key`, counts once.
            per_day: How many such hours of a project are charged per day; what exceeds them is
                recorded, not charged.

        Returns:
            The record's `keito_key`, under which it is found in Keito.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The hours are 0 or more than 24, or an amount is negative.
        """
        facts: dict[str, object] = {
            "hours": told_hours(hours),
            "description": optional("description", description),
            "billable": None if billable is None else flag("billable", billable),
            "evidence": proof(evidence),
            "subject": optional("subject", subject),
            "per_day": number("per_day", per_day),
        }
        given = optional("key", key)
        singles = self._recording.singles
        return singles.record(self._ledger, "time", facts, given)[0]

    def expense(
        self,
        category_id: str,
        *,
        total_cost: Decimal | int | str | None = None,
        units: int | None = None,
        name: str | None = None,
        quantity: int = 1,
        description: str | None = None,
        billable: bool = True,
        evidence: Mapping[str, JSON] | None = None,
        subject: str | None = None,
        key: str | None = None,
        per_day: int | None = None,
    ) -> str:
        """Record an expense, such as a paid search; it stands even if the run fails later.

        Args:
            category_id: The expense category in Keito.
            total_cost: What it cost, in the account's currency; else give `units`.
            units: How many units of the category's own price.
            name: What it is called, e.g. `web_search`; what `per_day` counts together.
            quantity: How many of them it is.
            description: What the client reads about it.
            billable: Whether the client pays.
            evidence: What shows it, for the expense's metadata.
            subject: What it was for. With a subject it is recorded once per project and name.
            key: Names this report of it: the same key twice in a run, or in the attempts at a
                `work_key`, counts once.
            per_day: How many of a project are charged per day; what exceeds them is recorded, not
                charged.

        Returns:
            The record's `keito_key`, under which it is found in Keito.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An amount is negative, or not exactly one of cost and units was given.
        """
        if (total_cost is None) == (units is None):
            raise ValueError("give either total_cost or units")
        if units is not None and whole("units", units) < 1:
            raise ValueError("units: must be 1 or more")
        facts: dict[str, object] = {
            "category": text("category_id", category_id),
            "total_cost": number("total_cost", total_cost),
            "units": units,
            "name": optional("name", name),
            "quantity": whole("quantity", quantity),
            "description": optional("description", description),
            "billable": flag("billable", billable),
            "evidence": proof(evidence),
            "subject": optional("subject", subject),
            "per_day": None if per_day is None else whole("per_day", per_day),
        }
        given = optional("key", key)
        singles = self._recording.singles
        return singles.record(self._ledger, "expense", facts, given)[0]

    def note(self, words: str) -> None:
        """Add to what the client reads, in place of the target's notes."""
        with self._ledger.tree.lock:
            self._ledger.said.notes.append(text("words", words))

    def metadata(self, **values: JSON) -> None:
        """Add keys to the entry's metadata; Keito's own keys can't be replaced.

        Raises:
            TypeError: A value is not JSON.
        """
        given = checked(values, "metadata")
        with self._ledger.tree.lock:
            self._ledger.said.metadata.update(given)
