"""The account behind a sandbox: its records, its faults, and what only a sandbox can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from .faults import Faults
from .problems import broken_rule, not_found
from .records import Expense, IdName, Invoice, InvoiceState, TimeEntry
from .request_log import RequestLog
from .seed import PROJECT_ID, TASK_ID, USERS_BY_KEY, plant
from .settings import Settings
from .store import Store


class Account:
    """Everything a sandbox knows and does, but for HTTP.

    Attributes:
        interrupt: Refuses connections for some seconds; None unless our own server serves.
        release: Ends what hangs and forgets what is late; on the server's thread.
    """

    def __init__(self, store: Store, settings: Settings, *, seed: int | None) -> None:
        self.store = store
        self.settings = settings
        self.faults = Faults(seed=seed)
        self.requests = RequestLog()
        self.interrupt: Callable[[float], None] | None = None
        self.release: Callable[[], None] = _nothing
        self._defaults = replace(settings)
        if not len(store.users):
            plant(store)

    def approve(self, ids: Iterable[str]) -> None:
        """Approve time entries and expenses; they can't be changed any more."""
        self._mark(ids, {"is_closed": True}, {"approval_status": "approved"})

    def lock(self, ids: Iterable[str]) -> None:
        """Lock time entries and expenses, as at the end of a period."""
        self._mark(ids, {"is_locked": True}, {"is_locked": True})

    def bill(self, ids: Iterable[str]) -> None:
        """Mark time entries and expenses as billed."""
        self._mark(ids, {"is_billed": True}, {"is_billed": True})

    def set_invoice_state(self, invoice_id: str, state: InvoiceState) -> Invoice:
        """Move an invoice, for instance to paid, which the API itself can't."""
        with self.store.lock:
            invoice = self.store.invoices.get(invoice_id)
            if invoice is None:
                raise not_found("invoice", invoice_id)
            at = self.store.now()
            due = invoice.amount if state in ("draft", "open") else Decimal(0)
            changed = replace(
                invoice,
                state=state,
                due_amount=due,
                sent_at=invoice.sent_at or (at if state == "open" else None),
                paid_at=at if state == "paid" else None,
                closed_at=at if state == "closed" else None,
                updated_at=at,
            )
            self.store.save(changed)
            return changed

    def fill(self, entries: int) -> None:
        """Add many time entries at once, spread over days, for reading in pages."""
        with self.store.lock:
            made = [self._filler(number) for number in range(entries)]
            self.store.save(*made)
            for entry in made:
                # Now, so that the first reader's time is not spent on rendering.
                self.store.time_entries.rendered(entry)

    def reset(self) -> None:
        """Go back to how the sandbox started, without faults; on the server's thread."""
        self.faults.clear()
        self.release()
        with self.store.lock:
            self.store.clear()
            plant(self.store)
        self.settings.errors = self._defaults.errors
        self.settings.rate_limit = self._defaults.rate_limit.renewed()
        self.requests.clear()

    def close(self) -> None:
        """Close the data file, if there is one."""
        self.store.close()

    def _mark(
        self, ids: Iterable[str], of_entry: dict[str, object], of_expense: dict[str, object]
    ) -> None:
        with self.store.lock:
            at = self.store.now()
            changed: list[TimeEntry | Expense] = []
            for record_id in ids:
                entry = self.store.time_entries.get(record_id)
                expense = self.store.expenses.get(record_id)
                if entry:
                    changed.append(replace(entry, **of_entry, updated_at=at))  # type: ignore[arg-type]
                elif expense:
                    changed.append(replace(expense, **of_expense, updated_at=at))  # type: ignore[arg-type]
                else:
                    raise not_found("time entry or expense", record_id)
            self.store.save(*changed)

    def _filler(self, number: int) -> TimeEntry:
        user = self.store.users.get(USERS_BY_KEY["agent"])
        project, task = self.store.projects.get(PROJECT_ID), self.store.tasks.get(TASK_ID)
        if not (user and project and task):
            raise broken_rule("the seeded records are gone")
        at = self.store.now()
        return TimeEntry(
            id=self.store.new_id("ent"),
            user_id=user.id,
            project_id=project.id,
            task_id=task.id,
            user=IdName(id=user.id, name=user.name),
            project=IdName(id=project.id, name=project.name),
            task=IdName(id=task.id, name=task.name),
            spent_date=at.date() - timedelta(days=number % 365),
            hours=Decimal(number % 800) / 100,
            notes=f"Run {number}",
            is_running=False,
            timer_started_at=None,
            started_time=None,
            ended_time=None,
            is_locked=False,
            is_closed=False,
            is_billed=False,
            billable=True,
            budgeted=False,
            billable_rate=project.hourly_rate,
            cost_rate=user.cost_rate,
            source="agent",
            metadata={"run_id": f"run-{number}", "tokens_in": number, "tokens_out": number // 2},
            created_at=at,
            updated_at=at,
        )


def _nothing() -> None:
    """What a release does before anything serves."""
