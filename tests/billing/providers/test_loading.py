from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    return set(ran.stdout.split())


def test_recording_does_not_load_what_only_readers_need() -> None:
    loaded = loaded_by("from keito.billing import Recorder, Usage")

    assert "keito.billing.providers" not in loaded


@pytest.mark.parametrize("name", ["StreamUsage", "usage_of"])
def test_reading_usage_needs_the_standard_library_alone(name: str) -> None:
    loaded = loaded_by(f"from keito.billing import {name}")

    assert {"keito.billing.providers", "keito.billing.usage"} <= loaded
    assert {"httpx", "pydantic", "openai"}.isdisjoint(loaded)
