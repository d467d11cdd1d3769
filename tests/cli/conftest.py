"""A local Keito and an outbox, and the command with both in its environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from keito.billing import Contract, Recorder, Target, Usage
from keito.cli.app import app
from keito.testing import LocalKeito, sandbox


class World:
    """A local Keito, an outbox for it, and the command line."""

    def __init__(self, local: LocalKeito, path: Path) -> None:
        self.local = local
        self.path = path
        self.env = {**local.env, "KEITO_OUTBOX": str(path)}

    def recorder(self, **settings: Any) -> Recorder:
        """An agent's recorder, which delivers nothing itself."""
        defaults: dict[str, Any] = {
            **self.local.client_settings,
            "outbox": self.path,
            "courier": "external",
            "target": self.target(),
            "contract": Contract(charge="both", prices={"ticket_resolved": "2.50"}),
        }
        return Recorder(**{**defaults, **settings})

    def target(self, **changed: Any) -> Target:
        """Where runs go."""
        ids = {"project_id": self.local.project_id, "task_id": self.local.task_id}
        return Target(**{**ids, **changed})

    def record(self, name: str = "support", **settings: Any) -> str:
        """Record a run with a model call and an outcome; return its id."""
        recorder = self.recorder(**settings)
        with recorder.run(name) as run:
            run.model_call(
                Usage(model="gpt-4o-mini", provider="openai", input_tokens=1200, output_tokens=300),
                key="call",
            )
            run.outcome("ticket_resolved", subject=f"T-{run.id}")
        recorder.close()
        return run.id

    def keito(self, *words: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(app, list(words))

    def said(self, *words: str, code: int = 0) -> str:
        """Run the command and return what it says."""
        result = self.keito(*words)
        assert result.exit_code == code, (result.output, result.exception)
        assert self.local.api_key not in result.output
        return result.stdout

    def read(self, *words: str, code: int = 0) -> Any:
        """Run the command and read its JSON."""
        return json.loads(self.said(*words, "--json", code=code))

    def refused(self, *words: str) -> str:
        """Run the command, which fails with one line; return that."""
        result = self.keito(*words)
        assert (result.exit_code, result.stdout) == (1, ""), (result.output, result.exception)
        return result.stderr.strip()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with sandbox() as local:
        made = World(local, tmp_path / "outbox.db")
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made
