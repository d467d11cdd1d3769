"""Act 1: two agents work tickets, and Keito has a record of each run and each outcome."""

from __future__ import annotations

from contextlib import closing

from examples.demo import entries, langchain_agent, openai_agent
from examples.demo.books import Books
from examples.demo.model_server import scripted_model
from examples.demo.stage import Stage
from examples.demo.support import TICKETS
from keito.billing import Contract, Recorder

# Time at the project's rate, and a price for each resolved ticket: the client pays both here.
CONTRACT = Contract(charge="both", prices={"ticket_resolved": "0.90"})
PACE = 0.2


def play(stage: Stage, books: Books) -> None:
    """Play it."""
    stage.act(
        "Act 1 · Two agents, billed to a local Keito",
        "A shop's support agent, once in LangChain and once in the OpenAI Agents SDK. "
        "Frameworks and HTTP are real. The model is [green]scripted[/]: we wrote its words, and "
        "its tokens are counted at four letters each.",
    )
    with closing(Recorder(contract=CONTRACT)) as recorder, scripted_model(pace=PACE) as model:
        stage.say("\n[bold]LangChain[/]: the two lines that attach billing")
        stage.code(langchain_agent)
        for ticket in ("T-101", "T-102"):
            work = langchain_agent.work(TICKETS[ticket], model, recorder)
            stage.work(work, speaker="scripted")
        stage.say("\n[bold]OpenAI Agents[/]: the two lines that attach billing")
        stage.code(openai_agent)
        for ticket in ("T-103", "T-104"):
            work = openai_agent.work(TICKETS[ticket], model, recorder)
            stage.work(work, speaker="scripted")
        left = recorder.flush()
    _tell(stage, books, left)


def _tell(stage: Stage, books: Books, left: int) -> None:
    received = books.new()
    runs = [entry for entry in received if entry.hours]
    stage.say("\n[bold]What Keito received[/]: an entry for each run and each resolved ticket")
    stage.show(entries.table(received))
    stage.check(left == 0, "nothing is left in the outbox")
    stage.check((len(runs), len(received) - len(runs)) == (4, 3), "4 runs, 3 outcomes, 7 entries")
    stage.say("\n[bold]What the client reads[/] of the first run")
    stage.show(entries.as_the_client_reads(runs[0]))
    stage.say("\n[bold]What is kept with it[/], for whoever checks the bill")
    stage.show(entries.kept_with(runs[0]))
