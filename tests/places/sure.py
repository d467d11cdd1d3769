"""Times for a program that is killed as soon as it has recorded, however busy the machine is."""

from __future__ import annotations

from dataclasses import replace

from tests.billing.sending import FAST

# What could not be written in time waits in memory, and would be gone with its process.
SURE = replace(FAST, inline=10.0)
