"""A local Keito: the API over HTTP, its state, and what a test can do to both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from .app import create_api
from .clock import Clock
from .control import create_control
from .faults import Faults
from .front import Front
from .gate import Gate
from .problems import ErrorShape, broken_rule, not_found
from .rate_limit import RateLimit
from .records import Expense, IdName, Invoice, InvoiceState, TimeEntry
from .request_log import RequestLog
from .seed import PROJECT_ID, TASK_ID, USERS_BY_KEY, plant
from .settings import Settings
from .store import Store


class Sandbox:
    """A local Keito as an ASGI app, to be served by uvicorn.

    Args:
        seed: Makes ids and times repeatable: the same requests get the same answers.
        clock: The account's time; by default the real one, or with a seed one that goes on by a
            second with every write.
        data: A file that keeps the state across restarts; by default it is lost.
        errors: The shape in which errors are answered.
        requests_per_minute: How many requests each key may make; by default any number.
        requests_per_day: The same, by day.

    Raises:
        DataFileError: The file can't be used.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        data: Path | None = None,
        errors: ErrorShape = "flat",
        requests_per_minute: int | None = None,
        requests_per_day: int | None = None,
    ) -> None:
        limit = RateLimit(per_minute=requests_per_minute, per_day=requests_per_day)
        self._defaults = Settings(errors=errors, rate_limit=limit)
        self.settings = replace(self._defaults)
        self.store = Store(seed=seed, clock=clock, data=data)
        self.faults = Faults(seed=seed)
        self.requests = RequestLog()
        self.interrupt: Callable[[float], None] | None = None
        if not len(self.store.users):
            plant(self.store)
        api = create_api(self.store, self.settings)
        gate = Gate(api, store=self.store, settings=self.settings)
        self.front = Front(gate, faults=self.faults, log=self.requests, settings=self.settings)
        self._api = api
        self._control = create_control(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError("the sandbox speaks HTTP only; turn lifespan and websockets off")
        if scope["path"].startswith("/api/"):
            await self.front(scope, receive, send)
        elif scope["path"].startswith("/_sandbox"):
            await self._control(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    def description(self) -> dict[str, Any]:
        """The OpenAPI description that is answered at `/openapi.json`."""
        return self._api.openapi()

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
        self.front.release()
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
