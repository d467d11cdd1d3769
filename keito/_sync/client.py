# Generated from keito/_async/client.py: change that, then run `make fix`.
"""The client."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

import httpx

from .._config import configure
from .._transport import Transport
from .sender import Sender

if TYPE_CHECKING:
    from .clients import Clients
    from .contacts import Contacts
    from .expenses import Expenses
    from .invoices import Invoices
    from .outcomes import Outcomes
    from .projects import Projects
    from .reports import Reports
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

    # Each loads on first use: most programs use one or two, and all of them take 15 ms to import.
    @cached_property
    def time_entries(self) -> TimeEntries:
        """Time that people and agents spent."""
        from .time_entries import TimeEntries

        return TimeEntries(self._sender)

    @cached_property
    def expenses(self) -> Expenses:
        """Money that was spent."""
        from .expenses import Expenses

        return Expenses(self._sender)

    @cached_property
    def projects(self) -> Projects:
        """What is worked on."""
        from .projects import Projects

        return Projects(self._sender)

    @cached_property
    def clients(self) -> Clients:
        """Who is billed."""
        from .clients import Clients

        return Clients(self._sender)

    @cached_property
    def contacts(self) -> Contacts:
        """The people at clients."""
        from .contacts import Contacts

        return Contacts(self._sender)

    @cached_property
    def tasks(self) -> Tasks:
        """Kinds of work."""
        from .tasks import Tasks

        return Tasks(self._sender)

    @cached_property
    def users(self) -> Users:
        """People and agents."""
        from .users import Users

        return Users(self._sender)

    @cached_property
    def invoices(self) -> Invoices:
        """Bills, and the messages that carry them."""
        from .invoices import Invoices

        return Invoices(self._sender)

    @cached_property
    def reports(self) -> Reports:
        """Totals."""
        from .reports import Reports

        return Reports(self._sender)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Results that are billed by the piece."""
        from .outcomes import Outcomes

        return Outcomes(self._sender)

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
