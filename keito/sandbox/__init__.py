"""A local Keito, for tests and for trying things out.

`keito.testing.sandbox()` and the command `keito sandbox` start one; `Sandbox` is the ASGI app.
"""

from __future__ import annotations

try:
    import fastapi as _fastapi
    import uvicorn as _uvicorn
except ImportError as error:
    raise ImportError(
        'the local Keito needs more packages: pip install "keito[sandbox]"'
    ) from error

from .data_file import DataFileError
from .faults import Fault, Faults, Match
from .problems import Problem
from .request_log import LoggedRequest
from .sandbox import Sandbox
from .server import Outage, Server

__all__ = [
    "DataFileError",
    "Fault",
    "Faults",
    "LoggedRequest",
    "Match",
    "Outage",
    "Problem",
    "Sandbox",
    "Server",
]

del _fastapi, _uvicorn
