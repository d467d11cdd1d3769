"""How a sandbox behaves; a running one can be changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from .problems import ErrorShape
from .rate_limit import RateLimit


@dataclass(slots=True)
class Settings:
    """What can be changed while the sandbox runs.

    Attributes:
        errors: The shape in which errors are answered.
        rate_limit: How many requests a key may make; none by default.
    """

    errors: ErrorShape = "flat"
    rate_limit: RateLimit = field(default_factory=RateLimit)
