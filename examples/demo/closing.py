"""What the agent earned, and where to go from here."""

from __future__ import annotations

from decimal import Decimal

from rich.table import Table

from examples.demo.stage import Stage
from keito.types import AgentSummary


def play(stage: Stage, summary: AgentSummary) -> None:
    """Show the agent summary, and what to read next."""
    stage.act("Summary", "What the agent worked and earned today: client.reports.agent_summary")
    stage.show(_table(summary))
    stage.check(summary.combined.total_revenue is not None, "every rate and every price was known")
    stage.say(
        "\n[bold]Where to look next[/]\n"
        "  README.md                       bill your own agent\n"
        "  examples/demo/langchain_agent.py, openai_agent.py\n"
        "                                  the two agents of this demo\n"
        "  .venv/bin/keito sandbox         a local Keito to play with\n"
        "  make test                       everything that is promised, as tests\n"
    )


def _table(summary: AgentSummary) -> Table:
    time, outcomes = summary.time, summary.outcomes
    table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    table.add_column()
    for name in ("recorded", "charged", "earned"):
        table.add_column(name, justify="right")
    hours = (f"{time.total_hours:f} h", f"{time.billable_hours:f} h")
    table.add_row("time", *hours, _usd(time.revenue))
    table.add_row("outcomes", str(outcomes.total), str(outcomes.successful), _usd(outcomes.revenue))
    table.add_row("together", "", "", _usd(summary.combined.total_revenue), style="bold")
    return table


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:.4f} USD"
