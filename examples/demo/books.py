"""Keito's books, as its client reads them."""

from __future__ import annotations

from datetime import date, datetime, timezone

from keito import Keito
from keito.testing import LocalKeito
from keito.types import AgentSummary, TimeEntry


class Books:
    """Reads what the local Keito has received, and tells the new entries from those seen."""

    def __init__(self, keito: LocalKeito) -> None:
        self._keito = keito
        self._seen: set[str] = set()

    def new(self) -> list[TimeEntry]:
        """The entries that came since this was last asked, oldest first."""
        with self._client() as client:
            entries = [entry for entry in client.time_entries.list() if entry.id not in self._seen]
        self._seen.update(entry.id for entry in entries)
        order = [stored["id"] for stored in self._keito.entries()]
        return sorted(entries, key=lambda entry: order.index(entry.id))

    def summary(self, user_id: str, since: date) -> AgentSummary:
        """What an agent worked and earned, up to today."""
        today = datetime.now(timezone.utc).date()
        with self._client() as client:
            return client.reports.agent_summary(user_id=user_id, from_date=since, to_date=today)

    def _client(self) -> Keito:
        keito = self._keito
        return Keito(
            api_key=keito.key("admin"), account_id=keito.account_id, base_url=keito.base_url
        )
