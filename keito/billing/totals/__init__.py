"""Totals: one entry for the runs of a day, kept up to date (`granularity="day"`).

A run is a record as ever, but not sent: it is `COLLECTED`, then `FOLDED` into a total, and `DONE`
when Keito has that. Which runs a total holds is decided in one transaction with what it says.
"""

from __future__ import annotations
