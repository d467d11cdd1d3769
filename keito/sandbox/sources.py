"""The `source` filter: one source, or several with commas between."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import BeforeValidator, WithJsonSchema

from .records.fields import ExpenseSource, Source


def _split(value: object) -> object:
    # The framework hands over a list, since a parameter may be there several times.
    if not isinstance(value, list):
        return value
    return frozenset(source for several in value for source in str(several).split(","))


def _described(kind: object) -> WithJsonSchema:
    # The description names the single values, as the published one does.
    return WithJsonSchema({"type": "string", "enum": list(get_args(kind))})


TimeEntrySources = Annotated[frozenset[Source], BeforeValidator(_split), _described(Source)]
ExpenseSources = Annotated[
    frozenset[ExpenseSource], BeforeValidator(_split), _described(ExpenseSource)
]
