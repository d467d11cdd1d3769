"""The callback handler that bills LangChain and LangGraph runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from keito.billing import current_run, default_recorder, guarded
from keito.billing.current import surroundings

from ._calls import CALLBACK, Begin, start_model, start_text_model, start_tool
from ._ends import end, end_silent
from ._langgraph import GraphCallbackHandler
from ._started import NOTHING, Started, name_of, named_in, thread_in
from ._tree import Node, Root, tree
from ._waiting import followed, goes_on

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult
    from langgraph.callbacks import GraphInterruptEvent, GraphResumeEvent

    from keito.billing import Recorder, Run, Target

FRAMEWORK = "langchain"


class KeitoCallbackHandler(GraphCallbackHandler):
    """Bills every run it is attached to: one record per outermost run, whatever that is.

    One handler serves any number of runs at once, sync and async, and keeps nothing of a run
    after its end. It never raises into a run and never changes what the run returns.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to; default: as the recorder decides.

    Example:
        agent.invoke(messages, config={"callbacks": [KeitoCallbackHandler()]})
    """

    # On the event loop's own thread: events keep their order, at a tenth of the cost. Nothing
    # here waits.
    run_inline = True

    def __init__(
        self, recorder: Recorder | None = None, target: Target | str | None = None
    ) -> None:
        super().__init__()
        self._recorder = recorder
        self._target = target
        self._attached = True

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: object,
        *,
        run_id: UUID,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        kwargs["goes_on"] = goes_on(inputs)
        self._start(run_id, serialized, kwargs)

    def on_retriever_start(
        self, serialized: dict[str, Any] | None, query: str, *, run_id: UUID, **kwargs: object
    ) -> None:
        """See LangChain."""
        self._start(run_id, serialized, kwargs)

    def on_tool_start(
        self, serialized: dict[str, Any] | None, input_str: str, *, run_id: UUID, **kwargs: object
    ) -> None:
        """See LangChain."""
        self._start(run_id, serialized, kwargs, start_tool)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        self._start(run_id, serialized, kwargs, start_model)

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        self._start(run_id, serialized, kwargs, start_text_model)

    def on_chain_end(self, outputs: object, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        end(run_id, error)

    def on_retriever_end(
        self, documents: Sequence[Document], *, run_id: UUID, **kwargs: object
    ) -> None:
        """See LangChain."""
        end(run_id)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        end(run_id, error)

    def on_tool_end(self, output: object, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        end(run_id)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        end(run_id, error)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        end(run_id, None, response)

    def on_llm_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        response: LLMResult | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        end(run_id, error, response)

    @guarded(CALLBACK)
    def on_interrupt(self, event: GraphInterruptEvent) -> None:
        """See LangGraph."""
        node = tree.find(event.run_id)
        if node is None:
            return
        node.root.whole.interrupted = True
        if not event.checkpoint_ns:  # the graph itself, and none inside it
            node.root.run.metadata(interruption=event.checkpoint_id)

    @guarded(CALLBACK)
    def on_resume(self, event: GraphResumeEvent) -> None:
        """See LangGraph."""
        node = tree.find(event.run_id)
        if node is not None and not event.checkpoint_ns:
            # It may have begun to wait in this very run.
            node.root.whole.interrupted = False
            node.root.run.metadata(resumes=event.checkpoint_id)

    @guarded(CALLBACK)
    def _start(
        self,
        run_id: UUID,
        serialized: Started | None,
        started: Started,
        begin: Begin | None = None,
    ) -> None:
        """Open a run, and a record where somebody said something else of whose work it is."""
        number = run_id.int
        node = tree.get(number)
        if node is None:
            node = self._node(run_id, serialized, started)
        else:
            node = self._take_over(node, run_id, serialized, started)
        if node is not None and begin is not None:
            begin(node, number, serialized, started)

    def _node(self, run_id: UUID, serialized: Started | None, started: Started) -> Node | None:
        above = started.get("parent_run_id")
        # A parent that is not open here, as a span of another tracer, is none.
        parent = (None if above is None else tree.get(above.int)) or tree.surrounding()
        root = tree.unsettled(above) if parent is None else parent.root
        if root is None:
            return self._outermost(run_id, serialized, started)
        metadata = started.get("metadata") or NOTHING
        if (
            surroundings() != root.said
            or named_in(metadata) != root.named
            # Nearly all have none: every event would pay for the call.
            or (self._target is not None and self._has_its_own(root))
        ):
            root = self._open(run_id, serialized, started, outer=root)
        elif root.thread is None and "thread_id" in metadata:
            root.join(thread_in(metadata))
        return tree.add(run_id.int, root)

    def _outermost(self, run_id: UUID, serialized: Started | None, started: Started) -> Node | None:
        if not self._attached or tree.orphaned(run_id, started.get("parent_run_id")):
            return None
        end_silent()
        root = self._open(run_id, serialized, started, outer=None)
        return tree.add(run_id.int, root)

    def _take_over(
        self, node: Node, run_id: UUID, serialized: Started | None, started: Started
    ) -> Node | None:
        """See what another handler has opened: only a target of one's own makes it another run."""
        root = node.root
        if not self._has_its_own(root):
            return None
        if run_id.int == root.number:
            root.handlers.add(self)
            return None
        inner = self._open(run_id, serialized, started, outer=root)
        tree.move(run_id.int, node, inner)
        return node

    def _open(
        self, run_id: UUID, serialized: Started | None, started: Started, *, outer: Root | None
    ) -> Root:
        metadata = started.get("metadata") or NOTHING
        thread = thread_in(metadata)
        own = outer is None or self._has_its_own(outer)
        recorder = self._recorder if own or outer is None else outer.recorder
        run = (recorder or default_recorder()).start(
            name_of(serialized, started),
            key=run_id.hex,
            parent=None if outer is None else _nearest(outer.run),
            # Inside, it holds for what nothing else says: a block or metadata there is nearer.
            target=self._target if own else None,
            framework=FRAMEWORK,
            metadata=metadata,
            session=thread,
            follows=followed(thread, goes_on=started.get("goes_on", False)) if not outer else None,
        )
        said, named = surroundings(), named_in(metadata)
        root = Root(run_id.int, run, said=said, named=named, thread=thread, outer=outer)
        root.recorder = recorder
        if outer is not None:
            root.handlers |= outer.handlers
        if own and self._target is not None:
            root.handlers.add(self)
        tree.enter(root)
        run.when_settled(partial(tree.forget, root))
        return root

    def _has_its_own(self, root: Root) -> bool:
        """Whether it has a target that the run is not billed to, and hears only of a part of it."""
        return self._target is not None and self not in root.handlers


def _nearest(outer: Run) -> Run:
    """The run below the outer one that this code works for: one of the program's own, perhaps."""
    run = current_run()
    return run if run is not None and run.is_below(outer) else outer
