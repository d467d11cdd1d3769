"""The requests a sandbox has had, without their keys and bodies."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timezone

_KEPT = 100_000


@dataclass(slots=True)
class LoggedRequest:
    """One request.

    Attributes:
        status: The status the client was sent; None when it got no answer.
        fault: The kind of fault that spoiled it.
        seconds: From its arrival to its answer; None until then.
    """

    method: str
    path: str
    query: str
    at: datetime
    status: int | None = None
    fault: str | None = None
    seconds: float | None = None
    _started: float = 0.0

    def described(self) -> dict[str, object]:
        """The request as plain values."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "at": self.at,
            "status": self.status,
            "fault": self.fault,
        }

    def answered(self, status: int) -> None:
        """Note the answer."""
        self.status = status
        self.seconds = time.monotonic() - self._started


class RequestLog:
    """The latest requests, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[LoggedRequest] = deque(maxlen=_KEPT)

    def arrived(self, method: str, path: str, query: str) -> LoggedRequest:
        """Note a request."""
        request = LoggedRequest(
            method, path, query, datetime.now(timezone.utc), _started=time.monotonic()
        )
        with self._lock:
            self._requests.append(request)
        return request

    def all(self) -> list[LoggedRequest]:
        """Every request noted."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._requests.clear()
