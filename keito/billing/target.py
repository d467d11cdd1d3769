"""Where the work goes: a target, and the block of code that names one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from . import _log
from ._facts import JSON, checked
from .usage import text

if TYPE_CHECKING:
    from .limits import Limits

_TEXTS = (
    "project_id",
    "task_id",
    "user_id",
    "agent_id",
    "session_id",
    "work_key",
    "trigger",
    "notes",
)
# What a target may take from the one below it although it names another project: everything else
# (session, job, wording, metadata, limits) belongs to the work of the project it was said for.
_SHARED_BETWEEN_PROJECTS = ("task_id", "user_id", "agent_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where work is billed, and how the record is labelled.

    Attributes:
        project_id: The project in Keito. Without one a run is kept, but not sent.
        task_id: The task in Keito, also needed.
        user_id: Whose entry it is; default: the API key's own user.
        agent_id: A label for the agent; default: the name the run was started with.
        session_id: Links runs that belong together, e.g. a conversation.
        work_key: Names the job, not the attempt: per key only the first success is charged, and
            what attempts tell of (outcomes, time, expenses) is charged once.
        trigger: What started the work, e.g. `webhook`.
        notes: What the client reads; may hold `{agent}`, `{outcomes}` and `{key}`.
        metadata: Further keys for the entry's metadata.
        limits: What a run that is started with this target may use up, for `Run.check`. Those of
            the recorder and of the runs it was started under hold as well.
    """

    project_id: str | None = None
    task_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    work_key: str | None = None
    trigger: str | None = None
    notes: str | None = None
    metadata: Mapping[str, JSON] = field(default_factory=dict)
    limits: Limits | None = None

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                raise TypeError(f"Target({name}=) is text that is not empty, or None")
        object.__setattr__(self, "metadata", checked(self.metadata, "Target(metadata=)"))
        if self.limits is not None:
            check_limits("Target(limits=)", self.limits)

    @property
    def routed(self) -> bool:
        """Whether it says enough to make a time entry."""
        return self.project_id is not None and self.task_id is not None

    def same_work(self, other: Target) -> bool:
        """Whether both are billed to the same place, so that one record can hold both.

        A job of its own needs a record of its own: its next attempt is compared with that.
        """
        return (self.project_id, self.task_id, self.user_id, self.work_key) == (
            other.project_id,
            other.task_id,
            other.user_id,
            other.work_key,
        )

    def in_session(self, session_id: str | None) -> Target:
        """Return it with this session, unless it names one or this is none."""
        # A framework's own object for it names nothing, and must not cost the record.
        if not text(session_id) or self.session_id is not None:
            return self
        return replace(self, session_id=session_id)

    def over(self, below: Target) -> Target:
        """Return this target, completed with what it leaves open by the one below it."""
        if below == _NOWHERE:
            return self
        another = self._names_another_project(below)
        names = _SHARED_BETWEEN_PROJECTS if another else (*_TEXTS, "limits")
        gaps = {name: getattr(below, name) for name in names if getattr(self, name) is None}
        if not another:
            gaps["metadata"] = {**below.metadata, **self.metadata}
        return replace(self, **gaps)

    def _names_another_project(self, below: Target) -> bool:
        return self.project_id is not None and self.project_id != below.project_id

    def facts(self) -> dict[str, object]:
        """Return what is set, for the journal; limits hold only while the run is open."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "limits"}
        return {name: value for name, value in values.items() if value}


def check_limits(what: str, given: object) -> None:
    """Raise TypeError for what is no `Limits`."""
    # Whoever gives limits has loaded them already; recording does without.
    from .limits import Limits

    if not isinstance(given, Limits):
        raise TypeError(f"{what} is Limits, or None")


_NOWHERE = Target()

Choice = Target | str
"""A target, or the name of one of `Recorder(targets=...)`."""

Block = tuple[Choice, ...]
"""What one `bill_to` says. Each time a block is entered it is another object, and known by that."""

_bill_to: ContextVar[tuple[Block, ...]] = ContextVar("keito_bill_to", default=())


@contextmanager
def bill_to(
    target: Choice | None = None,
    /,
    *,
    project_id: str | None = None,
    task_id: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    session_id: str | None = None,
    work_key: str | None = None,
    trigger: str | None = None,
    notes: str | None = None,
    metadata: Mapping[str, JSON] | None = None,
    limits: Limits | None = None,
) -> Iterator[None]:
    """Bill the runs started inside the block to this target.

    It holds for the current context: nested blocks, tasks and `asyncio.to_thread` see the right
    one. Around a bare `yield` it can't be kept from the code that consumes the generator; use
    `@billed` there.

    Args:
        target: A target, or the name of one of the recorder's targets.
        project_id: This and the rest: single values, which win over those of `target`. See
            `Target`.
        task_id: See `Target`.
        user_id: See `Target`.
        agent_id: See `Target`.
        session_id: See `Target`.
        work_key: See `Target`.
        trigger: See `Target`.
        notes: See `Target`.
        metadata: See `Target`.
        limits: See `Target`.

    Raises:
        TypeError: A value is not what `Target` takes.
    """
    own = Target(
        project_id=project_id,
        task_id=task_id,
        user_id=user_id,
        agent_id=agent_id,
        session_id=session_id,
        work_key=work_key,
        trigger=trigger,
        notes=notes,
        metadata=metadata or {},
        limits=limits,
    )
    named = checked_choice(target)
    said = [one for one in (named, own) if one is not None and one != _NOWHERE]
    before = _bill_to.get()
    inside = (*before, tuple(said)) if said else before
    try:
        _bill_to.set(inside)
        yield
    finally:
        _leave(inside, before)


def entered_since(before: tuple[Block, ...], blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return those of the blocks that code which was inside the blocks before was not in."""
    shared = 0
    for one, other in zip(before, blocks, strict=False):
        # By identity: the same target, said again, is said anew.
        if one is not other:
            break
        shared += 1
    return blocks[shared:]


def says_whose(block: Block) -> bool:
    """Whether a block says whose work it is, and not just something of it, as a session."""
    return any(isinstance(one, str) or one.project_id or one.task_id for one in block)


def checked_choice(target: Choice | None) -> Choice | None:
    """Return it if it is a target, the name of one, or None.

    Raises:
        TypeError: It is none of these.
    """
    if target is not None and not isinstance(target, (Target, str)):
        raise TypeError("target: give a Target or the name of one")
    return target


def _leave(inside: tuple[Block, ...], before: tuple[Block, ...]) -> None:
    # A token can only be reset in the context that made it, and raises elsewhere, e.g. when an
    # async generator is closed by the event loop. Comparing can't raise.
    if _bill_to.get() is inside:
        _bill_to.set(before)
        return
    _log.warn(
        "bill_to",
        "a bill_to() block was left in another context than it was entered in (held across a "
        "yield?): what runs after it may be billed to the wrong target; use @billed there",
    )
