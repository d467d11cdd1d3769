"""What the journal's lines say, as the courier reads them."""

from __future__ import annotations

from typing import TypedDict, cast

from ._facts import JSON, decode, utf8
from .outbox.line import Line
from .summing import summed_up
from .target import Target


class TargetFacts(TypedDict, total=False):
    """A target's fields."""

    project_id: str
    task_id: str
    user_id: str
    agent_id: str
    session_id: str
    work_key: str
    trigger: str
    notes: str
    metadata: dict[str, JSON]


class _Started(TypedDict):
    run: str
    name: str
    framework: str
    target: TargetFacts
    parent: str | None
    contract: str
    mode: str
    destination: str
    account: str
    sdk: str
    at: int


class StartFacts(_Started, total=False):
    """A run, as it was started; `work` names its piece of a job that several runs share.

    `granularity` is `day` for a run that is added up with others.
    """

    work: str
    granularity: str


class UsageFacts(TypedDict, total=False):
    """What one model consumed for one agent."""

    provider: str | None
    model: str | None
    agent: str | None
    calls: int
    incomplete: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cache_write_1h_tokens: int
    cost_usd: str
    each: list[list[int | str | None]]


class _Ended(TypedDict):
    status: str


class RunFacts(_Ended, total=False):
    """What came of a run; times are microseconds from its start."""

    elapsed: int
    error: str
    pauses: list[list[int]]
    taken: list[list[int]]
    active: list[list[int]]
    usage: list[UsageFacts]
    tools: int
    successes: dict[str, int]
    notes: list[str]
    metadata: dict[str, JSON]
    session: str
    deferred: bool


class BaseFacts(TypedDict):
    """What the first record of a run was rendered from."""

    start: StartFacts
    result: RunFacts
    attempt: int
    paid: bool


class _Numbered(TypedDict):
    late: int


class LateResult(RunFacts, _Numbered):
    """What came of a run, with model calls that came late; `late` numbers what is said of it."""


class LateFacts(TypedDict):
    """What a `late` line says."""

    start: StartFacts
    result: LateResult


class EndFacts(LateFacts):
    """How a run ended after all that was taken for dead; `paid` if another attempt was charged."""

    paid: bool


class _Unpriced(TypedDict, total=False):
    unpriced: bool


class OutcomeFacts(_Unpriced):
    """An outcome, as it was reported; `unpriced` if its price could not be found out."""

    key: str
    type: str
    description: str | None
    unit_price: str | None
    quantity: int
    success: bool
    evidence: dict[str, JSON] | None
    subject: str | None


class TimeFacts(TypedDict):
    """Time that was told, not measured."""

    key: str
    hours: str
    description: str | None
    billable: bool | None
    evidence: dict[str, JSON] | None
    subject: str | None
    per_day: str | None


class ExpenseFacts(TypedDict):
    """An expense, as it was told."""

    key: str
    name: str | None
    category: str
    total_cost: str | None
    units: int | None
    quantity: int
    description: str | None
    billable: bool
    evidence: dict[str, JSON] | None
    subject: str | None
    per_day: int | None


def start_of(line: Line) -> StartFacts:
    """Read a `start` line."""
    return cast("StartFacts", decode(line.body))


def result_of(line: Line) -> RunFacts:
    """Read a `finish` or `ended` line."""
    return result_in(line.body)


def result_in(body: str) -> RunFacts:
    """Read the body of such a line."""
    return cast("RunFacts", summed_up(decode(body)))


def started_in(line: Line) -> StartFacts:
    """Read the start of the run that a line of its own belongs to."""
    return cast("StartFacts", decode(line.body)["start"])


def key_of(line: Line) -> str:
    """Read the key that the record of an outcome, of time or of an expense will have."""
    return cast("dict[str, str]", decode(line.body)[line.kind])["key"]


def late_of(line: Line) -> LateFacts:
    """Read a `late` line."""
    said = decode(line.body)
    result = summed_up(cast("dict[str, object]", said["result"]))
    return cast("LateFacts", {**said, "result": result})


def outcome_of(line: Line) -> OutcomeFacts:
    """Read the outcome of an `outcome` line."""
    return cast("OutcomeFacts", decode(line.body)["outcome"])


def time_of(line: Line) -> TimeFacts:
    """Read the time of a `time` line."""
    return cast("TimeFacts", decode(line.body)["time"])


def expense_of(line: Line) -> ExpenseFacts:
    """Read the expense of an `expense` line."""
    return cast("ExpenseFacts", decode(line.body)["expense"])


def work_of(start: StartFacts) -> str:
    """Name the job, or the piece of it, that is charged once; empty if nobody named it."""
    return utf8(start.get("work") or start["target"].get("work_key") or "")


def target_of(start: StartFacts) -> Target:
    """Return where a run goes."""
    facts = cast("dict[str, object]", start["target"])
    valid = {
        name: utf8(value) if isinstance(value, str) else value for name, value in facts.items()
    }
    return Target(**cast("TargetFacts", valid))
