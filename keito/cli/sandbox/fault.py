"""`keito sandbox fault` and `faults`: let things go wrong, and see what still will."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ..output import Json, show
from .remote import DEFAULT_URL, Url, control

Kind = Literal[
    "drop", "error", "foreign", "hang", "late", "rate_limit", "slow", "stale", "truncated"
]

_WHAT = {
    "drop": "cut the connection instead of answering",
    "error": "answer {status}",
    "foreign": "answer 200 with a web page",
    "hang": "answer nothing",
    "late": "answer {status} and carry it out {seconds} s later",
    "rate_limit": "answer 429 with Retry-After {retry_after}",
    "slow": "answer after {seconds} s",
    "stale": "let lists be {seconds} s behind",
    "truncated": "send half of the answer",
}


def fault(
    kind: Annotated[Kind, typer.Argument(help="What happens.")],
    method: Annotated[str | None, typer.Option(help="Only for this HTTP method.")] = None,
    path: Annotated[str, typer.Option(help="Only for this path; * is anything.")] = "*",
    times: Annotated[int, typer.Option(min=0, help="How many requests; 0 is all.")] = 1,
    probability: Annotated[float, typer.Option(min=0, max=1, help="How likely each is hit.")] = 1,
    first_attempt: Annotated[
        bool, typer.Option("--first-attempt", help="Only the first request of each record.")
    ] = False,
    committed: Annotated[
        bool,
        typer.Option("--after/--before", help="Whether the request is carried out all the same."),
    ] = True,
    status: Annotated[int, typer.Option(min=400, max=599, help="For error and late.")] = 503,
    seconds: Annotated[
        float, typer.Option(min=0, max=3600, help="For hang, late, slow and stale.")
    ] = 1,
    retry_after: Annotated[int, typer.Option(min=0, help="Seconds, for rate_limit.")] = 1,
    as_date: Annotated[
        bool, typer.Option("--as-date", help="Retry-After as a date, for rate_limit.")
    ] = False,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Let something go wrong with the next requests."""
    injected = control(
        url,
        "POST",
        "/faults",
        {
            "kind": kind,
            "method": method and method.upper(),
            "path": path,
            "times": times or None,
            "probability": probability,
            "first_attempt": first_attempt,
            "committed": committed,
            "status": status,
            "seconds": seconds,
            "retry_after": retry_after,
            "as_date": as_date,
        },
    )
    show(injected, described(injected), json=json)


def faults(
    clear: Annotated[bool, typer.Option("--clear", help="Take all of them away.")] = False,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Show the faults that can still happen."""
    if clear:
        answer = control(url, "DELETE", "/faults")
        show(answer, f"{answer['cleared']} faults taken away", json=json)
        return
    answer = control(url, "GET", "/faults")
    lines = "\n".join(described(one) for one in answer["faults"])
    show(answer, lines or "no faults", json=json)


def described(fault: dict[str, Any]) -> str:
    """One line that says what will happen to which requests."""
    which = fault["method"] or "any request"
    where = "" if fault["path"] == "*" else f" {fault['path']}"
    what = _WHAT[fault["kind"]].format_map(fault)
    return f"{which}{where}, {_how_often(fault)}: {what}{_carried_out(fault)}"


def _how_often(fault: dict[str, Any]) -> str:
    left = "always"
    if fault["times"] is not None:
        count = fault["times"] - fault["hits"]
        left = "once" if count == 1 else f"{count} times"
    chance = "" if fault["probability"] == 1 else f" with probability {fault['probability']}"
    return left + chance + (", only the first attempt" if fault["first_attempt"] else "")


def _carried_out(fault: dict[str, Any]) -> str:
    if fault["kind"] in ("late", "rate_limit", "stale", "truncated"):
        return ""
    return ", after carrying it out" if fault["committed"] else ", without carrying it out"
