"""Modes: what becomes of what is recorded."""

from __future__ import annotations

import os
from typing import Literal, get_args

from . import _log

Mode = Literal["live", "test", "record", "off"]
MODES: tuple[Mode, ...] = get_args(Mode)


def mode_of_environment() -> Mode:
    """Return what `KEITO_MODE` names, else `live`.

    A name that is none keeps what is recorded: nothing is lost, and nobody is billed by mistake.
    """
    said = os.environ.get("KEITO_MODE", "").strip().lower()
    if not said:
        return "live"
    for mode in MODES:
        if mode == said:
            return mode
    _log.warn(
        "mode",
        f"KEITO_MODE is none of {', '.join(MODES)}: runs are recorded, and kept unsent "
        "until they are released, as with KEITO_MODE=record",
    )
    return "record"
