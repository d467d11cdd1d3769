"""The way to Keito: the requests that go there, and when the next one may."""

from __future__ import annotations

from collections.abc import Callable

from .._errors import KeitoConfigError
from .._headers import retry_after
from .._request import Request
from .._transport import Answer, Failure, Outcome, Transport
from . import _log
from .holds import Holds
from .rate import Rate
from .refusal import said_by
from .timing import Timing

# So many failures in a row are no accident: their end is told, too.
_OUTAGE = 3


class Way:
    """Sends single requests, and remembers what they met.

    Args:
        transport: What exchanges a request for an answer.
        timing: How long requests and pauses take.
        monotonic: Seconds on a clock that is never set.
        chance: A number between 0 and 1, so that couriers that failed together don't return so.
        secret: The API key, which must not be in anything that is said.

    Attributes:
        last_error: What last went wrong.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timing: Timing,
        monotonic: Callable[[], float],
        chance: Callable[[], float],
        secret: str,
    ) -> None:
        self._transport = transport
        self._timing = timing
        self._monotonic = monotonic
        self._chance = chance
        self._secret = secret
        self._failures = 0
        self._resume_at = 0.0
        self._rate = Rate(per_minute=timing.requests_per_minute, per_day=timing.requests_per_day)
        self._holds = Holds()
        self.last_error: str | None = None

    @property
    def held(self) -> bool:
        """Whether nothing may be sent with this key now."""
        return self._holds.credential(self._monotonic())

    @property
    def held_projects(self) -> list[str]:
        """The projects of which nothing may be sent now."""
        return self._holds.projects(self._monotonic())

    @property
    def refused(self) -> tuple[str, ...]:
        """What Keito refuses at the moment, for people."""
        return self._holds.names(self._monotonic())

    @property
    def wait(self) -> float:
        """In how many seconds the next record may be sent; 0 for at once."""
        return max(0.0, self._resume_at - self._monotonic(), self.full)

    @property
    def full(self) -> float:
        """In how many seconds our own limit allows the next request; 0 for at once."""
        return self._rate.wait(self._monotonic())

    def exchange(self, request: Request[object]) -> Outcome:
        """Send a request once."""
        self._rate.count(self._monotonic())
        try:
            return self._transport.exchange(request, timeout=self._timing.timeout)
        except KeitoConfigError as error:
            # This process may not reach that address: nothing was sent.
            return Failure("not_sent", error)

    def works(self) -> None:
        """Note that Keito has done what it was asked."""
        if self._failures >= _OUTAGE:
            _log.over("unreachable", f"Keito takes records again, after {self._failures} tries")
        self._failures = 0
        self.last_error = None

    def cleared_up(self) -> None:
        """Note that a record whose answer was lost has arrived: nothing is wrong with it any more.

        This is no sign that Keito takes the next one, so how long pauses are is left as it is.
        """
        self.last_error = None

    def pause(self, met: Outcome | str) -> None:
        """Send nothing for a while: as long as Keito asks, else longer each time."""
        self._failures += 1
        self.last_error = said = met if isinstance(met, str) else self.said(met)
        _log.warn("unreachable", f"Keito can't take records now ({said}): they are kept meanwhile")
        asked = retry_after(met.headers) if isinstance(met, Answer) else None
        longest = min(
            self._timing.backoff_most, self._timing.backoff * 2 ** min(self._failures - 1, 30)
        )
        pause = asked if asked is not None else longest * (0.5 + self._chance() / 2)
        self._resume_at = self._monotonic() + pause

    def heed(self, met: Outcome) -> None:
        """Note what a question was answered with, where that holds for what is sent as well."""
        status = met.status if isinstance(met, Answer) else 0
        if status == 429:
            self.pause(met)
        elif status == 401:
            self.refused_key()

    def said(self, met: Outcome) -> str:
        """Say in a few words what was met."""
        return said_by(met, secret=self._secret)

    def refused_key(self) -> None:
        """Send nothing with this key for a while."""
        self._holds.hold_credential(until=self._monotonic() + self._timing.hold)
        self.last_error = "HTTP 401"
        _log.warn("401", "Keito refuses the API key: records are kept and tried again later")

    def refused_project(self, project: str) -> None:
        """Send nothing for this project for a while."""
        self._holds.hold_project(project, until=self._monotonic() + self._timing.hold)
        self.last_error = "HTTP 403"
        _log.warn(
            f"403 {project}",
            f"Keito forbids entries on project {project}: its records are kept and "
            "tried again later",
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
