"""Faults: what goes wrong between a client and Keito, on purpose."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import ClassVar, Literal, TypedDict

from pydantic import ConfigDict
from typing_extensions import Unpack

from .wire import decode

Kind = Literal[
    "drop", "error", "foreign", "hang", "late", "rate_limit", "slow", "stale", "truncated"
]
Then = Literal["error", "drop", "hang"]

_LONGEST = 86_400


class Match(TypedDict, total=False):
    """Which requests a fault is for.

    Attributes:
        method: One HTTP method; by default any.
        path: A path with `*` for anything, such as `/api/v2/time_entries*`; by default any.
        times: How many requests it spoils; None for as long as it is there.
        probability: How likely a matching request is spoiled, 0 to 1.
        first_attempt: Only the first request of each record, known by its metadata's
            `keito_key` or `uid`; requests without one pass.
    """

    method: str | None
    path: str
    times: int | None
    probability: float
    first_attempt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, and the requests it is for (see `Match`).

    Attributes:
        kind: What happens.
        committed: Whether the request is carried out all the same.
        status: The status of an `error`.
        seconds: How long a `slow` answer takes, a `hang` lasts (0: until the client leaves), a
            `late` commit is late, or a `stale` list is behind.
        then: What the client of a `late` commit sees meanwhile.
        retry_after: The seconds a `rate_limit` asks to wait.
        as_date: Whether it asks with an HTTP date.
    """

    kind: Kind
    committed: bool = True
    status: int = 503
    seconds: float = 0.0
    then: Then = "error"
    retry_after: int = 1
    as_date: bool = False
    method: str | None = None
    path: str = "*"
    times: int | None = 1
    probability: float = 1.0
    first_attempt: bool = False

    # Read from JSON by the control API, where a misspelt field must not pass for a default.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        """Refuse what could not happen.

        Raises:
            ValueError: A value is out of range.
        """
        if not 400 <= self.status <= 599:
            raise ValueError("status should be from 400 to 599")
        if not 0 <= self.probability <= 1:
            raise ValueError("probability should be from 0 to 1")
        if not 0 <= self.seconds <= _LONGEST or self.retry_after < 0:
            raise ValueError(f"seconds should be from 0 to {_LONGEST}")
        if self.times is not None and self.times < 1:
            raise ValueError("times should be 1 or more, or None")


@dataclass(slots=True)
class Injected:
    """A fault in place, and how many requests it has spoiled."""

    fault: Fault
    chance: random.Random
    hits: int = 0
    seen: set[str] = field(default_factory=set, repr=False)

    @property
    def is_spent(self) -> bool:
        """Whether it has spoiled as many requests as it should."""
        return self.fault.times is not None and self.hits >= self.fault.times

    def strikes(self, method: str, path: str, body: bytes) -> bool:
        """Whether this request is spoiled; counts it if so."""
        fault = self.fault
        if self.is_spent or fault.method not in (None, method):
            return False
        if not fnmatchcase(path, fault.path) or not self._is_first(body):
            return False
        if self.chance.random() >= fault.probability:
            return False
        self.hits += 1
        return True

    def _is_first(self, body: bytes) -> bool:
        if not self.fault.first_attempt:
            return True
        key = record_key(body)
        if key is None or key in self.seen:
            return False
        self.seen.add(key)
        return True


class Faults:
    """The faults of a sandbox. Of several that match, the first put in place happens."""

    def __init__(self, *, seed: int | None = None) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._injected: list[Injected] = []

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> list[Injected]:
        """The faults that can still happen."""
        with self._lock:
            return [injected for injected in self._injected if not injected.is_spent]

    def inject(self, fault: Fault) -> Injected:
        """Put a fault in place."""
        with self._lock:
            injected = Injected(fault, random.Random(self._seed))
            self._injected.append(injected)
            return injected

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._injected.clear()

    def strike(self, method: str, path: str, body: bytes) -> Fault | None:
        """The fault that spoils this request, if any."""
        with self._lock:
            self._injected = [injected for injected in self._injected if not injected.is_spent]
            for injected in self._injected:
                if injected.strikes(method, path, body):
                    return injected.fault
        return None

    def drop(self, *, committed: bool = True, **match: Unpack[Match]) -> Injected:
        """Cut the connection instead of answering."""
        return self.inject(Fault(kind="drop", committed=committed, **match))

    def error(
        self, status: int = 503, *, committed: bool = False, **match: Unpack[Match]
    ) -> Injected:
        """Answer a server error, before or after the request was carried out."""
        return self.inject(Fault(kind="error", status=status, committed=committed, **match))

    def hang(
        self, *, committed: bool = True, seconds: float = 0.0, **match: Unpack[Match]
    ) -> Injected:
        """Answer nothing and keep the connection, until the client leaves or for some seconds."""
        fault = Fault(kind="hang", committed=committed, seconds=seconds, **match)
        return self.inject(fault)

    def late(
        self,
        seconds: float,
        *,
        then: Then = "error",
        status: int = 504,
        **match: Unpack[Match],
    ) -> Injected:
        """Carry the request out only some seconds after the client was given up on."""
        fault = Fault(kind="late", seconds=seconds, then=then, status=status, **match)
        return self.inject(fault)

    def slow(self, seconds: float, *, committed: bool = True, **match: Unpack[Match]) -> Injected:
        """Answer late; with `committed=False` the request is also carried out only then."""
        fault = Fault(kind="slow", seconds=seconds, committed=committed, **match)
        return self.inject(fault)

    def truncate(self, **match: Unpack[Match]) -> Injected:
        """Carry the request out and send half of the answer."""
        return self.inject(Fault(kind="truncated", **match))

    def html(self, *, committed: bool = True, **match: Unpack[Match]) -> Injected:
        """Answer 200 with a web page, as a proxy or a login wall does."""
        return self.inject(Fault(kind="foreign", committed=committed, **match))

    def rate_limit(
        self, retry_after: int = 1, *, as_date: bool = False, **match: Unpack[Match]
    ) -> Injected:
        """Answer 429 with `Retry-After`, in seconds or as an HTTP date."""
        fault = Fault(kind="rate_limit", retry_after=retry_after, as_date=as_date, **match)
        return self.inject(fault)

    def stale(self, seconds: float, **match: Unpack[Match]) -> Injected:
        """Let lists be some seconds behind the writes; by default until cleared."""
        match = {"method": "GET", "times": None, **match}
        return self.inject(Fault(kind="stale", seconds=seconds, **match))


def record_key(body: bytes) -> str | None:
    """What tells a record from others, whatever the attempt: `keito_key` or `uid`."""
    try:
        value = decode(body)
    except ValueError:
        return None
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict):
        return None
    key = metadata.get("keito_key") or metadata.get("uid")
    return None if key is None else str(key)
