"""The prices that a command renders records with."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from ..billing.prices import Prices

PricesName = Annotated[
    str | None,
    typer.Option(
        "--prices",
        metavar="MODULE:NAME",
        help="What model calls cost: the prices= of your recorders. [default: genai-prices]",
    ),
]


def prices(name: str | None) -> Prices | None:
    """Import what an option names, from the working directory too, as `python -m` does."""
    if name is None:
        return None
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise typer.BadParameter(f"--prices {name}: give it as package.module:name")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise typer.BadParameter(f"--prices {name}: {error}") from None
    if not callable(getattr(found, "cost", None)):
        raise typer.BadParameter(f"--prices {name} has no cost(usage, *, day=)")
    return cast("Prices", found)
