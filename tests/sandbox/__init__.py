"""The sandbox, as clients over HTTP see it."""

from __future__ import annotations
