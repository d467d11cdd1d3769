"""How runs begin: whose work they are, and in which record."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import registry
from ._guard import kept
from .clocks import wall_clock
from .contract import Contract
from .ledger import Ledger
from .parts import next_part
from .routing import Routes
from .run import Run
from .target import Choice, Target
from .tree import Tree
from .usage import text

if TYPE_CHECKING:
    from .limits import Limits
    from .meter import Meter
    from .prices import Prices
    from .recording import Recording


class Starting:
    """Starts the runs of one recorder.

    Args:
        routes: Whose work they are.
        contract: What is charged.
        limits: What those may use up that are part of no other.
        prices: What their model calls cost, for the limits.
    """

    def __init__(
        self, routes: Routes, *, contract: Contract, limits: Limits | None, prices: Prices | None
    ) -> None:
        self._routes = routes
        self._folds = contract.children == "folded"
        self._time_zone = contract.time_zone
        self._limits = limits
        self._prices = prices

    def start(
        self,
        recording: Recording,
        name: str,
        framework: str,
        key: str | None,
        parent: Run | None,
        chosen: Choice | None,
        metadata: Mapping[str, object] | None,
        otherwise: Choice | None,
        session: str | None,
        follows: str | None,
    ) -> Run:
        """Start a run, or return the open one that has this key; see `Recorder.start`."""
        if key is not None and (known := registry.find(framework, key)) is not None:
            return known
        # A run of another recorder, or of the process this one was forked from, takes no facts.
        if parent is not None and parent._recording is not recording:
            parent = None
        above = None if parent is None else parent._ledger
        below = None if above is None else above.target
        target = self._routes.target(chosen, metadata, below, otherwise)
        if session is not None:
            target = target.in_session(session)
        id = os.urandom(16).hex()
        ledger = None if parent is None else self._folded(target, parent)
        folded = ledger is not None
        if ledger is None:
            tree = Tree() if above is None else above.tree
            before = None if follows is None else text(follows)
            id = next_part(id, before) if before else id
            at, started = time.time_ns() // 1000, time.monotonic_ns() // 1000
            ledger = Ledger(id, name, target, tree, above, at, framework, started)
            if before:
                ledger.go_on_with(before)
        meter = None
        if parent is not None or self._limits is not None or target.limits is not None:
            meter = self._meter(ledger, target, parent)
        run = Run(recording, ledger, id, name, parent, framework, key, meter)
        if key is not None:
            entered = registry.enter(framework, key, run)
            if entered is not run:
                return entered
        if not folded:
            recording.begin(ledger)
        return run

    def unrecorded(self, name: str, recording: Recording) -> Run:
        """Return a run that takes whatever it is told, where none could be started."""
        recording.abandon()
        ledger = Ledger("", name, Target(), Tree(), None, wall_clock())
        meter = kept("limiting a run", lambda: self._meter(ledger, Target(), None), None)
        return Run(recording, ledger, "", name, None, "", None, meter)

    def _folded(self, target: Target, parent: Run) -> Ledger | None:
        """Return the record that a run is part of, unless it has its own."""
        if not (self._folds and parent.takes_more):
            return None
        ledger = parent._ledger
        same = target is ledger.target or target.same_work(ledger.target)
        return ledger if same else None

    def _meter(self, ledger: Ledger, target: Target, parent: Run | None) -> Meter | None:
        """Return what counts for the run's limits: its own, or what counts for those above it."""
        above = None if parent is None else parent._meter
        if target.limits is None and (parent is not None or self._limits is None):
            return above
        # What a run has from the one it is part of is counted there.
        inherited = parent is not None and target.limits is parent._ledger.target.limits
        held = (None if inherited else target.limits, self._limits if parent is None else None)
        limits = tuple(one for one in held if one is not None)
        if not limits:
            return above
        from .meter import Meter

        return Meter(
            limits,
            ledger=ledger,
            above=above,
            prices=self._prices,
            time_zone=self._time_zone,
        )
