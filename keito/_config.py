"""Where Keito is and who asks: from arguments, else from the environment."""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from ._errors import KeitoConfigError

DEFAULT_BASE_URL = "https://app.keito.io"
OTHER_BASE_URL = "https://app.keito.ai"
SANDBOX_KEY_PREFIX = "kto_sandbox_"
# What sockets take ends at 24 days; beyond, they raise errors of their own.
LONGEST_TIMEOUT = 86_400


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a client. The key is kept out of the repr, and so out of logs and tracebacks."""

    api_key: str = field(repr=False)
    account_id: str
    base_url: str
    timeout: float
    max_retries: int


def configure(
    *,
    api_key: str | None = None,
    account_id: str | None = None,
    base_url: str | None = None,
    timeout: float = 30.0,
    max_retries: int = 3,
) -> Config:
    """Gather a client's settings.

    Args:
        api_key: Default: the environment's `KEITO_API_KEY`.
        account_id: Default: the environment's `KEITO_ACCOUNT_ID`.
        base_url: Default: the environment's `KEITO_BASE_URL`, else Keito's own address.
        timeout: Seconds to wait for an answer, a day at most.
        max_retries: How often a call may be repeated.

    Raises:
        KeitoConfigError: Something is missing, or the key must not be sent to that address.
    """
    config = Config(
        api_key=_required("API key", api_key, "api_key", "KEITO_API_KEY"),
        account_id=_required("account id", account_id, "account_id", "KEITO_ACCOUNT_ID"),
        base_url=_address(base_url or os.environ.get("KEITO_BASE_URL") or DEFAULT_BASE_URL),
        timeout=_positive(timeout),
        max_retries=_count(max_retries),
    )
    _forbid_sandbox_key_elsewhere(config)
    return config


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own, so that nothing sent to it leaves the machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _required(what: str, given: str | None, argument: str, variable: str) -> str:
    value = (given if given is not None else os.environ.get(variable, "")).strip()
    if not value:
        raise KeitoConfigError(f"no {what}: pass {argument}= or set {variable}")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise KeitoConfigError(f"the {what} holds characters that no {what} has")
    return value


def _address(url: str) -> str:
    parts = _parts(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise KeitoConfigError("base_url takes a scheme, a host and perhaps a port and a path")
    if parts.scheme == "http" and not is_loopback(url):
        raise KeitoConfigError(
            f"the API key would cross the network unencrypted to {parts.hostname}: use https://"
        )
    return url.strip().rstrip("/")


def _parts(url: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(url.strip())
        host = parts.scheme in ("http", "https") and _is_host(parts.hostname)
        if host and parts.port != 0 and url.isascii() and url.strip().isprintable():
            return parts
    raise KeitoConfigError(f"base_url must look like {DEFAULT_BASE_URL}")


def _is_host(name: str | None) -> bool:
    if not name:
        return False
    if name.replace(".", "").isdecimal():
        ipaddress.ip_address(name)  # what looks like an address and is none is no name either
    # Looking a name up whose parts are empty or too long raises an error of Python's own.
    return bool(name.encode("idna"))


def _positive(timeout: float) -> float:
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not number or not 0 < timeout <= LONGEST_TIMEOUT:
        raise KeitoConfigError(
            f"timeout is a number of seconds above 0 and at most {LONGEST_TIMEOUT}"
        )
    return float(timeout)


def _count(max_retries: int) -> int:
    if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
        raise KeitoConfigError("max_retries is a whole number, 0 or more")
    return max_retries


def _forbid_sandbox_key_elsewhere(config: Config) -> None:
    if config.api_key.startswith(SANDBOX_KEY_PREFIX) and not is_loopback(config.base_url):
        raise KeitoConfigError(
            f"a {SANDBOX_KEY_PREFIX} key is for a local Keito, not for {config.base_url}: "
            "set base_url or KEITO_BASE_URL to the address that `keito sandbox` prints"
        )
