"""The backlog: what people do with the records that are still here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from .._errors import KeitoInputError
from .correction import AFTER_PARKED
from .genai import GenaiPrices
from .outbox.port import Outbox
from .outbox.record import STATES, Change, Record, State
from .prices import Prices
from .rendering import Rendering
from .replay import Replay, replayable
from .run_facts import StartFacts, target_of
from .target import Target
from .unreadable import lines_in

# What nobody is sending and nobody has: a person may still decide about it.
_UNDECIDED: tuple[State, ...] = ("READY", "PARKED", "UNROUTED", "COLLECTED")
_NEVER_SENT: tuple[State, ...] = ("READY", "UNROUTED", "COLLECTED")
# Seconds to wait for a courier that is filing, which takes it a moment.
_TURN = 10.0


class Backlog:
    """The records of one destination, for people to look at and to decide about.

    Every decision is one transaction, guarded by the record's fence: of a courier and any number of
    people one wins, and the others are told.

    Args:
        outbox: Where the records are.
        destination: Whose records these are; see `Destination.id`.
        prices: What model calls cost whose provider does not say; default: genai-prices, where it
            is installed.
        clock: Seconds since 1970.
        changed: Called after a decision, so that a courier looks at once.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: str,
        *,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.time,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._clock = clock
        self._changed = changed
        asked = GenaiPrices() if prices is None else prices
        self._rendering = Rendering(clock=clock, prices=asked)

    def records(self, state: State | None = None) -> list[Record]:
        """List the records in a state, or all, oldest first."""
        states = STATES if state is None else (state,)
        # At one moment: read state by state, what a courier moves on meanwhile would be missed.
        return sorted(self._outbox.in_state(self._destination, *states), key=_age)

    def assign(self, run_or_key: str, target: Target) -> int:
        """Say whose work an unrouted run was: all that is unrouted of it is rendered and sent.

        What the target leaves open stays as it was recorded.

        Args:
            run_or_key: The run, or the key of one of its records.
            target: Where the work goes.

        Returns:
            How many records are to be sent now.

        Raises:
            KeitoInputError: Nothing of this name is unrouted, or project or task are missing.
        """
        with self._turn():
            old = self._unrouted(run_or_key)
            replay = Replay(self._outbox, old=old)
            replay.play(self._rendering, lambda start: _with_target(start, target))
            self._check(replay.done())
        self._changed()
        return sum(record.state == "READY" for record in replay.records)

    def retry(self, key: str) -> None:
        """Send a parked record once more, and the corrections that were parked with it.

        What could not be read is read once more.

        Raises:
            KeitoInputError: There is no parked record with this key.
        """
        record = self._one(key, ("PARKED",))
        if record.kind == "unreadable":
            self._put_back(record)
        elif not record.payload:
            raise KeitoInputError(f"{key} can't be sent: {record.reason}")
        else:
            again = Change(state="READY", since=self._clock())
            self._check(self._outbox.change(record, again))
            for later in _following(record, self._outbox.of_run(record.run)):
                if later.reason == AFTER_PARKED and later.state == "PARKED":
                    self._outbox.change(later, again)
        self._changed()

    def drop(self, key: str, reason: str) -> int:
        """Decide that a record is not to be sent. It is kept, as `DROPPED`, with its reason.

        Its corrections go with it. It counts no longer towards a cap, as an attempt that was
        charged, or in the daily expense; a second record with its key or subject is still ignored.

        Returns:
            How many records were dropped.

        Raises:
            KeitoInputError: There is no such record that is still to be decided about, or no
                reason.
        """
        if not reason.strip():
            raise KeitoInputError("drop: say why")
        with self._turn():
            record = self._one(key, _UNDECIDED)
            of_run = self._outbox.of_run(record.run)
            follow = [r for r in _following(record, of_run) if r.state in _UNDECIDED]
            old = [record, *follow]
            self._check(self._outbox.replace(old, [self._dropped(one, reason) for one in old]))
        self._changed()
        return len(old)

    def release(self) -> int:
        """Let go what `KEITO_MODE=record` holds; how many records that are."""
        count = self._outbox.release(self._destination)
        self._changed()
        return count

    def adopt(self, destination: str, *, account: str) -> int:
        """Take over what was recorded in this outbox for another destination, and never sent.

        It is rendered anew as this destination's: what its subjects, jobs and caps have had already
        is not charged again. Each run moves in one transaction, so any number of processes may do
        this at once, and be killed meanwhile.

        Args:
            destination: The other one, e.g. that of records without an account.
            account: This destination's account, within which keys are derived.

        Returns:
            How many records are this destination's now.
        """
        count = 0
        with self._turn():
            waiting = sorted(self._outbox.in_state(destination, *_NEVER_SENT), key=_age)
            for run in dict.fromkeys(record.run for record in waiting):
                of_run = [record for record in waiting if record.run == run]
                count += self._adopt_run(of_run, account)
        self._changed()
        return count

    def _adopt_run(self, records: Sequence[Record], account: str) -> int:
        # Only what was never sent can be made anew, and only what says what it was made from.
        movable = [record for record in records if not record.attempts and replayable(record)]
        if not any(record.facts for record in movable):
            return 0
        replay = Replay(self._outbox, old=movable)
        now = {"destination": self._destination, "account": account}
        replay.play(self._rendering, lambda start: cast("StartFacts", {**start, **now}))
        return len(replay.records) if replay.done() else 0

    @contextmanager
    def _turn(self) -> Iterator[None]:
        end = time.monotonic() + _TURN
        while True:
            with self._outbox.filing_turn() as mine:
                if mine:
                    yield
                    return
            if time.monotonic() >= end:
                raise TimeoutError("a courier has been filing for long: try again")
            time.sleep(0.01)

    def _unrouted(self, run_or_key: str) -> list[Record]:
        named = self._outbox.find(run_or_key)
        run = run_or_key if named is None else named.run
        found = [
            record
            for record in self._outbox.of_run(run)
            if (record.state, record.destination) == ("UNROUTED", self._destination)
        ]
        if not found:
            raise KeitoInputError(f"nothing of {run_or_key} is unrouted")
        return found

    def _one(self, key: str, states: Sequence[State]) -> Record:
        record = self._outbox.find(key)
        if record is None or record.destination != self._destination:
            raise KeitoInputError(f"there is no record {key}")
        if record.state not in states:
            raise KeitoInputError(f"{key} is {record.state}, not {' or '.join(states)}")
        return record

    def _put_back(self, record: Record) -> None:
        # A crash in between leaves both, and filing makes the same records of both. Nobody may
        # file in between: it would park the lines under the key that is dropped here.
        with self._turn():
            for line in lines_in(record):
                self._outbox.append(line)
            self._check(self._outbox.replace([record], []))

    def _dropped(self, record: Record, reason: str) -> Record:
        before = f" (before: {record.reason})" if record.reason else ""
        return replace(
            record,
            state="DROPPED",
            reason=f"dropped: {reason.strip()}{before}",
            since=self._clock(),
            fence=record.fence + 1,
            charged=False,
            amount=0,
            expense="" if record.expense == "due" else record.expense,
        )

    def _check(self, done: bool) -> None:
        if not done:
            raise KeitoInputError("a record has moved on meanwhile: look again")


def _age(record: Record) -> tuple[float, str]:
    return record.made, record.key


def _following(record: Record, of_run: Sequence[Record]) -> list[Record]:
    """List what comes after a record, and what comes after that."""
    found: list[Record] = []
    for later in of_run:
        if later.after == record.key:
            found += [later, *_following(later, of_run)]
    return found


def _with_target(start: StartFacts, target: Target) -> StartFacts:
    before = target_of(start)
    # What was said of the run is about the work that is assigned now.
    said = replace(before, project_id=target.project_id or before.project_id)
    chosen = target.over(said)
    if not chosen.routed:
        raise KeitoInputError("assign: the target needs a project and a task")
    return cast("StartFacts", {**start, "target": chosen.facts()})
