"""What the tests of the documentation share."""

from __future__ import annotations

from tests.contract import keito, recorder

__all__ = ["keito", "recorder"]
