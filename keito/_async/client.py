"""The client."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

import httpx

from .._config import configure
from .._transport import AsyncTransport
from .sender import AsyncSender

if TYPE_CHECKING:
    from .clients import AsyncClients
    from .contacts import AsyncContacts
    from .expenses import AsyncExpenses
    from .invoices import AsyncInvoices
    from .outcomes import AsyncOutcomes
    from .projects import AsyncProjects
    from .reports import AsyncReports
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

    # Each loads on first use: most programs use one or two, and all of them take 15 ms to import.
    @cached_property
    def time_entries(self) -> AsyncTimeEntries:
        """Time that people and agents spent."""
        from .time_entries import AsyncTimeEntries

        return AsyncTimeEntries(self._sender)

    @cached_property
    def expenses(self) -> AsyncExpenses:
        """Money that was spent."""
        from .expenses import AsyncExpenses

        return AsyncExpenses(self._sender)

    @cached_property
    def projects(self) -> AsyncProjects:
        """What is worked on."""
        from .projects import AsyncProjects

        return AsyncProjects(self._sender)

    @cached_property
    def clients(self) -> AsyncClients:
        """Who is billed."""
        from .clients import AsyncClients

        return AsyncClients(self._sender)

    @cached_property
    def contacts(self) -> AsyncContacts:
        """The people at clients."""
        from .contacts import AsyncContacts

        return AsyncContacts(self._sender)

    @cached_property
    def tasks(self) -> AsyncTasks:
        """Kinds of work."""
        from .tasks import AsyncTasks

        return AsyncTasks(self._sender)

    @cached_property
    def users(self) -> AsyncUsers:
        """People and agents."""
        from .users import AsyncUsers

        return AsyncUsers(self._sender)

    @cached_property
    def invoices(self) -> AsyncInvoices:
        """Bills, and the messages that carry them."""
        from .invoices import AsyncInvoices

        return AsyncInvoices(self._sender)

    @cached_property
    def reports(self) -> AsyncReports:
        """Totals."""
        from .reports import AsyncReports

        return AsyncReports(self._sender)

    @cached_property
    def outcomes(self) -> AsyncOutcomes:
        """Results that are billed by the piece."""
        from .outcomes import AsyncOutcomes

        return AsyncOutcomes(self._sender)

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
