"""The client."""

from __future__ import annotations

from types import TracebackType

import httpx

from .._config import configure
from .._transport import AsyncTransport
from .clients import AsyncClients
from .contacts import AsyncContacts
from .expenses import AsyncExpenses
from .invoices import AsyncInvoices
from .outcomes import AsyncOutcomes
from .projects import AsyncProjects
from .reports import AsyncReports
from .sender import AsyncSender
from .tasks import AsyncTasks
from .time_entries import AsyncTimeEntries
from .users import AsyncUsers


class AsyncKeito:
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
        async with AsyncKeito() as keito:
            me = await keito.users.me()
    """

    def __init__(
        self,
        api_key: str | None = None,
        account_id: str | None = None,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        self._config = configure(
            api_key=api_key,
            account_id=account_id,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
        )
        self._transport = AsyncTransport(self._config, http_client)
        self._sender = AsyncSender(self._config, self._transport)
        self.time_entries = AsyncTimeEntries(self._sender)
        self.expenses = AsyncExpenses(self._sender)
        self.projects = AsyncProjects(self._sender)
        self.clients = AsyncClients(self._sender)
        self.contacts = AsyncContacts(self._sender)
        self.tasks = AsyncTasks(self._sender)
        self.users = AsyncUsers(self._sender)
        self.invoices = AsyncInvoices(self._sender)
        self.reports = AsyncReports(self._sender)
        self.outcomes = AsyncOutcomes(self._sender)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> AsyncKeito:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<AsyncKeito {self._config.account_id} at {self._config.base_url}>"
