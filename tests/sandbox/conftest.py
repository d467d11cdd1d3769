"""A sandbox for each test, and its users."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http


@pytest.fixture
def local() -> Iterator[LocalKeito]:
    with sandbox() as running:
        yield running


@pytest.fixture
def admin(local: LocalKeito) -> Iterator[Http]:
    with Http(local, "admin") as http:
        yield http


@pytest.fixture
def manager(local: LocalKeito) -> Iterator[Http]:
    with Http(local, "manager") as http:
        yield http


@pytest.fixture
def member(local: LocalKeito) -> Iterator[Http]:
    with Http(local, "member") as http:
        yield http


@pytest.fixture
def agent(local: LocalKeito) -> Iterator[Http]:
    with Http(local, "agent") as http:
        yield http
