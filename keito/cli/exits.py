"""The exit codes of all commands."""

from __future__ import annotations

DONE = 0
"""Everything that was asked for is done."""

FAILED = 1
"""It could not be done; the last line on the standard error says why."""

USAGE = 2
"""The command was called wrongly."""

LEFT = 3
"""Done, and something is left for a person or for later, which the output names."""

INTERRUPTED = 130
"""Ctrl-C ended it before it was done."""

UNREAD = 141
"""Whoever read the output has stopped reading it."""
