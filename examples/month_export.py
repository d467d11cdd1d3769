"""The month's work, exported and added up to the lines of an invoice for each client.

`keito export` writes what Keito has; what it earns is only known where there is a rate or a price.

Run it with `python -m examples.month_export`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from examples.local import Local, local_keito
from keito.billing import Contract, Recorder, Target, bill_to

CLIENTS = {
    "acme": Target(project_id="prj_acme_support", task_id="tsk_agent_run"),
    "globex": Target(project_id="prj_globex_onboarding", task_id="tsk_agent_run"),
}


def main() -> None:
    """Work for two clients, fail once, and draft the invoices of the month."""
    with local_keito() as local:
        work(local)
        days = [entry["spent_date"] for entry in local.keito.entries()]
        month = max(days)[:7]
        file = Path(local.settings["outbox"]).with_name("month.csv")
        export(local, month, file)
        with file.open(encoding="utf-8", newline="") as rows:
            draft(csv.DictReader(rows))


def work(local: Local) -> None:
    """What agents did: time for both clients, outcomes for one, and a failure."""
    recorder = Recorder(
        **local.settings,
        targets=CLIENTS,
        contract=Contract(charge="both", prices={"lead_qualified": "12.50"}),
    )
    for client, leads in (("acme", 3), ("globex", 0)):
        with bill_to(client), recorder.run("desk-agent") as run:
            time.sleep(0.05)
            for number in range(leads):
                lead = f"L-{number}"
                run.outcome("lead_qualified", subject=lead, description=f"Qualified {lead}")
    try:
        with bill_to("globex"), recorder.run("desk-agent"):
            raise TimeoutError
    except TimeoutError:
        print("one run failed, and is on no invoice")
    local.show(recorder)


def export(local: Local, month: str, file: Path) -> None:
    """Have the command write the month into a file."""
    command = [sys.executable, "-m", "keito.cli", "export", "--month", month]
    command += ["--format", "csv", "--out", str(file)]
    subprocess.run(command, env={**os.environ, **local.keito.env}, check=True, capture_output=True)


def draft(rows: csv.DictReader[str]) -> None:
    """Print one line for each project and kind of work."""
    lines: dict[tuple[str, str, str], list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        if row["billable"] == "true" and row["is_billed"] == "false":
            what = row["outcome_type"] or "time"
            lines[row["client"], row["project"], what].append(row)
    for (client, project, what), items in sorted(lines.items()):
        of = "outcome_quantity" if what != "time" else "hours"
        quantity = sum(Decimal(item[of]) for item in items)
        print(f"invoice {client} | {project} | {what} | {quantity} | {earned(items)}")


def earned(items: list[Mapping[str, str]]) -> str:
    """What they earn, unless it is unknown of one."""
    if not all(item["amount"] for item in items):
        return "a person sets the price"
    return f"{sum(Decimal(item['amount']) for item in items)} {items[0]['currency']}"


if __name__ == "__main__":
    main()
