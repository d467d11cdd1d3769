"""What a call may do next, decided from what came back. Pure: nothing here sends or sleeps.

A write that may have been applied is never blindly repeated: the API has no idempotency, so a
second POST whose first answer was lost bills the client twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from ._answers import error_from, gone, read
from ._chance import of_the_system
from ._config import Config
from ._errors import KeitoApiError, KeitoError, KeitoNotFoundError
from ._headers import retry_after
from ._request import Request
from ._transport import Answer, Failure, Outcome

T = TypeVar("T")

Verdict = Literal["done", "rejected", "not_processed", "finished_error", "in_doubt"]


def verdict(outcome: Outcome) -> Verdict:
    """Say what an outcome proves about the request.

    Returns:
        `done`: a 2xx answer. `rejected`: Keito refused it, and would again. `not_processed`: it
        never reached Keito, or Keito sent it away (429). `finished_error`: Keito failed and said
        so (500, 503). `in_doubt`: nobody can tell.
    """
    if isinstance(outcome, Failure):
        return "not_processed" if outcome.kind == "not_sent" else "in_doubt"
    if 200 <= outcome.status < 300:
        return "done"
    if outcome.status == 429:
        return "not_processed"
    if outcome.status in (500, 503):
        return "finished_error"
    if outcome.status == 408 or outcome.status > 500:
        return "in_doubt"
    return "rejected"


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a client is. All times are seconds.

    Attributes:
        max_retries: How often a call may be repeated, or its record looked up.
        first_delay: The longest first pause; each further one may be twice as long.
        longest_delay: The longest pause of our own choosing.
        longest_wait: The longest `Retry-After` that is waited for. A call that would have to
            wait longer raises at once, since trying sooner would only be refused again.
    """

    max_retries: int = 3
    first_delay: float = 0.5
    longest_delay: float = 8.0
    longest_wait: float = 60.0
    chance: Callable[[], float] = of_the_system
    clock: Callable[[], float] = time.monotonic

    def backoff(self, attempt: int) -> float:
        """Return a pause with full jitter, so that clients that failed together don't return so."""
        # A long settle time makes thousands of attempts: 2 to their power would fit in no float.
        longest: float = min(self.longest_delay, self.first_delay * 2 ** min(attempt, 30))
        return self.chance() * longest


@dataclass(frozen=True, slots=True)
class Return(Generic[T]):
    """The call has succeeded."""

    value: T


@dataclass(frozen=True, slots=True)
class Raise:
    """The call has failed."""

    error: KeitoError


@dataclass(frozen=True, slots=True)
class Repeat:
    """Send the request again after a pause."""

    delay: float


@dataclass(frozen=True, slots=True)
class LookUp:
    """Search for the record by its key after a pause."""

    delay: float


Step = Return[T] | Raise | Repeat | LookUp


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a look-up saw: a record, its absence, or (not complete) neither."""

    value: T | None
    complete: bool


class Call(Generic[T]):
    """The story of one call so far, and what it allows next."""

    def __init__(self, request: Request[T], policy: Policy, config: Config) -> None:
        self._request = request
        self._policy = policy
        self._config = config
        self._steps = 0
        self._retries = 0
        self._doubted = False
        self._in_doubt = False
        self._finished = False
        self._since = 0.0
        self._error = KeitoError()

    def after(self, outcome: Outcome) -> Step[T]:
        """Decide what follows an attempt."""
        proven = verdict(outcome)
        if proven == "done" and isinstance(outcome, Answer):
            try:
                return Return(read(outcome, self._request, self._config))
            except KeitoApiError as unreadable:
                self._error = unreadable
                return self._after_doubt(outcome, finished=False)
        self._error = error_from(outcome, self._request, self._config)
        if proven == "rejected" and isinstance(outcome, Answer):
            return self._after_rejection(outcome)
        if proven == "not_processed":
            return self._repeat(outcome)
        return self._after_doubt(outcome, finished=proven == "finished_error")

    def after_look_up(self, found: Found[T]) -> Step[T]:
        """Decide what follows a search for the record."""
        if found.value is not None:
            return Return(found.value)
        if self._status == 409:
            self._in_doubt = not found.complete
            return self._raise()
        if found.complete and (self._finished or self._settled):
            return self._repeat_absent()
        return self._look_up()

    def _after_rejection(self, answer: Answer) -> Step[T]:
        if self._doubted and self._request.method == "DELETE" and self._says_gone:
            return Return(gone(self._request, answer))
        if self._doubted and self._request.in_doubt == "look_up" and self._status == 409:
            return LookUp(0.0)
        return self._raise()

    def _after_doubt(self, outcome: Outcome, *, finished: bool) -> Step[T]:
        self._doubted = self._in_doubt = self._request.writes
        self._finished = finished
        self._since = self._policy.clock()
        if self._request.in_doubt == "repeat":
            return self._repeat(outcome)
        if self._request.in_doubt == "look_up":
            return self._look_up(outcome)
        return self._raise()

    def _repeat(self, outcome: Outcome) -> Step[T]:
        delay = self._pause(outcome)
        if delay is None or not self._spend():
            return self._raise()
        return Repeat(delay)

    def _repeat_absent(self) -> Step[T]:
        self._in_doubt = False
        # After a finished error the look-up has already counted as the retry.
        if not self._finished and not self._spend():
            return self._raise()
        return Repeat(0.0)

    def _look_up(self, outcome: Outcome | None = None) -> Step[T]:
        delay = self._pause(outcome)
        if delay is None:
            return self._raise()
        remaining = self._settling
        if remaining > 0:
            return LookUp(min(delay, remaining))
        if not self._spend():
            return self._raise()
        return LookUp(delay)

    def _pause(self, outcome: Outcome | None) -> float | None:
        """Seconds until the next step; None if Keito asks for more patience than we have."""
        delay = self._policy.backoff(self._steps)
        self._steps += 1
        if not isinstance(outcome, Answer):
            return delay
        asked = retry_after(outcome.headers)
        if asked is None:
            return delay
        return asked if asked <= self._policy.longest_wait else None

    def _spend(self) -> bool:
        self._retries += 1
        return self._retries <= self._policy.max_retries

    def _raise(self) -> Raise:
        self._error.may_have_been_applied = self._in_doubt
        return Raise(self._error)

    @property
    def _settling(self) -> float:
        """Seconds that the caller still grants a lost create to appear."""
        if self._request.settle is None or self._finished:
            return 0.0
        return self._since + self._request.settle - self._policy.clock()

    @property
    def _settled(self) -> bool:
        return self._request.settle is not None and self._settling <= 0

    @property
    def _says_gone(self) -> bool:
        """Whether Keito says so itself: a proxy has pages of its own for what it can't reach."""
        error = self._error
        return isinstance(error, KeitoNotFoundError) and isinstance(error.body, Mapping)

    @property
    def _status(self) -> int | None:
        return self._error.status if isinstance(self._error, KeitoApiError) else None
