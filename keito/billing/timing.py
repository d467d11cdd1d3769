"""Every time that delivery depends on, as an argument: tests shorten these, not the logic."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .arguments import at_least_one, instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All in seconds, but for the last two.

    Attributes:
        inline: How long recording may hold up the agent before the record is put aside in memory.
            A process's first run also opens the outbox: where others have its file locked, it waits
            for 0.05 at least.
        journal: How long a model call may wait in memory before it is on disk.
        lease: How long a silent process counts as alive; it shows itself three times as often.
        linger: How long a finished run waits for model calls that are still open.
        late: How long after that such a call may still report, which becomes a correction.
        timeout: How long one request to Keito may take.
        claim: How much longer than `timeout` a record belongs to the courier that sends it.
        settle: How long after a lost answer Keito may still be carrying the request out. A record
            is never sent again before.
        look_again: How far apart the two looks are that find a record absent.
        backoff: The first pause when Keito can't be reached; it doubles up to `backoff_most`.
        backoff_most: The longest such pause.
        hold: How long records of a refused key or a forbidden project wait before the next try.
        poll: How often a courier looks for work that other processes recorded.
        costs: How often a courier looks whether a day's costs are to be passed on.
        totals: How long a run may wait for others before it is added to its day's total, so that
            one is sent no more often (`granularity="day"`).
        keep: How long delivered records are kept; until then a second one with their key, subject
            or work key is recognised.
        exit: How long the end of the process may be held up. The interpreter needs a while itself,
            and both together should stay below two seconds.
        requests_per_minute: How many requests a courier makes in a minute at most.
        requests_per_day: How many in a day. A `Recorder` takes both as arguments of its own.
    """

    inline: float = 0.005
    journal: float = 0.05
    lease: float = 15.0
    linger: float = 30.0
    late: float = 3600.0
    timeout: float = 30.0
    claim: float = 15.0
    settle: float = 120.0
    look_again: float = 10.0
    backoff: float = 1.0
    backoff_most: float = 60.0
    hold: float = 3600.0
    poll: float = 5.0
    costs: float = 300.0
    totals: float = 60.0
    keep: float = 90 * 86_400.0
    exit: float = 1.8
    requests_per_minute: int | None = None
    requests_per_day: int | None = None


def paced(timing: Timing | None, *, per_minute: int | None, per_day: int | None) -> Timing:
    """Return a recorder's times, with the limits on requests that are arguments of its own.

    Raises:
        TypeError: These are no times.
        ValueError: They have limits already, or a limit allows no request.
    """
    instance("Recorder(timing=)", timing, Timing, "a Timing")
    timing = timing or Timing()
    # Overruled without a word, a limit that somebody has set would be exceeded.
    if timing.requests_per_minute is not None or timing.requests_per_day is not None:
        raise ValueError(
            "Recorder(timing=): say how many requests with Recorder(requests_per_minute=, "
            "requests_per_day=)"
        )
    return replace(
        timing,
        requests_per_minute=at_least_one("requests_per_minute", per_minute),
        requests_per_day=at_least_one("requests_per_day", per_day),
    )
