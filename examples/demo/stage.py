"""How the demo talks: headings, tables and checks, in colour where there is a terminal."""

from __future__ import annotations

import inspect
from types import ModuleType

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from examples.demo.support import Work


class CheckFailedError(Exception):
    """Something the demo claims is not so."""


class Stage:
    """Where the acts are played."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def act(self, title: str, text: str) -> None:
        """Open an act."""
        self.console.print()
        self.console.rule(f"[bold cyan]{escape(title)}", align="left", style="cyan")
        self.say(text)

    def say(self, text: str) -> None:
        """Tell something; Rich markup is understood."""
        self.console.print(text, highlight=False)

    def show(self, what: RenderableType) -> None:
        """Show a table or a panel, indented."""
        self.console.print(Padding(what, (0, 0, 0, 2), expand=False))

    def code(self, module: ModuleType) -> None:
        """Show the lines of a module that bill: those marked so, as they stand in the file."""
        marked = [line for line in inspect.getsource(module).splitlines() if "# billing" in line]
        lines = [line.partition("# billing")[0].strip().rstrip(",") for line in marked]
        python = Syntax("", "python", theme="ansi_dark", background_color="default")
        highlighted = python.highlight("\n".join(lines))
        highlighted.rstrip()
        self.show(highlighted)

    def work(self, work: Work, *, speaker: str) -> None:
        """Show what an agent did with a ticket."""
        shown = Table.grid(padding=(0, 1))
        asked = Text(f"{work.ticket.customer}: {work.ticket.text}")
        shown.add_row(Text(work.ticket.id, "bold"), asked)
        for call in work.calls:
            shown.add_row(Text("calls", "yellow"), Text(call, no_wrap=True, overflow="ellipsis"))
        shown.add_row(Text(speaker, "green"), Text(work.answer))
        self.console.print()
        self.show(shown)

    def check(self, holds: bool, claim: str) -> None:
        """Show a claim as checked.

        Raises:
            CheckFailedError: It does not hold.
        """
        if not holds:
            self.say(f"  [bold red]✗ not so:[/] {escape(claim)}")
            raise CheckFailedError(claim)
        self.say(f"  [bold green]✓[/] {escape(claim)}")
