"""The callback handler that bills LangChain and LangGraph runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from keito.billing import default_recorder, guarded

from ._langgraph import GraphCallbackHandler, GraphInterrupt, status_of
from ._tree import Node, Root, tree
from ._usage import usage_of

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult
    from langgraph.callbacks import GraphInterruptEvent

    from keito.billing import ModelCall, Recorder, Target, ToolCall

FRAMEWORK = "langchain"
CALLBACK = "the LangChain callback"


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

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: object,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        self._start(run_id, parent_run_id, metadata, serialized, kwargs)

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        self._start(run_id, parent_run_id, metadata, serialized, kwargs)

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        node = self._start(run_id, parent_run_id, metadata, serialized, kwargs)
        if node is not None:
            _start_tool(node, run_id, _name(serialized, kwargs), tool_call_id)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        node = self._start(run_id, parent_run_id, metadata, serialized, kwargs)
        if node is not None:
            _start_model(node, run_id, metadata or {})

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        node = self._start(run_id, parent_run_id, metadata, serialized, kwargs)
        if node is not None:
            _start_model(node, run_id, metadata or {})

    def on_chain_end(self, outputs: object, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        _end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        _end(run_id, error)

    def on_retriever_end(
        self, documents: Sequence[Document], *, run_id: UUID, **kwargs: object
    ) -> None:
        """See LangChain."""
        _end(run_id)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        _end(run_id, error)

    def on_tool_end(self, output: object, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        _end(run_id)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        _end(run_id, error)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: object) -> None:
        """See LangChain."""
        _end(run_id, response=response)

    def on_llm_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        response: LLMResult | None = None,
        **kwargs: object,
    ) -> None:
        """See LangChain."""
        _end(run_id, error, response)

    @guarded(CALLBACK)
    def on_interrupt(self, event: GraphInterruptEvent) -> None:
        """See LangGraph."""
        node = tree.find(event.run_id)
        if node is not None:
            node.root.interrupted = True

    @guarded(CALLBACK)
    def _start(
        self,
        run_id: UUID,
        parent_run_id: UUID | None,
        metadata: Mapping[str, Any] | None,
        serialized: Mapping[str, Any] | None,
        kwargs: Mapping[str, object],
    ) -> Node | None:
        """Open a run, and the record if it is a root; `None` if it is not to be recorded."""
        if tree.find(run_id) is not None:
            return None
        parent = tree.parent(parent_run_id)
        if parent is not None:
            return tree.add(run_id, parent.root)
        if tree.orphaned(run_id, parent_run_id):
            return None
        return tree.add(run_id, self._root(run_id, metadata, _name(serialized, kwargs)))

    def _root(self, run_id: UUID, metadata: Mapping[str, Any] | None, name: str) -> Root:
        recorder = self._recorder or default_recorder()
        run = recorder.start(
            name, key=run_id.hex, target=self._target, framework=FRAMEWORK, metadata=metadata
        )
        root = Root(run_id, run)
        run.when_settled(partial(tree.forget, root))
        return root


def _name(serialized: Mapping[str, Any] | None, kwargs: Mapping[str, Any]) -> str:
    return str(kwargs.get("name") or (serialized or {}).get("name") or "agent")


@guarded(CALLBACK)
def _start_tool(node: Node, run_id: UUID, name: str, tool_call_id: str | None) -> None:
    node.tool_call_id = tool_call_id
    node.tool_call = node.root.run.tool_start(name, key=run_id.hex)


@guarded(CALLBACK)
def _start_model(node: Node, run_id: UUID, metadata: Mapping[str, Any]) -> None:
    node.model = metadata.get("ls_model_name")
    node.provider = metadata.get("ls_provider")
    node.model_call = node.root.run.model_start(
        run_id.hex, model=node.model, agent=metadata.get("lc_agent_name")
    )


@guarded(CALLBACK)
def _end(
    run_id: UUID, error: BaseException | None = None, response: LLMResult | None = None
) -> None:
    """Close a run, and the record if it is a root."""
    node = tree.remove(run_id)
    if node is None:
        return
    if node.model_call is not None:
        _end_model(node.model_call, node, error, response)
    elif node.tool_call is not None:
        _end_tool(node.tool_call, error)
    if error is not None and isinstance(error, GraphInterrupt):
        node.root.interrupted = True
    if run_id == node.root.id:
        _finish(node.root, error)


def _end_tool(call: ToolCall, error: BaseException | None) -> None:
    if error is None or isinstance(error, GraphInterrupt):
        call.end()
    else:
        call.fail(error)


def _end_model(
    call: ModelCall, node: Node, error: BaseException | None, response: LLMResult | None
) -> None:
    """End a model call; one that failed after it had answered in part was paid for."""
    if response is not None and (error is None or any(response.generations)):
        call.end(usage_of(response, node.model, node.provider))
    elif error is not None and status_of(error) == "error":
        call.fail(error)
    else:
        call.end(None)


def _finish(root: Root, error: BaseException | None) -> None:
    if error is not None:
        status = status_of(error)
    elif root.interrupted:
        status = "interrupted"
    else:
        # LangChain ends a chain whose stream was closed as if nothing was wrong, and only then
        # reads the model's stream to its end.
        status = "closed_early" if root.run.open_calls else "ok"
    root.run.finish(status, error=error)
