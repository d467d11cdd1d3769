"""Skips: CI accepts those of a few tests, by their reason. Any other would go unnoticed there."""

from __future__ import annotations

import os
import re
from typing import Any, TypeVar

import pytest

_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)

ACCEPTED = (
    r"needs the recordings of model traffic .*",
    # Each is installed where one of the frameworks is tested by itself.
    r"needs langgraph-cli\[inmem\]",
    r"needs litellm: .*",
    r"older releases .*",
    r"before .*",
    # It is downloaded.
    r"the small model can't be installed here: .*",
    r"this (platform|system) (has no|can't) .*",
    r"(.* on )?Windows.*",
    r"only Linux .*",
)


def as_seen_by_ci(report: _Report, *, ci: bool | None = None) -> _Report:
    """Make a skip a failure, unless CI accepts it.

    Args:
        report: What pytest has to say of a test, or of a file of tests.
        ci: Whether this is CI; default: as `CI` in the environment says.
    """
    here = os.environ.get("CI", "") not in ("", "false", "0") if ci is None else ci
    if not here or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = _reason(report.longrepr)
    if not any(re.fullmatch(accepted, reason, re.DOTALL) for accepted in ACCEPTED):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI accepts only for a reason in {__file__}: {reason}"
    return report


def _reason(longrepr: Any) -> str:
    said = longrepr[-1] if isinstance(longrepr, tuple) else str(longrepr)
    return said.removeprefix("Skipped: ")
