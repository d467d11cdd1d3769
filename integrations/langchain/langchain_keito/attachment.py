"""Attaching to every run of the process, or of a block, without touching their configs."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.tracers.context import register_configure_hook

from ._started import Started
from ._tree import Node, Root
from .callback import KeitoCallbackHandler

if TYPE_CHECKING:
    from keito.billing import Recorder, Target


class Everywhere(KeitoCallbackHandler):
    """The process's own handler: there is one for good, since LangChain forgets no hook."""

    def __init__(self) -> None:
        super().__init__()
        self._attached = False
        self._attachment: Attachment | None = None

    def bill(self, attachment: Attachment | None) -> Attachment | None:
        """Bill as an attachment says, or nothing that is new; return what was said before."""
        before, self._attachment = self._attachment, attachment
        self._attached = attachment is not None
        handler = None if attachment is None else attachment.handler
        self._recorder = None if handler is None else handler._recorder
        self._target = None if handler is None else handler._target
        return before

    def _has_its_own(self, root: Root) -> bool:
        # What it bills as may have changed since the run began, or have ended.
        return False

    def _outermost(self, run_id: UUID, serialized: Started | None, started: Started) -> Node | None:
        node = super()._outermost(run_id, serialized, started)
        if node is not None:
            node.root.attachment = self._attachment
        return node


_everywhere = Everywhere()
# Any, because LangChain's hooks are typed so.
_attached: ContextVar[Any] = ContextVar("langchain_keito", default=_everywhere)
_hooks: list[ContextVar[Any]] = []


class Attachment:
    """What `attach` returns: let it be for the process, or enter it for a block.

    Attributes:
        handler: What it bills as.
        is_block: Whether it was entered. Until then it holds for the process, if only for a moment:
            what another thread began in that moment was not meant, and is not charged.
    """

    def __init__(self, handler: KeitoCallbackHandler) -> None:
        self.handler = handler
        self.is_block = False
        self._before = _everywhere.bill(self)
        self._token: Token[Any] | None = None

    def detach(self) -> None:
        """Bill no more runs from now on; those that are open end as usual."""
        if _everywhere._attachment is self:
            _everywhere.bill(None)
        self.handler._attached = False

    def __enter__(self) -> KeitoCallbackHandler:
        self.is_block = True
        if _everywhere._attachment is self:
            _everywhere.bill(self._before)
        self._token = _attached.set(self.handler)
        return self.handler

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is None:
            return
        try:
            _attached.reset(self._token)
        except ValueError:  # left in another context, as when the event loop closes a generator
            if _attached.get() is self.handler:
                _attached.set(_everywhere)


def attach(recorder: Recorder | None = None, target: Target | str | None = None) -> Attachment:
    """Bill every run from now on, whoever invokes it and with whatever callbacks.

    Called, it holds for the process. As a block, `with attach(...):`, it holds for what this code
    and what it calls starts inside. A handler that a config names as well bills nothing twice.

    Attaching again is harmless and changes recorder and target.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to; default: as the recorder decides.

    Example:
        langchain_keito.attach()
    """
    if not _hooks:
        _hooks.append(_attached)
        register_configure_hook(_attached, inheritable=True)
    return Attachment(KeitoCallbackHandler(recorder, target))


def detach() -> None:
    """Undo `attach` for the process; runs that are open end as usual."""
    _everywhere.bill(None)
