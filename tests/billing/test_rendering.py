"""Rendering happens once, and in whichever process delivers."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from keito import _json
from keito.billing import Contract
from keito.billing.contract import read_contract
from keito.billing.outbox import open_outbox
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE, recorder_to

# Another contract than the delivering process has: what was recorded under it must be charged by
# it, wherever it is rendered.
ELSEWHERE = """
import sys
from datetime import timedelta
from keito.billing import Contract, Recorder, Target

outbox, account, url, project, task = sys.argv[1:]
recorder = Recorder(
    outbox=outbox,
    account_id=account,
    base_url=url,
    courier="external",
    contract=Contract(
        charge="both", increment=timedelta(hours=2), prices={"done": "0.99"}, share_cost=False
    ),
    target=Target(project_id=project, task_id=task),
)
with recorder.run("agent") as run:
    run.outcome("done")
recorder.close()
print(recorder.contract.id)
print(any(name in sys.modules for name in ("keito.billing.entry", "keito.billing.metadata")))
"""


def recorded_elsewhere(local: LocalKeito, path: Path) -> tuple[str, str]:
    """Record a run in a process that has no key; return its contract's id, and if it rendered."""
    ids = (local.account_id, local.base_url, local.project_id, local.task_id)
    command = [sys.executable, "-c", ELSEWHERE, str(path), *ids]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    contract, rendered = said.stdout.split()
    return contract, rendered


def test_what_a_process_without_a_key_recorded_another_renders_by_the_contract_of_the_first(
    keito_sandbox: LocalKeito, tmp_path: Path
) -> None:
    contract, rendered = recorded_elsewhere(keito_sandbox, tmp_path / "outbox.db")
    courier = recorder_to(keito_sandbox, tmp_path, contract=Contract(charge="outcomes"))

    left = courier.flush(PATIENCE)
    courier.close()

    sent = [e for e in keito_sandbox.entries() if "keito_key" in (e["metadata"] or {})]
    by_type = {e["metadata"].get("outcome_type"): e for e in sent}
    assert (left, rendered, len(sent)) == (0, "False", 2)
    assert {e["metadata"]["contract_id"] for e in sent} == {contract}
    assert by_type[None]["hours"] == 2
    assert by_type[None]["billable"]
    assert by_type["done"]["metadata"]["outcome_unit_price"] == Decimal("0.99")


def test_a_record_is_rendered_once_and_sent_as_it_was_stored(
    keito_sandbox: LocalKeito, tmp_path: Path
) -> None:
    recorder = recorder_to(keito_sandbox, tmp_path)
    with recorder.run("agent") as run:
        pass
    assert recorder.flush(PATIENCE) == 0

    outbox = open_outbox(tmp_path / "outbox.db", recorder.destination)
    (record,) = outbox.of_run(run.id)
    contract = outbox.contract(recorder.contract.id)
    outbox.close()
    recorder.close()

    (entry,) = [e for e in keito_sandbox.entries() if "keito_key" in (e["metadata"] or {})]
    stored = _json.loads(record.payload)
    assert isinstance(stored, dict)
    assert {name: entry[name] for name in stored} == stored
    assert contract is not None
    assert read_contract(contract).text() == recorder.contract.text()
