"""The record in the making: what happened in a run and in the runs folded into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ._facts import decode, encode
from .calls import Call
from .clocks import now
from .intervals import Interval
from .parts import work_of_part
from .said import Said
from .target import Target
from .tree import Tree
from .usage import text

if TYPE_CHECKING:
    from .meter import Meter


class Ledger:
    """Everything that one record will say.

    All of it is read and changed under the tree's lock: events arrive from any thread. What an
    adapter calls takes it by itself; around the rest, `Recording` has taken it.
    """

    # Kept by the class as long as they hold for a run: its start waits for all that it sets.
    ended: int | None = None
    status = "ok"
    error: str | None = None
    closed = False
    follows: str | None = None
    taken: Sequence[Interval] = ()
    paused_since: int | None = None
    pauses_open = 0
    written = False
    corrected = False
    corrections = 0
    settled = False
    on_settled: Sequence[Callable[[], None]] = ()
    _said: Said | None = None

    def __init__(
        self,
        id: str,
        name: str,
        target: Target,
        tree: Tree,
        above: Ledger | None,
        started_at: int,
        framework: str = "python",
        started: int | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.target = target
        self.tree = tree
        self.above = above
        self.started_at = started_at
        self.framework = framework
        self.started = now() if started is None else started
        self.pauses: list[Interval] = []
        self.calls: list[Call] = []
        self.tools: dict[str, list[int] | int] = {}
        self.work = target.work_key
        if above is not None and above.work is not None:
            self._work_with(above, above.work)

    def _work_with(self, above: Ledger, work: str) -> None:
        # Also for another client: whoever redelivers the job redelivers what is nested in it.
        if self.work is None or self.work == above.target.work_key:
            # A piece of the job its parent works on: charged beside it, and like it once.
            self.work = self.tree.piece(f"{work}\n{self.name}")

    @property
    def said(self) -> Said:
        """What the run was told besides."""
        if self._said is None:
            self._said = Said()
        return self._said

    def piece(self, what: tuple[str, ...], key: str | None) -> str | None:
        """Name a success of the job: the same in every attempt that tells of it under this key.

        Without a key its place among those of its kind names it.
        """
        if self.work is None:
            return None
        if key is not None:
            return f"{self.work}\nnamed\n{key}"
        return self.tree.piece("\n".join((self.work, *what)))

    def go_on_with(self, run: str) -> None:
        """Note that this is where another run goes on that has waited for a person."""
        self.follows = run
        if self.work is not None:
            # The rest of the job is no second attempt at it, and a redelivery has it once more.
            self.work = work_of_part(self.work, self.id)

    def is_below(self, other: Ledger) -> bool:
        """Whether this record was started, directly or not, under the other."""
        above = self.above
        while above is not None:
            if above is other:
                return True
            above = above.above
        return False

    def call(
        self,
        key: str,
        agent: str | None,
        model: str | None,
        started: int,
        meter: Meter | None = None,
    ) -> Call:
        """Return the model call with this key: known from anywhere in the tree, or new here."""
        with self.tree.lock:
            calls = self.tree.calls
            known = calls.get(key)
            if known is not None:
                return known
            # An adapter passes on what it was given: what is no text names nothing.
            if type(agent) is not str:
                agent = text(agent)
            if type(model) is not str:
                model = text(model)
            calls[key] = call = Call(key, self, agent, model, started, meter)
            self.calls.append(call)
            if meter is not None:
                meter.begin()
            return call

    def known_as(self, key: str, call: Call) -> Call:
        """Give a call of this record a second key; return the call that others told of under it."""
        with self.tree.lock:
            known = self.tree.calls.setdefault(key, call)
            # Some servers use one id for every answer: then both go by keys of their own.
            if known is call or known.key != key:
                return call
            self.drop(call)
            return known

    def drop(self, call: Call) -> None:
        """Forget a call that is told of elsewhere."""
        if call not in self.calls:
            return
        self.calls.remove(call)
        del self.tree.calls[call.key]
        if call.meter is not None:
            call.meter.take_back()

    @property
    def open_calls(self) -> int:
        """How many model calls have started and not ended."""
        # A loop, since what a comprehension is takes longer, and the end of a run waits for it.
        open_calls = 0
        for call in self.calls:
            if call.ended is None:
                open_calls += 1
        return open_calls

    def pause(self) -> None:
        """Stop counting time, until as many `resume` as `pause` were called."""
        with self.tree.lock:
            self.pauses_open += 1
            if self.pauses_open == 1:
                self.paused_since = now()

    def resume(self) -> None:
        """Count time again."""
        with self.tree.lock:
            self.pauses_open -= 1
            if self.pauses_open == 0 and self.paused_since is not None:
                self.pauses.append((self.paused_since, now()))
                self.paused_since = None

    def end(self, status: str, error: str | None, *, at: int | None = None) -> None:
        """Fix the run's time and how it ended."""
        ended = now() if at is None else max(at, self.started)
        self.status, self.error, self.ended = status, error, ended
        if self.paused_since is not None:
            self.pauses.append((self.paused_since, self.ended))
            self.paused_since = None
        self.taken = self.tree.leave(self, self.started, self.ended, self.pauses)

    def facts(self) -> dict[str, object]:
        """Return what came of it once it has ended, without what is empty: see `summing`."""
        return decode(self.body())

    def body(self) -> str:
        """Return the same as JSON."""
        ended = self.started if self.ended is None else self.ended
        # An encoder would take several times as long, and its agent waits for this.
        body = f'{{"elapsed":{ended - self.started},"status":"{self.status}"'
        if self.calls or self.tools or self.pauses or self.taken:
            body += f',"told":{{"since":{self.started}{self._told()}}}'
        if self.error is None and self._said is None:
            return body + "}"
        said = {} if self._said is None else self._said.facts()
        if self.error is not None:
            said["error"] = self.error
        return f"{body},{encode(said)[1:]}" if said else body + "}"

    def _told(self) -> str:
        told = ""
        if self.calls:
            told += f',"calls":[{",".join(map(Call.told, self.calls))}]'
        if self.tools:
            # Whole numbers, in lists: their text is JSON.
            told += f',"tools":{list(self.tools.values())}'
        if self.pauses:
            told += f',"pauses":{encode(self.pauses)}'
        if self.taken:
            told += f',"taken":{encode(self.taken)}'
        return told
