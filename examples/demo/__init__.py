"""`make demo`: two real agents, billed to a local Keito, with nothing to sign up for."""

from __future__ import annotations
