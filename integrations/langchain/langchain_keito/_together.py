"""Text prompts that are sent together: LangChain tells what all of them used with the first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keito.billing import Usage

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

MOST = 1_000

# By what LangChain hands to all prompts of one call: how many of them are still to end.
_told: OrderedDict[int, tuple[object, int]] = OrderedDict()


class Together:
    """One of several prompts that were sent in one call.

    Args:
        shared: The object that LangChain hands to all of them, and to no others.
        prompts: How many there are.
    """

    __slots__ = ("_prompts", "_shared")

    def __init__(self, shared: object, prompts: int) -> None:
        self._shared = shared
        self._prompts = prompts

    def share(self, usage: Usage | None, response: LLMResult) -> Usage | None:
        """Return what this prompt's share is: all of it, or nothing once the first has all."""
        if usage is not None and usage.complete:
            self._told(self._prompts - 1)
            return usage
        others = _told.get(id(self._shared))
        if others is None or others[0] is not self._shared or not _is_blank(response):
            return usage
        self._told(others[1] - 1)
        return Usage(model=usage.model if usage else None, input_tokens=0, output_tokens=0)

    def _told(self, left: int) -> None:
        _told.pop(id(self._shared), None)
        if left > 0:
            _told[id(self._shared)] = (self._shared, left)
        if len(_told) > MOST:
            _told.popitem(last=False)


def together(kwargs: Mapping[str, Any]) -> Together | None:
    """Read from a prompt's start whether others were sent with it."""
    prompts, shared = kwargs.get("batch_size"), kwargs.get("invocation_params")
    if not isinstance(prompts, int) or prompts < 2 or shared is None:
        return None
    return Together(shared, prompts)


def _is_blank(response: LLMResult) -> bool:
    return response.llm_output is not None and response.llm_output.get("token_usage") == {}
