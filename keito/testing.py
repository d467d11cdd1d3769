"""A local Keito for tests: a real server on a free port of this machine.

```python
from keito import Keito
from keito.testing import sandbox

with sandbox() as keito_sandbox:
    keito = Keito(**keito_sandbox.client_settings)
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from . import _json

if TYPE_CHECKING:
    from .sandbox import Faults, LoggedRequest, Outage, Server
    from .sandbox import Sandbox as _Sandbox

__all__ = ["ClientSettings", "LocalKeito", "Role", "sandbox"]


class ClientSettings(TypedDict):
    """The arguments with which a client reaches a local Keito."""

    api_key: str
    account_id: str
    base_url: str


Role = Literal["admin", "manager", "member", "agent", "researcher"]
"""Whose key a local Keito is used with; each may do what that role may in Keito."""


class LocalKeito:
    """A running local Keito, and what a test can do to it.

    Attributes:
        base_url: Where it is.
        api_key: The key of the role the sandbox was asked for.
        account_id: The account of all its keys.
        project_id: A billable project, at 150 USD an hour.
        task_id: A billable task.
        client_id: The client of the project.
        expense_category_id: The category "LLM Usage".
        faults: Put faults in place here.
    """

    def __init__(self, app: _Sandbox, server: Server, role: Role) -> None:
        from .sandbox import seed

        self._account = app.account
        self._server = server
        self.base_url = server.base_url
        self.api_key = self.key(role)
        self.account_id = seed.ACCOUNT_ID
        self.project_id = seed.PROJECT_ID
        self.task_id = seed.TASK_ID
        self.client_id = seed.CLIENT_ID
        self.expense_category_id = seed.EXPENSE_CATEGORY_ID
        self.faults: Faults = app.account.faults

    def __repr__(self) -> str:
        return f"LocalKeito({self.base_url!r})"

    @property
    def env(self) -> dict[str, str]:
        """The environment variables with which keito uses this sandbox."""
        return {
            "KEITO_API_KEY": self.api_key,
            "KEITO_ACCOUNT_ID": self.account_id,
            "KEITO_BASE_URL": self.base_url,
            "KEITO_PROJECT_ID": self.project_id,
            "KEITO_TASK_ID": self.task_id,
        }

    @property
    def client_settings(self) -> ClientSettings:
        """The arguments with which a client uses this sandbox."""
        return {
            "api_key": self.api_key,
            "account_id": self.account_id,
            "base_url": self.base_url,
        }

    def key(self, role: Role) -> str:
        """The API key of a person or an agent."""
        return f"kto_sandbox_{role}"

    def entries(self) -> list[dict[str, Any]]:
        """Every time entry as the API would answer it, in the order in which they were made."""
        return self._records("time_entries")

    def expenses(self) -> list[dict[str, Any]]:
        """Every expense, in the order in which they were made."""
        return self._records("expenses")

    def invoices(self) -> list[dict[str, Any]]:
        """Every invoice, in the order in which they were made."""
        return self._records("invoices")

    def requests(self, method: str | None = None, path: str | None = None) -> list[LoggedRequest]:
        """The requests to the API so far, in the order in which they came."""
        return [
            request
            for request in self._account.requests.all()
            if method in (None, request.method) and path in (None, request.path)
        ]

    def outage(self, seconds: float | None = None) -> Outage:
        """Refuse connections, for some seconds or until the end of the `with` block.

        Returns when connections are refused.
        """
        return self._server.outage(seconds)

    def approve(self, *ids: str) -> None:
        """Approve time entries and expenses; they can't be changed any more."""
        self._account.approve(ids)

    def lock(self, *ids: str) -> None:
        """Lock time entries and expenses, as at the end of a period."""
        self._account.lock(ids)

    def bill(self, *ids: str) -> None:
        """Mark time entries and expenses as billed."""
        self._account.bill(ids)

    def set_invoice_state(
        self, invoice_id: str, state: Literal["draft", "open", "paid", "closed"]
    ) -> None:
        """Move an invoice, for instance to paid, which the API itself can't."""
        self._account.set_invoice_state(invoice_id, state)

    def limit_requests(self, *, per_minute: int | None = None, per_day: int | None = None) -> None:
        """Answer 429 to a key that makes more requests; without arguments, no more."""
        from .sandbox.rate_limit import RateLimit

        self._account.settings.rate_limit = RateLimit(per_minute=per_minute, per_day=per_day)

    def answer_errors(self, shape: Literal["flat", "nested"]) -> None:
        """Choose the shape in which errors are answered."""
        self._account.settings.errors = shape

    def fill(self, entries: int) -> None:
        """Add many time entries at once, spread over days, for reading in pages."""
        self._account.fill(entries)

    def reset(self) -> None:
        """Go back to how the sandbox started: its records, no faults, no requests noted."""
        self._server.reset()

    def _records(self, kind: str) -> list[dict[str, Any]]:
        from .sandbox.wire import encode

        with self._account.store.lock:
            stored = list(getattr(self._account.store, kind))
        return cast("list[dict[str, Any]]", _json.loads(encode(stored)))


@contextmanager
def sandbox(
    *,
    role: Role = "admin",
    seed: int | None = None,
    clock: Callable[[], datetime] | None = None,
    data: str | Path | None = None,
    errors: Literal["flat", "nested"] = "flat",
    requests_per_minute: int | None = None,
    requests_per_day: int | None = None,
    port: int = 0,
) -> Iterator[LocalKeito]:
    """Run a local Keito for the time of a `with` block.

    Args:
        role: Whose key `api_key` is.
        seed: Makes ids and times repeatable: the same requests get the same answers.
        clock: The account's time (aware); by default the real one, or with a seed one that goes
            on by a second with every write.
        data: A file that keeps the state across restarts.
        errors: The shape in which errors are answered.
        requests_per_minute: How many requests each key may make; by default any number.
        requests_per_day: The same, by day.
        port: Where to listen; by default any free port.

    Raises:
        ImportError: The packages of `keito[sandbox]` are missing.
        OSError: The port is taken.
        DataFileError: The file can't be used.
    """
    from .billing.destination import forget_keys
    from .sandbox import Sandbox, Server

    app = Sandbox(
        seed=seed,
        clock=clock,
        data=Path(data) if data is not None else None,
        errors=errors,
        requests_per_minute=requests_per_minute,
        requests_per_day=requests_per_day,
    )
    server = Server(app, port=port)
    server.start()
    local = LocalKeito(app, server, role)
    # The port may be that of an earlier one, for which this process used another role's key.
    forget_keys(local.base_url)
    try:
        yield local
    finally:
        server.stop()
