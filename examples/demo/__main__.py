"""The demo's program: `python -m examples.demo [--fast] [--model openai]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from openai import OpenAIError
from rich.console import Console
from rich.markup import escape

from examples.demo.stage import CheckFailedError, Stage
from keito.testing import LocalKeito, sandbox

# A key for a real service must not make the demo send it anything.
_FOREIGN = ("KEITO_", "LANGCHAIN_", "LANGSMITH_", "OPENAI_")


def main() -> int:
    """Play all acts; anything but 0 means that a claim did not hold."""
    options = _options()
    stage = Stage(Console())
    api_key = os.environ.get("OPENAI_API_KEY")
    if options.model == "openai" and not api_key:
        stage.say("[red]--model openai needs your own key in OPENAI_API_KEY.[/]")
        return 2
    try:
        _play(stage, fast=options.fast, api_key=api_key if options.model == "openai" else None)
    except CheckFailedError as failed:
        stage.say(f"\n[bold red]The demo stops here: not so: {escape(str(failed))}[/]")
        return 1
    except KeyboardInterrupt:
        stage.say("\nStopped.")
        return 130
    except OpenAIError as error:
        stage.say(f"\n[bold red]The model could not be used:[/] {escape(str(error))}")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="leave the real model out")
    parser.add_argument("--model", choices=["small", "openai"], default="small", help="for act 2")
    options = parser.parse_args()
    if options.fast and options.model == "openai":
        parser.error("--fast leaves out the act that --model is for")
    return options


def _play(stage: Stage, *, fast: bool, api_key: str | None) -> None:
    # Imported here: the agent frameworks take seconds, which --help need not.
    from examples.demo import act_outage, act_real_model, act_scripted, closing
    from examples.demo.books import Books

    since = datetime.now(timezone.utc).date()
    with sandbox(role="agent") as keito, tempfile.TemporaryDirectory() as folder:
        _use(keito, Path(folder))
        books = Books(keito)
        act_scripted.play(stage, books)
        if api_key:
            act_real_model.play_with_openai(stage, books, api_key)
        elif not fast:
            act_real_model.play(stage, books)
        act_outage.play(stage, books, keito, Path(folder))
        closing.play(stage, books.summary("usr_agent", since))


def _use(keito: LocalKeito, folder: Path) -> None:
    """Have this process, and those it starts, use the local Keito and nothing of the user's."""
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    os.environ.update(keito.env, KEITO_OUTBOX=str(folder / "outbox.db"))
    os.environ["NO_PROXY"] = f"127.0.0.1,{os.environ.get('NO_PROXY', '')}"


if __name__ == "__main__":
    sys.exit(main())
