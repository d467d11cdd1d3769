"""Whose work it is: who may say so, and which of them wins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from . import _log
from .arguments import instance, one_of
from .target import Block, Choice, Target

Routing = Literal["default", "explicit"]
ROUTINGS: tuple[Routing, ...] = get_args(Routing)

_NOWHERE = Target()


class Routes:
    """The targets of one recorder.

    Args:
        default: Where runs go for which nobody says anything else.
        named: Targets by name.
        routing: `explicit` has neither the default nor the environment's project: a lost context
            then bills nobody.
        trust_metadata: Whether a framework's metadata may spell out ids.

    Raises:
        TypeError: One of these is no target.
        ValueError: There is no such routing.
    """

    def __init__(
        self,
        default: Target | None,
        named: Mapping[str, Target] | None,
        *,
        routing: Routing,
        trust_metadata: bool,
    ) -> None:
        instance("Recorder(target=)", default, Target, "a Target")
        instance("Recorder(targets=)", named, Mapping, "a mapping")
        self._default = default or _NOWHERE
        self._named = dict(named or {})
        for target in self._named.values():
            instance("Recorder(targets=)", target, Target, "a Target for each name")
        self._explicit = one_of("routing", routing, ROUTINGS) == "explicit"
        self._trust_metadata = trust_metadata
        routed = self._default.routed
        # What a run has for which nobody says anything, unless the environment may say it.
        self._settled = _NOWHERE if self._explicit else self._default if routed else None
        self._known: tuple[tuple[str | None, str | None], Target] | None = None

    def target(
        self,
        chosen: Choice | None,
        metadata: Mapping[str, object] | None,
        parent: Target | None,
        otherwise: Choice | None,
        blocks: tuple[Block, ...],
    ) -> Target:
        """Return where a run goes.

        In this order: the call's own argument, `bill_to` blocks from the inside out, the
        framework's metadata, the run it is part of, or else what is used when nobody says: what
        the caller has for that, and the recorder's own. The blocks are those it was started in
        and the run it is part of was not: that one's target has said already what those say.
        """
        if chosen is None and metadata is None and otherwise is None and not blocks:
            # Most runs: nobody has said anything.
            return parent or self._settled or self._otherwise()
        below = self._default_over(otherwise) if parent is None else parent
        own = [] if chosen is None else [chosen]
        found = [] if metadata is None else _from_metadata(metadata, self._trust_metadata)
        said = [*own, *(one for block in reversed(blocks) for one in reversed(block)), *found]
        return self._merged([*said, below]) if said else below

    def _merged(self, layers: Iterable[Choice]) -> Target:
        result = None
        for layer in layers:
            below = self._named.get(layer) if isinstance(layer, str) else layer
            if below is None:
                return _without_the_unknown(result)
            result = below if result is None else result.over(below)
        return result or _NOWHERE

    def _default_over(self, otherwise: Choice | None) -> Target:
        below = self._otherwise()
        return below if otherwise is None else self._merged([otherwise, below])

    def _otherwise(self) -> Target:
        if self._settled is not None:
            return self._settled
        # The environment may change, but seldom does.
        named = (os.environ.get("KEITO_PROJECT_ID"), os.environ.get("KEITO_TASK_ID"))
        if self._known is None or self._known[0] != named:
            below = Target(project_id=named[0] or None, task_id=named[1] or None)
            self._known = (named, self._default.over(below))
        return self._known[1]


def _without_the_unknown(result: Target | None) -> Target:
    _log.warn("target", "a target was named that Recorder(targets=...) has not; kept unsent")
    return result or _NOWHERE


def _from_metadata(metadata: Mapping[str, object], trusted: bool) -> list[Choice]:
    # Metadata may come from whoever calls a web handler: it can pick one of the developer's
    # targets, but never spell out an id that would bill someone else.
    found: list[Choice] = []
    name = metadata.get("keito_target")
    if isinstance(name, str):
        found.append(name)
    if trusted:
        found.append(
            Target(
                project_id=_text(metadata.get("keito_project_id")),
                task_id=_text(metadata.get("keito_task_id")),
            )
        )
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
