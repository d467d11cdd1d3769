"""How runs begin: whose work they are, and in which record."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from . import runs_by_key
from ._guard import kept, tried
from .arguments import instance, optional, text
from .clocks import wall_clock
from .current import current_run
from .ledger import Ledger
from .parts import next_part
from .recording import Recording
from .run import Run
from .target import Choice, Target, _bill_to, checked_choice, entered_since, says_whose
from .tree import Tree
from .usage import text as name_in

if TYPE_CHECKING:
    from .meter import Meter
    from .settings import Settings


class Starting:
    """Starts the runs of one recorder in one process.

    Args:
        recording: What they tell of themselves to.
        settings: The recorder's.
    """

    def __init__(self, recording: Recording, settings: Settings) -> None:
        self._recording = recording
        self._settings = settings
        self._routes = settings.routes
        self._folds = settings.contract.children == "folded"
        self._limits = settings.limits

    def start(
        self,
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
        # A function is called where there may be something wrong only: an agent waits for each.
        if type(name) is not str or not name:
            text("name", name)
        if type(framework) is not str or not framework:
            text("framework", framework)
        if key is not None:
            optional("key", key)
        if metadata is not None:
            instance("metadata", metadata, Mapping, "a mapping")
        if chosen is not None:
            checked_choice(chosen)
        if otherwise is not None:
            checked_choice(otherwise)
        if parent is None:
            parent = current_run()
        else:
            instance("parent", parent, Run, "a Run")
        run = tried(
            "starting a run",
            self._started,
            name,
            framework,
            key,
            parent,
            chosen,
            metadata,
            otherwise,
            session,
            follows,
        )
        return run or self._unrecorded(name)

    def _started(
        self,
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
        if key is not None and (known := runs_by_key.find(framework, key)) is not None:
            return known
        recording = self._recording
        # A run of another recorder, or of the process this one was forked from, takes no facts.
        if parent is not None and parent._recording is not recording:
            parent = None
        above = None if parent is None else parent._ledger
        below = None if above is None else above.target
        blocks = said = _bill_to.get()
        if said and parent is not None:
            said = entered_since(parent._blocks, said)
            if any(map(says_whose, blocks[: len(blocks) - len(said)])):
                # A block around both has said it to the parent: metadata never overrules one.
                metadata = None
        target = self._routes.target(chosen, metadata, below, otherwise, said)
        if session is not None:
            target = target.in_session(session)
        nonce = os.urandom(16).hex()
        folded = None if parent is None else self._folded(target, parent)
        ledger = folded or _ledger(nonce, name, framework, target, above, follows)
        meter = None
        if parent is not None or self._limits is not None or target.limits is not None:
            meter = self._meter(ledger, target, parent)
        id = ledger.id if folded is None else nonce
        run = Run(recording, ledger, id, name, parent, framework, key, meter, blocks)
        if key is not None:
            entered = runs_by_key.enter(framework, key, run)
            if entered is not run:
                return entered
        if folded is None:
            recording.begin(ledger)
        return run

    def _unrecorded(self, name: str) -> Run:
        """Return a run that takes whatever it is told, where none could be started."""
        settings = replace(self._settings, mode="off")
        recording = Recording(settings, settings.open_outbox)
        ledger = Ledger("", name, Target(), Tree(), None, wall_clock())
        meter = kept("limiting a run", lambda: self._meter(ledger, Target(), None), None)
        return Run(recording, ledger, "", name, None, "", None, meter, ())

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
        from .meter import Meter, load_prices

        if self._settings.prices is None and any(one.cost is not None for one in limits):
            load_prices()
        return Meter(
            limits,
            ledger=ledger,
            above=above,
            prices=self._settings.prices,
            time_zone=self._settings.contract.time_zone,
        )


def _ledger(
    nonce: str,
    name: str,
    framework: str,
    target: Target,
    above: Ledger | None,
    follows: str | None,
) -> Ledger:
    tree = Tree() if above is None else above.tree
    before = None if follows is None else name_in(follows)
    id = next_part(nonce, before) if before else nonce
    # As `clocks` tells them, without its functions: agents wait for each.
    at, started = time.time_ns() // 1000, time.monotonic_ns() // 1000
    ledger = Ledger(id, name, target, tree, above, at, framework, started)
    if before:
        ledger.go_on_with(before)
    return ledger
