"""`keito sandbox`: run a local Keito, and drive one that runs."""

from __future__ import annotations

import typer

from .fault import fault, faults
from .mark import approve, bill, lock
from .outage import outage
from .requests import requests
from .reset import reset
from .serve import serve

__all__ = ["sandbox"]

sandbox = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
sandbox.callback(invoke_without_command=True)(serve)
for _command in (fault, faults, approve, lock, bill, outage, requests, reset):
    sandbox.command()(_command)
