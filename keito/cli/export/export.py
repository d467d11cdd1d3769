"""`keito export` itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from ... import _json
from ..csv import write_csv
from ..names import names_of
from ..output import Json, fail, progress, remark, show_json
from ..period import FromDay, Month, ToDay, period
from ..place import DEFAULT_CREDENTIAL, Credential, keito, place
from .lines import COLUMNS, Item, Of, items

Form = Literal["jsonl", "csv"]


def export(
    month: Month = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    form: Annotated[
        Form, typer.Option("--format", help="A JSON object per line, or CSV for a spreadsheet.")
    ] = "jsonl",
    of: Annotated[Of, typer.Option(help="Whose work.")] = "agents",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to a file, once all is there.")
    ] = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Write down the entries and expenses of a month, or of other days.

    With --json the answer says how many there were; it needs --out.
    """
    if json and out is None:
        raise typer.BadParameter("--json needs --out, since the export itself goes to the output")
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        why = "it is a folder" if out.is_dir() else "its folder is not there"
        fail(f"{out} can't be written: {why}")
    days = period(from_day, to_day, month)
    with ExitStack() as stack:
        client = stack.enter_context(keito(place(None, credential).destination))
        # What is written into a terminal shows by itself that it goes on.
        seen = out is None and sys.stdout.isatty()
        tell = stack.enter_context(progress(f"exporting {days}", hidden=seen))
        names = names_of(client)
        file = stack.enter_context(_opened(out))
        written = _write(file, form, items(client, days, names, of=of, tell=tell))
    if json:
        show_json({"from": days.first, "to": days.last, "written": written, "file": str(out)})
    else:
        remark(f"{written} written, from {days}")


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    # Nobody finds half of a month in the file, whatever happens on the way.
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _write(file: TextIO, form: Form, found: Iterable[Item]) -> int:
    """Write them all; how many there were."""
    count = 0

    def counted() -> Iterator[Item]:
        nonlocal count
        for item in found:
            yield item
            count += 1

    if form == "csv":
        write_csv(file, COLUMNS, (item.row() for item in counted()))
    else:
        file.writelines(f"{_json.dumps(item.line()).decode()}\n" for item in counted())
    file.flush()
    return count
