"""Recorded exchanges with the local Keito: `make cassettes` records, the tests replay."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import vcr
from vcr.record_mode import RecordMode

from keito.testing import ClientSettings, sandbox

RECORD = "KEITO_RECORD"
ADDRESS = "http://127.0.0.1:4010"
SECRETS = ("authorization", "keito-account-id")


def recording() -> bool:
    """Whether exchanges are recorded, instead of replayed."""
    return bool(os.environ.get(RECORD))


@contextmanager
def cassette(path: Path) -> Iterator[ClientSettings]:
    """Give the settings of a client whose exchanges are recorded to a file, or replayed from it."""
    tape = vcr.VCR(
        record_mode=RecordMode.ALL if recording() else RecordMode.NONE,
        match_on=["method", "path", "query", "raw_body"],
        filter_headers=list(SECRETS),
        before_record_request=_at_a_fixed_address,
        before_record_response=_without_the_time,
        decode_compressed_response=True,
    )
    tape.register_matcher("raw_body", lambda one, other: one.body == other.body)
    if recording():
        path.unlink(missing_ok=True)
    with _keito() as settings, tape.use_cassette(str(path)):
        yield settings


@contextmanager
def _keito() -> Iterator[ClientSettings]:
    if not recording():
        yield {"api_key": "kto_sandbox_admin", "account_id": "acc_sandbox", "base_url": ADDRESS}
        return
    with sandbox(seed=1) as local:
        yield local.client_settings


def _at_a_fixed_address(request: Any) -> Any:
    parts = urlsplit(request.uri)
    request.uri = request.uri.replace(f"{parts.scheme}://{parts.netloc}", ADDRESS)
    request.headers["host"] = urlsplit(ADDRESS).netloc
    return request


def _without_the_time(response: dict[str, Any]) -> dict[str, Any]:
    # So that recording again changes only what has changed.
    response["headers"].pop("date", None)
    return response


def numbered_keys() -> Callable[[], str]:
    """Dedupe keys that are the same in each run."""
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012}"
