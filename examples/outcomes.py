"""Charge for results, not for time: a price list, and a ticket that is solved only once.

Run it with `python -m examples.outcomes`.
"""

from __future__ import annotations

from examples.local import local_keito
from keito.billing import Contract, Recorder

PRICES = {"ticket_resolved": "0.99", "lead_qualified": "12.50"}


def main() -> None:
    """Solve a ticket, report it twice, fail at another, and qualify a lead in a run that fails."""
    with local_keito() as local:
        contract = Contract(prices=PRICES)
        recorder = Recorder(**local.settings, target=local.target, contract=contract)

        with recorder.run("support-agent") as run:
            run.outcome("ticket_resolved", subject="T-1", description="Resolved T-1")
            run.outcome("ticket_resolved", subject="T-1", description="Resolved T-1 again")
            run.outcome("ticket_resolved", success=False, description="Could not resolve T-2")

        try:
            with recorder.run("sales-agent") as run:
                run.outcome("lead_qualified", subject="L-7", description="Qualified L-7")
                raise TimeoutError("the calendar did not answer")
        except TimeoutError:
            print("the second run failed; its outcome stands")

        local.show(recorder)
        earned = [
            entry["metadata"]["outcome_unit_price"] * entry["metadata"]["outcome_quantity"]
            for entry in local.keito.entries()
            if entry["billable"]
        ]
        print(f"{sum(earned)} USD for {len(earned)} outcomes")


if __name__ == "__main__":
    main()
