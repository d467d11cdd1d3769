"""What was recorded without an account goes to the one that is named later, once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from keito import KeitoInputError
from keito.billing import Recorder
from keito.billing.filing import Filing
from keito.testing import LocalKeito, sandbox
from tests.billing.sending import PATIENCE, keys_at, recorder_to
from tests.billing.test_delivery import delivered

NOBODY: dict[str, Any] = {"account_id": "", "api_key": ""}


def record_without_account(local: LocalKeito, path: Path, runs: int) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KEITO_ACCOUNT_ID", raising=False)
        settings: dict[str, Any] = {**local.client_settings, **NOBODY}
        template = recorder_to(local, path)
        recorder = Recorder(
            **settings,
            outbox=path / "outbox.db",
            target=template._settings.routes._default,
            courier="external",
        )
        template.close(0)
        ids = []
        for _ in range(runs):
            with recorder.run("agent") as run:
                run.outcome("done", subject="T-1")
            ids.append(run.id)
        filing = Filing(recorder._recording.opened(), clock=lambda: 1.0)
        while filing.arrivals():
            pass
        recorder.close(0)
    return ids


def test_it_is_delivered_once_though_several_adopt_it_at_once(tmp_path: Path) -> None:
    with sandbox() as local:
        ids = record_without_account(local, tmp_path, 5)
        recorders = [recorder_to(local, tmp_path) for _ in range(3)]
        with recorders[0].run("agent") as run:
            run.outcome("done", subject="t-1")
        recorders[0].flush(PATIENCE)

        threads = [threading.Thread(target=recorder.adopt) for recorder in recorders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = [recorder.flush(PATIENCE) for recorder in recorders]
        again = recorders[0].adopt()

        assert (left, again) == ([0, 0, 0], 0)
        # The subject was charged with the first run of the account.
        assert delivered(local) == sorted([*ids, run.id, run.id])
        assert len(set(keys_at(local))) == 7
        dropped = recorders[0].backlog().records("DROPPED")
        assert [record.kind for record in dropped] == ["outcome"]
        for recorder in recorders:
            recorder.close(1)


def test_nothing_is_adopted_unasked_or_without_an_account(tmp_path: Path) -> None:
    with sandbox() as local:
        record_without_account(local, tmp_path, 1)
        recorder = recorder_to(local, tmp_path)
        settings: dict[str, Any] = {**local.client_settings, **NOBODY}
        nobody = Recorder(**settings, courier="external")

        recorder.flush(0.3)
        with pytest.raises(KeitoInputError, match="no account"):
            nobody.adopt()

        assert delivered(local) == []
        recorder.close(1)
        nobody.close(0)
