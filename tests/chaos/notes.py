"""What a process notes of itself: each note is in the file before anything else happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Notes:
    """A file that is only appended to, with no buffer that a kill could take."""

    def __init__(self, path: str | Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def add(self, did: str, **facts: object) -> None:
        """Note what was done, after it was."""
        os.write(self._file, json.dumps({"did": did, **facts}).encode() + b"\n")


def read_notes(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the notes of all processes."""
    for path in sorted(folder.glob("*.notes")):
        for line in path.read_text().splitlines():
            yield json.loads(line)
