"""`keito sweep`: compare a day with what Keito has."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import FAILED, LEFT
from .output import Json, complain, say, show_json
from .period import day_of
from .place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from .record import SHORT
from .table import show_table

if TYPE_CHECKING:
    from ..billing.sweep_report import SweepReport

_HEADINGS = ("what", "key", "project", "entries", "detail")


def sweep(
    day: Annotated[
        str, typer.Argument(metavar="DAY", help="YYYY-MM-DD.", show_default="yesterday, in UTC")
    ] = "",
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Compare a day with what Keito has; nothing is changed.

    Exit code 3 says that they differ.
    """
    from ..billing.sweep import sweep_now
    from ..billing.timing import Timing

    where, day = place(outbox, credential), str(day_of("DAY", day)) if day else _yesterday()
    with where.opened() as opened:
        report = sweep_now(opened, where.destination, day, timing=Timing())
    if json:
        show_json(report)
    else:
        _print(report)
    for project, why in report.unlisted.items():
        complain(f"Keito would not list {project}: {why}")
    if report.unlisted:
        raise typer.Exit(FAILED)
    if report.findings:
        raise typer.Exit(LEFT)


def _yesterday() -> str:
    return (datetime.now(timezone.utc).date() - timedelta(days=1)).isoformat()


def _print(report: SweepReport) -> None:
    if not (report.compared or report.listed or report.unlisted):
        say(f"{report.day}: nothing was recorded here, so that there is nothing to compare")
        return
    counts = f"{report.compared} records here, {report.listed} in Keito"
    say(f"{report.day}: {counts}: {report.summary()}")
    if report.findings:
        rows = [
            (one.what, one.key[:SHORT], one.project_id, " ".join(one.ids), one.detail)
            for one in report.findings
        ]
        show_table(_HEADINGS, rows, apart=["detail"])
