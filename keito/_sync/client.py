# Generated from keito/_async/client.py: change that, then run `make fix`.
"""The client."""

from __future__ import annotations

from types import TracebackType

import httpx

from .._config import configure
from .._transport import Transport
from .clients import Clients
from .contacts import Contacts
from .expenses import Expenses
from .invoices import Invoices
from .outcomes import Outcomes
from .projects import Projects
from .reports import Reports
from .sender import Sender
from .tasks import Tasks
from .time_entries import TimeEntries
from .users import Users


class Keito:
    """Keito's API.

    Args:
        api_key: Default: the environment's `KEITO_API_KEY`.
        account_id: Default: the environment's `KEITO_ACCOUNT_ID`.
        base_url: Where Keito is. Default: the environment's `KEITO_BASE_URL`, else its own
            address. Plain `http://` only to this machine.
        timeout: Seconds to wait for an answer, a day at most.
        max_retries: How often a call may be repeated, or a lost record looked up.
        http_client: Your own HTTP client, e.g. for a proxy; it stays yours to close.

    Attributes:
        time_entries: Time that people and agents spent.
        expenses: Money that was spent.
        projects: What is worked on.
        clients: Who is billed.
        contacts: The people at clients.
        tasks: Kinds of work.
        users: People and agents.
        invoices: Bills, and the messages that carry them.
        reports: Totals.
        outcomes: Results that are billed by the piece.

    Raises:
        KeitoConfigError: There is no key or account id, or the address must not be used.

    Example:
        with Keito() as keito:
            me = keito.users.me()
    """

    def __init__(
        self,
        api_key: str | None = None,
        account_id: str | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._config = configure(
            api_key=api_key,
            account_id=account_id,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
        )
        self._transport = Transport(self._config, http_client)
        self._sender = Sender(self._config, self._transport)
        self.time_entries = TimeEntries(self._sender)
        self.expenses = Expenses(self._sender)
        self.projects = Projects(self._sender)
        self.clients = Clients(self._sender)
        self.contacts = Contacts(self._sender)
        self.tasks = Tasks(self._sender)
        self.users = Users(self._sender)
        self.invoices = Invoices(self._sender)
        self.reports = Reports(self._sender)
        self.outcomes = Outcomes(self._sender)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Keito:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Keito {self._config.account_id} at {self._config.base_url}>"
