"""The `keito` command."""

from __future__ import annotations
