"""`keito doctor` itself."""

from __future__ import annotations

import typer

from ..exits import LEFT
from ..output import Json, Screen, progress, say_beside, show_json
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from .access import access
from .finding import Finding
from .installed import installed
from .waiting import waiting

_MARKS = {"fine": ("ok", "green"), "note": ("note", "yellow"), "problem": ("PROBLEM", "red")}


def doctor(
    outbox: OutboxPlace = None, credential: Credential = DEFAULT_CREDENTIAL, json: Json = False
) -> None:
    """Look for what keeps work from being billed.

    Each problem is said with its fix. Exit code 3 says that there is one.
    """
    where = place(outbox, credential)
    with progress("looking"):
        findings = [*installed(), *access(where.destination), *waiting(where)]
    if json:
        show_json({"findings": findings})
    else:
        _print(findings)
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(LEFT)


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.about) for finding in findings)
    for finding in findings:
        mark, style = _MARKS[finding.state]
        before = f"{mark:<8}{finding.about:<{width}}  "
        say_beside(before, finding.said, style=_style(finding, style))
        if finding.fix:
            say_beside(f"{'':<{len(before)}}-> ", finding.fix)


def _style(finding: Finding, style: str) -> str | None:
    return style if finding.state != "fine" and Screen().is_terminal else None
