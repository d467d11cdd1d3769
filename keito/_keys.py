"""The dedupe key: what tells a lost answer from a lost record.

The API has no idempotency, so each record that we create carries a key in its metadata, and a
record whose answer was lost is searched for by it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from ._errors import KeitoInputError
from ._pages import for_all, listing
from ._request import Request
from .types._model import Model
from .types.page import Rows

KEY = "keito_key"

M = TypeVar("M", bound=Model)


def new_key() -> str:
    """Return a key that no other record has."""
    return str(uuid.uuid4())


def with_key(metadata: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    """Return the metadata with a key; one that the caller has put there stays.

    Raises:
        KeitoInputError: The metadata is no dict, or the caller's key isn't text.
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        raise KeitoInputError("metadata must be a dict with text as keys")
    own = (metadata or {}).get(KEY, key)
    if not isinstance(own, str) or not own:
        raise KeitoInputError(f"metadata.{KEY} must be text")
    return {**(metadata or {}), KEY: own}


def key_of(body: Mapping[str, object]) -> str:
    """Return the key that a body carries."""
    metadata = body["metadata"]
    assert isinstance(metadata, Mapping)
    return str(metadata[KEY])


def search_for(request: Request[M]) -> Request[Rows[M]]:
    """Return the list in which the record that a create made must be."""
    body = request.body or {}
    day = body["spent_date"]
    params = {"project_id": body["project_id"], "from": day, "to": day}
    return for_all(listing(request.returns, request.path, params))


def with_this_key(rows: Rows[M], key: str | None) -> M | None:
    """Return the record that carries a key, if it is among the rows."""
    for row in rows.data:
        metadata = getattr(row, "metadata", None)
        if isinstance(metadata, Mapping) and metadata.get(KEY) == key:
            return row
    return None
