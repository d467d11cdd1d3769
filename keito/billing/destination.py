"""Which Keito a record is for: every record carries it, and a courier takes only its own."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import ClassVar

from .._config import DEFAULT_BASE_URL
from .._errors import KeitoConfigError


@dataclass(frozen=True, slots=True)
class Destination:
    """An address, an account there, and the name (never the value) of the key to use.

    Attributes:
        api_key: Kept out of the repr and of everything that is stored.
    """

    base_url: str
    account_id: str
    credential: str
    api_key: str | None = field(default=None, repr=False, compare=False)

    _keys: ClassVar[dict[Destination, bytes]] = {}

    @property
    def id(self) -> str:
        """A short name for it, the same in every process."""
        text = "\n".join((self.base_url, self.account_id, self.credential))
        return hashlib.sha256(_encoded(text)).hexdigest()[:16]

    @property
    def complete(self) -> bool:
        """Whether records can be sent there."""
        return bool(self.api_key and self.account_id)


def destination(
    *,
    api_key: str | None = None,
    account_id: str | None = None,
    base_url: str | None = None,
    credential: str = "default",
) -> Destination:
    """Gather where records go, from arguments, else from the environment.

    Raises:
        KeitoConfigError: Another key was used under this name before: which of the two would
            a record left over from yesterday be for?
    """
    found = Destination(
        base_url=_given(base_url, "KEITO_BASE_URL", DEFAULT_BASE_URL).rstrip("/"),
        account_id=_given(account_id, "KEITO_ACCOUNT_ID", ""),
        credential=credential,
        api_key=_given(api_key, "KEITO_API_KEY", "") or None,
    )
    _refuse_second_key(found)
    return found


def forget_keys(base_url: str) -> None:
    """Let any key be used at an address, since another server is there now."""
    for known in [known for known in Destination._keys if known.base_url == base_url]:
        del Destination._keys[known]


def _given(argument: str | None, variable: str, otherwise: str) -> str:
    value = argument if argument is not None else os.environ.get(variable, "")
    return value.strip() or otherwise


def _encoded(text: str) -> bytes:
    # What an environment holds need not be UTF-8, and must not end an agent.
    return text.encode("utf-8", "backslashreplace")


def _refuse_second_key(found: Destination) -> None:
    if found.api_key is None:
        return
    digest = hashlib.sha256(_encoded(found.api_key)).digest()
    if Destination._keys.setdefault(replace(found, api_key=None), digest) != digest:
        raise KeitoConfigError(
            "this process uses two API keys for the same account: "
            'give the second one a name with Recorder(credential="...")'
        )
