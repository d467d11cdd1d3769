"""A process whose model claims whatever it likes, together with others.

Run as `python -m tests.tools.model NUMBER`, with a local Keito in the environment.
"""

from __future__ import annotations

import sys

from keito import tools
from keito.billing import Cap, Contract, Recorder
from keito.tools import ExpenseItem, TimeRules
from tests.billing.sending import FAST
from tests.tools.claiming import CLAIM, use

PER_DAY = 5
HOURS = 3
CONTRACT = Contract(
    prices={"ticket_resolved": "0.99", "page_translated": "2"},
    caps={
        "ticket_resolved": Cap(per_day=PER_DAY),
        "page_translated": Cap(quantity=4, per_day=PER_DAY),
    },
)
RULES = TimeRules(most=1, per_day=HOURS, billable=True)
ITEMS = {
    "search": ExpenseItem(category_id="cat_llm_usage", unit_cost="0.25", most=3, per_day=PER_DAY)
}


def main(number: int) -> None:
    """Claim the same tickets as every other process, in every other order, and much besides."""
    recorder = Recorder(contract=CONTRACT, timing=FAST)
    outcome, time, expense = tools.tools(
        recorder, ("log_outcome", "log_time", "log_expense"), time=RULES, expenses=ITEMS
    )
    for turn in range(8):
        subject = f"T-{(turn + 3 * number) % 8}"
        with recorder.run("clerk") as run:
            use(outcome, {**CLAIM, "subject": subject, "quantity": 1}, run, "call_1")
            pages = {"outcome_type": "page_translated", "subject": f"P-{number}-{turn}"}
            use(outcome, {**CLAIM, **pages, "quantity": 2}, run, "call_2")
            use(time, {"hours": 1, "summary": "Much work."}, run, "call_3")
            said = {"item": "search", "subject": subject, "summary": "", "quantity": 2}
            use(expense, said, run, "call_4")
    recorder.close(20)


if __name__ == "__main__":
    main(int(sys.argv[1]))
