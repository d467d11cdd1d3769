"""The `keito` command."""

from __future__ import annotations

import sys

__all__ = ["main"]

_OF_THE_EXTRA = {"typer", "rich", "click"}


def main() -> None:
    """Run the command line; without the packages of `keito[cli]`, say how to get them."""
    try:
        from .app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        sys.stderr.write('The keito command needs more packages: pip install "keito[cli]"\n')
        sys.exit(1)
    app()
