"""A batch runs at night, and again: each invoice is charged to its client once, when it is read.

Run it with `python -m examples.nightly_batch`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from examples.local import local_keito
from keito.billing import Contract, Recorder, Target, bill_to, current_run

CLIENTS = {
    "acme": Target(project_id="prj_acme_support", task_id="tsk_agent_run"),
    "globex": Target(project_id="prj_globex_onboarding", task_id="tsk_agent_run"),
}
PRICES = {"invoice_read": "0.40"}


@dataclass(frozen=True)
class Invoice:
    """A file that came in, and whose it is."""

    number: str
    client: str
    text: str


INVOICES = [
    Invoice("A-17", "acme", "Toner, total 120.00"),
    Invoice("G-3", "globex", "Lice\x00\x00\x00"),
    Invoice("G-4", "globex", "Hosting, total 64.00"),
]


def main() -> None:
    """Read all invoices, have the torn one sent again, and read all once more."""
    with local_keito() as local:
        recorder = Recorder(
            **local.settings,
            targets=CLIENTS,
            # An invoice whose client is forgotten is charged to nobody.
            routing="explicit",
            contract=Contract(prices=PRICES),
        )

        @recorder.billed("invoice-reader")
        def read(invoice: Invoice) -> str:
            total = _total(invoice.text)
            if run := current_run():
                run.outcome(
                    "invoice_read", subject=invoice.number, description=f"Read {invoice.number}"
                )
            return total

        def work_through(night: int, invoices: list[Invoice]) -> None:
            for invoice in invoices:
                with bill_to(invoice.client, notes=f"Night {night}: {invoice.number}"):
                    try:
                        print(f"{invoice.number}: {read(invoice)}")
                    except ValueError:
                        print(f"{invoice.number} can't be read, and costs nobody anything")

        work_through(1, INVOICES)
        mended = replace(INVOICES[1], text="Licence, total 9.90")
        work_through(2, [INVOICES[0], mended, INVOICES[2]])

        local.show(recorder)
        paid = Counter(e["project_id"] for e in local.keito.entries() if e["billable"])
        for client, target in CLIENTS.items():
            print(f"{client} pays for {paid[target.project_id]}")


def _total(text: str) -> str:
    """Do what an agent would do: find the total, or fail."""
    _, found, total = text.partition("total ")
    if not found:
        raise ValueError("there is no total in it")
    return total


if __name__ == "__main__":
    main()
