"""The page of the documentation that the figures are on, made whole from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tests.bench.measure import COMPARED, Row

HEAD = """\
# What it costs

<!-- Written by `make bench`: a change made here is lost. -->

`make bench` measures every figure here again, and writes this page. What is compared takes turns \
in short rounds; each round gives one ratio, and the median of the ratios stands here, so that a \
machine that is slow for a second is slow for both sides. Ratios hold on other machines, too. \
Times are of this one.
"""

TAIL = """\
## Lost and doubled

A bar that is no time: through `kill -9`, outages, lost answers, 5xx, timeouts, forks and two \
couriers, 0 records are lost and 0 doubled. `make chaos` and `make losses` measure it, and \
[what is lost and doubled](delivery.md) has the tables.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """What a part of the benchmarks is called, and how its figures are to be read."""

    title: str
    text: str


SECTIONS: Mapping[str, Section] = {
    "imports": Section(
        "Importing",
        "CPU of the statement in a fresh interpreter that has compiled modules. Recording needs "
        "the standard library alone: neither httpx nor pydantic is loaded. How long these two take "
        "depends on what else is installed, so the client and the published SDK (`keito` 0.2.0) "
        "are measured above them.",
    ),
    "create": Section(
        "Creating an entry",
        "A call of `time_entries.create`, with all its checks and the answer as an object, beside "
        "the same request sent with bare httpx and the answer parsed as JSON. The server is on "
        "the same machine and does nothing. Over a real network the difference is noise; an "
        "agent's run does not wait for it at all.",
    ),
    "listing": Section(
        "Listing entries",
        "Iterating over 100,000 entries, when a request takes 20 ms. Our pages are of 2,000, and "
        "the next is on its way while one is read; the published SDK's are of 100, its default. "
        "CPU is that of pages of 2,000, beside pydantic's own `validate_json` of the same pages "
        "into plain models that keep no unknown fields.",
    ),
    "recording": Section(
        "Recording a run",
        "Four processes record into one outbox while a courier delivers from it. A run is two "
        "inserts; beside them are two bare inserts of the same bytes into a SQLite file (WAL, "
        "`synchronous=NORMAL`) under the same conditions.",
    ),
    "postgres": Section(
        "An outbox in PostgreSQL",
        "A server on the same machine that syncs every commit. Four couriers claim 4,000 records, "
        "each record once. Keito itself takes five requests a second at most.",
    ),
    "langchain": Section(
        "LangChain",
        "One callback event (the mean over model starts and ends, tool starts and ends), without "
        "the two inserts of a run. The least that any billing handler does is to keep times and "
        "tokens in a dict, under a lock. Ten thousand runs at once are all in the journal, with "
        "every token, and the memory kept is what a second ten thousand leave behind.",
    ),
    "openai_agents": Section(
        "OpenAI Agents SDK",
        "A run of two model calls and a tool call, with a scripted model. The bar is on what "
        "billing adds to no-op hooks and the two bare inserts.",
    ),
    "emission": Section(
        "Handing over an event",
        "What the agent's thread waits for until an event is handed over, while what was handed "
        "over before is being delivered. Ours is a run, started and finished: once "
        "handed over, `kill -9` can't lose it. Langfuse and Paid keep an event in memory until "
        "it is sent.",
    ),
    "exit": Section(
        "Ending while nobody answers",
        "From the last statement of a program to the end of its process, with 100 events that "
        "could not be delivered. Ours are then on the disk, all 100, for the next process. What "
        "Langfuse and Paid have not sent by then is gone; a peer is killed after 20 seconds.",
    ),
    "idle": Section(
        "Idling",
        "CPU of a process that has a recorder with a courier, and nothing to record.",
    ),
}


def written(measured: Mapping[str, Sequence[Row]], *, machine: Mapping[str, str], day: date) -> str:
    """Write the page.

    Args:
        measured: The rows of each part.
        machine: What they were measured with.
        day: When.
    """
    parts = [HEAD, _sum(measured), *_measured_with(machine, day)]
    for part, rows in measured.items():
        parts += [f"## {SECTIONS[part].title}\n", f"{SECTIONS[part].text}\n", _table(rows)]
    return "\n".join([*parts, TAIL])


def _sum(measured: Mapping[str, Sequence[Row]]) -> str:
    held = [row for rows in measured.values() for row in rows if row.bar != COMPARED]
    failed = [row for row in held if not row.met]
    if not failed:
        return f"All {len(held)} bars are met.\n"
    listed = "\n".join(f"- {row.what}: {_said(row)}" for row in failed)
    return f"{len(held) - len(failed)} of {len(held)} bars are met. These are not:\n\n{listed}\n"


def _said(row: Row) -> str:
    if row.met is None:
        return f"not measured ({row.measured})"
    return f"{row.measured} instead of {row.bar}"


def _measured_with(machine: Mapping[str, str], day: date) -> Iterator[str]:
    yield "## Measured with\n"
    rows = "".join(f"| {name} | {value} |\n" for name, value in machine.items())
    yield f"| | |\n|---|---|\n| Day | {day.isoformat()} |\n{rows}"


def _table(rows: Sequence[Row]) -> str:
    head = "| | measured | bar | |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {_cell(row.what)} | {_cell(row.measured)} | {_bar(row)} | {_verdict(row)} |\n"
        for row in rows
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _bar(row: Row) -> str:
    return "" if row.bar == COMPARED else _cell(row.bar)


def _verdict(row: Row) -> str:
    return f"**{row.verdict.lower()}**" if row.verdict == "NOT MET" else row.verdict
