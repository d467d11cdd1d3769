"""Programs that show keito at work. Start with `make demo`."""

from __future__ import annotations
