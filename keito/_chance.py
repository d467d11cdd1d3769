"""How a pause is spread, so that clients that failed together don't return together."""

from __future__ import annotations

import random
from collections.abc import Callable

# The system's chance, not the `random` module's shared numbers: an agent that has seeded those
# would draw others as soon as a thread of ours pauses. It is also never the same after a fork.
of_the_system: Callable[[], float] = random.SystemRandom().random
"""Return a number from 0 up to 1."""
