"""The `source` filter: one source, or several with commas between."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import BeforeValidator, WithJsonSchema

from .records.fields import ExpenseSource, Source


def _split(value: object) -> object:
    # A parameter may be there several times, and then newer frameworks hand over a list.
    several = value if isinstance(value, list) else [value]
    return frozenset(source for sources in several for source in str(sources).split(","))


def _described(kind: object) -> WithJsonSchema:
    # The description names the single values, as the published one does.
    return WithJsonSchema({"type": "string", "enum": list(get_args(kind))})


TimeEntrySources = Annotated[frozenset[Source], BeforeValidator(_split), _described(Source)]
ExpenseSources = Annotated[
    frozenset[ExpenseSource], BeforeValidator(_split), _described(ExpenseSource)
]
