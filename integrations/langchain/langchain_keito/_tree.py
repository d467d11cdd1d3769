"""The open LangChain runs of this process, and which billed run each of them belongs to."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config

from keito.billing.current import found_by

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler

    from keito.billing import ModelCall, Recorder, Run, ToolCall

    from ._together import Together
    from .attachment import Attachment

MOST_ORPHANS = 1_000
"""How many are remembered: most of them never start anything again, and none says so."""

SILENCE = 24 * 3600.0
"""After so many seconds without any event a run will not end any more."""


class Root:
    """One billed run: the LangChain run that began it, with what is still open below it.

    Attributes:
        number: Of the LangChain run's id.
        run: The billed run.
        said: What the code around its start said of the work.
        named: What the metadata of its start said of the work.
        handlers: The handlers with a target of their own that see all of it.
        open: The numbers of the runs below it that have not ended, its own included.
        interrupted: Whether it waits for a person.
        limited: Whether it was stopped because of its limits.
        thread: The thread of LangGraph's that it is a turn of, as far as known.
        outer: The billed run that it was started in.
        recorder: Where it was recorded; None: by the default recorder.
        attachment: What had it billed, if that was neither a config nor a block.
        last: When something last happened in it, on the clock of `time.monotonic()`.
    """

    __slots__ = (
        "attachment", "handlers", "interrupted", "last", "limited",
        "named", "number", "open", "outer", "recorder", "run", "said", "thread",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        run: Run,
        *,
        said: object,
        named: object,
        thread: str | None,
        outer: Root | None = None,
    ) -> None:
        self.number = number
        self.run = run
        self.said = said
        self.named = named
        self.outer = outer
        self.recorder: Recorder | None = None
        self.handlers: set[BaseCallbackHandler] = set()
        self.open: set[int] = set()
        self.thread = thread
        self.interrupted = False
        self.limited = False
        self.last = monotonic()
        self.attachment: Attachment | None = None

    def touch(self, moment: float) -> None:
        """Note that something happens in it, and with that in those around it."""
        root: Root | None = self
        while root is not None:
            root.last = moment
            root = root.outer

    @property
    def whole(self) -> Root:
        """The billed run whose record this one is in: itself, unless it is folded."""
        root = self
        while root.outer is not None and root.run.folded:
            root = root.outer
        return root

    def join(self, thread: str | None) -> None:
        """Learn the thread of a graph that is not the outermost run: only the graph is told it."""
        if thread is not None:
            self.run.in_session(thread)
            self.thread = thread


class Node:
    """One open LangChain run: a chain, a retriever, a tool or a model call."""

    # Most have none of these: as defaults of the class they cost a new node nothing.
    model_call: ModelCall | None = None
    model: str | None = None
    provider: str | None = None
    together: Together | None = None
    task: asyncio.Task[object] | None = None
    watch: Callable[[asyncio.Task[object]], None] | None = None
    tool_call: ToolCall | None = None
    tool_call_id: str | None = None

    def __init__(self, root: Root) -> None:
        self.root = root


class Tree:
    """All open runs by LangChain's run id.

    It takes no lock, so that no callback waits for another's: each step is one operation on a
    dict or set, and the events of one LangChain run never overlap.

    Attributes:
        get: Returns the open run with a number.
    """

    def __init__(self) -> None:
        # By the number of the id: of a UUID, Python computes the hash anew each time.
        self._nodes: dict[int, Node] = {}
        self._roots: OrderedDict[int, Root] = OrderedDict()
        # With the number of the billed run that they were in, if that may still be open.
        self._orphans: OrderedDict[int, int] = OrderedDict()
        # The dict's own method, because every event asks.
        self.get: Callable[[int], Node | None] = self._nodes.get

    def __len__(self) -> int:
        return len(self._nodes) + len(self._roots)

    def find(self, run_id: UUID | None) -> Node | None:
        """The open run with an id."""
        return None if run_id is None else self.get(run_id.int)

    def surrounding(self) -> Node | None:
        """The open run that this code is called by.

        LangChain drops the parent of a fallback model, and of a call inside a tool that is given
        its own callbacks; the run that surrounds it is then still in the context.
        """
        return self.find(_surrounding_run_id())

    def enter(self, root: Root) -> None:
        """Note a billed run."""
        self._roots[root.number] = root

    def add(self, number: int, root: Root) -> Node:
        """Open a run below a root."""
        node = Node(root)
        root.open.add(number)
        root.last = monotonic()
        if root.outer is not None:
            root.outer.touch(root.last)
        self._nodes[number] = node
        return node

    def move(self, number: int, node: Node, root: Root) -> None:
        """Put a run that has only begun below another root."""
        node.root.open.discard(number)
        root.open.add(number)
        node.root = root

    def remove(self, number: int) -> Node | None:
        """Close a run; `None` if it is not open, as when one handler is attached twice."""
        node = self._nodes.pop(number, None)
        if node is not None:
            root = node.root
            root.open.discard(number)
            root.last = monotonic()
            if root.outer is not None:
                root.outer.touch(root.last)
        return node

    def open_below(self, root: Root) -> list[Node]:
        """What has not ended below a root."""
        nodes = (self._nodes.get(number) for number in list(root.open))
        return [node for node in nodes if node is not None]

    def forget(self, root: Root) -> None:
        """Close what has not ended below a root whose record is closed.

        A cancelled model call never ends. A tool in a thread may work on, and what it starts must
        not become a record of its own: it is an orphan.
        """
        self._roots.pop(root.number, None)
        for number in list(root.open):
            self._nodes.pop(number, None)
            self._disown(number)
        root.open.clear()

    def silent(self) -> Root | None:
        """The billed run that was looked at longest ago, if nothing happens in it any more.

        Each new run asks once, so that all of them are looked at in turn.
        """
        try:
            number, root = next(iter(self._roots.items()))
        except (StopIteration, RuntimeError):
            return None  # there is none, or another thread adds or removes one just now
        if monotonic() - root.last > SILENCE:
            return self._roots.pop(number, None)
        with suppress(KeyError):  # it has ended meanwhile
            self._roots.move_to_end(number)
        return None

    def orphaned(self, run_id: UUID, parent_run_id: UUID | None) -> bool:
        """Whether a new run is part of one whose record is closed."""
        if not self._orphans:
            return False
        above = (parent_run_id, _surrounding_run_id())
        if not any(one is not None and one.int in self._orphans for one in above):
            return False
        self._disown(run_id.int)
        return True

    def cut_off(self, number: int, root: Root) -> None:
        """Note a run that was cancelled: a thread in which it works goes on, and starts others."""
        self._disown(number, root.number)

    def unsettled(self, parent_run_id: UUID | None) -> Root | None:
        """The billed run that a new run without an open parent still belongs to.

        One that has ended may wait for calls that are open; of one that goes on, a part may have
        been cut off.
        """
        for one in (parent_run_id, _surrounding_run_id()):
            number = 0 if one is None else self._orphans.get(one.int, one.int)
            root = self._roots.get(number)
            if root is not None:
                return root
        return None

    def _disown(self, number: int, root: int = 0) -> None:
        self._orphans[number] = root
        if len(self._orphans) > MOST_ORPHANS:
            self._orphans.popitem(last=False)


def surrounding_run() -> Run | None:
    """The billed run that this code works for, if a handler has seen its beginning."""
    node = tree.surrounding()
    return None if node is None else node.root.run


def _surrounding_run_id() -> UUID | None:
    config = var_child_runnable_config.get()
    callbacks = config.get("callbacks") if config else None
    # A plain list of handlers surrounds nothing; only a callback manager has a parent.
    return getattr(callbacks, "parent_run_id", None)


tree = Tree()
found_by(surrounding_run)
