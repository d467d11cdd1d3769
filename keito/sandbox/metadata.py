"""Metadata: 4 KB of anything, merged on update."""

from __future__ import annotations

from .problems import Problem
from .records import Metadata
from .wire import encode

MAX_BYTES = 4096


def checked(metadata: Metadata | None) -> Metadata | None:
    """The metadata, if it is small enough.

    Raises:
        Problem: It has more than 4,096 bytes as JSON in UTF-8.
    """
    size = len(encode(metadata))
    if metadata is not None and size > MAX_BYTES:
        message = f"metadata has {size} bytes of JSON, more than the {MAX_BYTES} allowed"
        raise Problem(400, message, code="metadata_too_large", field="metadata")
    return metadata


def merged(old: Metadata | None, change: Metadata | None) -> Metadata | None:
    """The metadata after an update: null clears it, an object adds and replaces keys."""
    return None if change is None else checked({**(old or {}), **change})
