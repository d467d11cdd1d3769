"""Bill for what AI agents do.

`Keito` and `AsyncKeito` are the clients; `keito.billing` records what agents do and delivers it.

Names load on first use, so that recording, which needs the standard library alone, never pays
for the client's dependencies.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._async.client import AsyncKeito as AsyncKeito
    from ._async.pages import AsyncPage as AsyncPage
    from ._async.pages import AsyncPages as AsyncPages
    from ._errors import KeitoApiError as KeitoApiError
    from ._errors import KeitoAuthError as KeitoAuthError
    from ._errors import KeitoConfigError as KeitoConfigError
    from ._errors import KeitoConflictError as KeitoConflictError
    from ._errors import KeitoConnectionError as KeitoConnectionError
    from ._errors import KeitoError as KeitoError
    from ._errors import KeitoForbiddenError as KeitoForbiddenError
    from ._errors import KeitoInputError as KeitoInputError
    from ._errors import KeitoNotFoundError as KeitoNotFoundError
    from ._errors import KeitoRateLimitError as KeitoRateLimitError
    from ._errors import KeitoServerError as KeitoServerError
    from ._errors import KeitoTimeoutError as KeitoTimeoutError
    from ._errors import KeitoValidationError as KeitoValidationError
    from ._sync.client import Keito as Keito
    from ._sync.pages import Page as Page
    from ._unset import UNSET as UNSET
    from ._version import __version__ as __version__
    from .billing import bill_to as bill_to
    from .billing import billed as billed
    from .billing import default_recorder as default_recorder
    from .types import AgentMetadata as AgentMetadata
    from .types import AgentSummary as AgentSummary
    from .types import Client as Client
    from .types import Contact as Contact
    from .types import Expense as Expense
    from .types import ExpenseCreate as ExpenseCreate
    from .types import Http as Http
    from .types import Invoice as Invoice
    from .types import InvoiceCreate as InvoiceCreate
    from .types import InvoiceMessage as InvoiceMessage
    from .types import LineItem as LineItem
    from .types import LineItemCreate as LineItemCreate
    from .types import Metadata as Metadata
    from .types import OutcomeTypes as OutcomeTypes
    from .types import Project as Project
    from .types import Recipient as Recipient
    from .types import RequestOptions as RequestOptions
    from .types import Task as Task
    from .types import TeamTimeResult as TeamTimeResult
    from .types import TimeEntry as TimeEntry
    from .types import TimeEntryCreate as TimeEntryCreate
    from .types import User as User

_NAMES_BY_MODULE: dict[str, tuple[str, ...]] = {
    "._async.client": ("AsyncKeito",),
    "._async.pages": (
        "AsyncPage",
        "AsyncPages",
    ),
    "._errors": (
        "KeitoApiError",
        "KeitoAuthError",
        "KeitoConfigError",
        "KeitoConflictError",
        "KeitoConnectionError",
        "KeitoError",
        "KeitoForbiddenError",
        "KeitoInputError",
        "KeitoNotFoundError",
        "KeitoRateLimitError",
        "KeitoServerError",
        "KeitoTimeoutError",
        "KeitoValidationError",
    ),
    "._sync.client": ("Keito",),
    "._sync.pages": ("Page",),
    "._unset": ("UNSET",),
    "._version": ("__version__",),
    ".billing": (
        "bill_to",
        "billed",
        "default_recorder",
    ),
    ".types": (
        "AgentMetadata",
        "AgentSummary",
        "Client",
        "Contact",
        "Expense",
        "ExpenseCreate",
        "Http",
        "Invoice",
        "InvoiceCreate",
        "InvoiceMessage",
        "LineItem",
        "LineItemCreate",
        "Metadata",
        "OutcomeTypes",
        "Project",
        "Recipient",
        "RequestOptions",
        "Task",
        "TeamTimeResult",
        "TimeEntry",
        "TimeEntryCreate",
        "User",
    ),
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

__all__ = [
    "UNSET",
    "AgentMetadata",
    "AgentSummary",
    "AsyncKeito",
    "AsyncPage",
    "AsyncPages",
    "Client",
    "Contact",
    "Expense",
    "ExpenseCreate",
    "Http",
    "Invoice",
    "InvoiceCreate",
    "InvoiceMessage",
    "Keito",
    "KeitoApiError",
    "KeitoAuthError",
    "KeitoConfigError",
    "KeitoConflictError",
    "KeitoConnectionError",
    "KeitoError",
    "KeitoForbiddenError",
    "KeitoInputError",
    "KeitoNotFoundError",
    "KeitoRateLimitError",
    "KeitoServerError",
    "KeitoTimeoutError",
    "KeitoValidationError",
    "LineItem",
    "LineItemCreate",
    "Metadata",
    "OutcomeTypes",
    "Page",
    "Project",
    "Recipient",
    "RequestOptions",
    "Task",
    "TeamTimeResult",
    "TimeEntry",
    "TimeEntryCreate",
    "User",
    "__version__",
    "bill_to",
    "billed",
    "default_recorder",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
