"""Charge for time and for results: two kinds of entries, linked by the run's id.

Run it with `python -m examples.hybrid_billing`.
"""

from __future__ import annotations

import time

from examples.local import local_keito
from keito import Keito
from keito.billing import Contract, Recorder


def main() -> None:
    """Review a pull request, and let Keito add both halves up."""
    with local_keito() as local:
        contract = Contract(charge="both", prices={"code_review_completed": "5"})
        recorder = Recorder(**local.settings, target=local.target, contract=contract)

        with recorder.run("review-agent") as run:
            time.sleep(0.1)
            run.outcome("code_review_completed", subject="PR-31", description="Reviewed PR-31")

        local.show(recorder)
        entries = local.keito.entries()
        linked = [entry for entry in entries if entry["metadata"]["run_id"] == run.id]
        print(f"{len(linked)} of {len(entries)} entries belong to the run")

        with Keito(**local.keito.client_settings) as keito:
            days = [entry["spent_date"] for entry in entries]
            summary = keito.reports.agent_summary(
                user_id=keito.users.me().id,
                from_date=min(days),
                to_date=max(days),
            )
            print(f"time: {summary.time.billable_hours} h, {summary.time.revenue} USD")
            print(f"outcomes: {summary.outcomes.successful}, {summary.outcomes.revenue} USD")
            print(f"together: {summary.combined.total_revenue} USD")


if __name__ == "__main__":
    main()
