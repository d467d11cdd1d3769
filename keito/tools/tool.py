"""A tool: an operation as data, with the checks that make it safe to give to a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ..billing import Run
from ..billing._guard import kept
from .call import Approve, Call, Claim, Decides, ToolRefused, explained
from .question import Question, refusal

T = TypeVar("T")

NOBODY = "nobody can be asked for approval here"
"""Why a tool that a person must approve is refused where there is no way to ask one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """An operation a model may call.

    Attributes:
        name: What the model calls it.
        description: What the model reads about it.
        arguments: What the model gives.
        check: What a call in a run claims, cleaned; raises `ToolRefused` for what can't be.
        carry_out: Does what is claimed, and returns what the model reads.
        writes: Whether it records something, or only reads.
        waits: Whether it waits for the network.
        verify: The developer's function that may refuse.
        approve: Who must approve, beside that.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    check: Callable[[Call, Run], Claim]
    carry_out: Callable[[Claim], str]
    writes: bool
    waits: bool = False
    verify: Decides | None = None
    approve: Approve = False

    def __post_init__(self) -> None:
        if self.verify is not None and not callable(self.verify):
            raise TypeError("verify= is a function")
        if not isinstance(self.approve, bool) and not callable(self.approve):
            raise TypeError("approve= is True or a function")

    def read(self, arguments: str | Mapping[str, object]) -> BaseModel:
        """Read the arguments as a model writes them; what the tool does not take is dropped.

        Raises:
            ToolRefused: They are no JSON, or not what the tool takes.
        """
        try:
            if isinstance(arguments, str):
                return self.arguments.model_validate_json(arguments)
            return self.arguments.model_validate(arguments)
        except ValidationError as error:
            raise ToolRefused(explained(error)) from None

    def call(self, call: Call) -> str:
        """Do it, and return what the model reads.

        Raises:
            ToolRefused: Nothing was done; the text says why.
        """
        claim = self._claim(call)
        for question in self._questions():
            self._heed(question.refusal(claim))
        self._ask_person(call, claim)
        return self._safely(lambda: self.carry_out(claim))

    async def acall(self, call: Call) -> str:
        """Do it without keeping the event loop waiting; see `call`."""
        claim = self._claim(call)
        for question in self._questions():
            self._heed(await question.arefusal(claim))
        self._ask_person(call, claim)
        if self.waits:
            return await asyncio.to_thread(self._safely, lambda: self.carry_out(claim))
        return self._safely(lambda: self.carry_out(claim))

    def _claim(self, call: Call) -> Claim:
        run = call.run
        if run is None or run.finished:
            raise ToolRefused(f"{self._no}: no billed run is open.")
        return self._safely(lambda: self.check(call, run))

    def _questions(self) -> Iterator[Question]:
        if self.verify is not None:
            yield Question("verify", self.verify)
        if callable(self.approve):
            yield Question("approve", self.approve)

    def _ask_person(self, call: Call, claim: Claim) -> None:
        """Ask last, and not in a thread: a framework may stop the agent here and come back."""
        if self.approve is True:
            self._heed(refusal("approve", call.ask(claim)) if call.ask is not None else NOBODY)

    def _heed(self, reason: str | None) -> None:
        if reason is not None:
            raise ToolRefused(f"{self._no}: {reason}{'' if reason.endswith('.') else '.'}")

    def _safely(self, action: Callable[[], T]) -> T:
        answer = kept(f"the tool {self.name}", lambda: _answer(action), None)
        if isinstance(answer, ToolRefused):
            raise ToolRefused(f"{self._no}: {answer}") from None
        if answer is None:
            raise ToolRefused(f"{self._no}: it failed.")
        return answer

    @property
    def _no(self) -> str:
        return "Nothing was recorded" if self.writes else "Nothing is shown"


def _answer(action: Callable[[], T]) -> T | ToolRefused:
    try:
        return action()
    except ToolRefused as refused:
        return refused
