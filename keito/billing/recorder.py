"""The recorder: what a program and its adapters hold on to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .._errors import KeitoInputError
from . import _exit, _log
from ._guard import kept
from .arguments import one_of
from .contract import Contract
from .current import current_run
from .destination import destination
from .in_time import in_time
from .mode import MODES, Mode, mode_of_environment
from .outbox.port import Outbox
from .receipts import receipts_wanted
from .recording import Recording
from .routing import Routes, Routing
from .run import Run
from .settings import Settings
from .starting import Starting
from .target import Choice, Target
from .timing import Timing, paced

if TYPE_CHECKING:
    from psycopg import Connection

    from .backlog import Backlog
    from .limits import Limits
    from .prices import Prices
    from .scope import Scope
    from .status import RecorderStatus
    from .sweep_report import SweepReport
    from .telling import Told
    from .within import Within


class Recorder:
    """Records agent runs, and has them delivered to Keito.

    Making one does nothing yet: files and threads come with the first run.

    Args:
        outbox: Where records are kept until Keito has them: a file, a PostgreSQL database
            (`postgresql://...`, with `keito[postgres]`), or an outbox. Default: the environment's
            `KEITO_OUTBOX`, else a file per destination in the user's state folder.
        api_key: Default: the environment's `KEITO_API_KEY`. Without one, records are kept.
        account_id: Default: the environment's `KEITO_ACCOUNT_ID`.
        base_url: Default: the environment's `KEITO_BASE_URL`, else Keito's own address.
        credential: A name for the key, if a process uses several for one account.
        target: Where runs go for which nobody says anything else.
        targets: Targets by name, for `bill_to("name")` and for metadata to choose from.
        contract: What is charged.
        limits: What each run that is not part of another may use up, for `Run.check`.
        prices: What model calls cost whose provider does not say; default: genai-prices, where it
            is installed (`keito[prices]`).
        mode: `live`; `test` (sent, never billable); `record` (kept until released); `off`.
            Default: the environment's `KEITO_MODE`, else `live`; what that names and is none of
            these counts as `record`.
        routing: `explicit` uses neither `target` nor the environment's project: a run for which
            nobody said whose it is stays unsent instead of going to a default client.
        trust_metadata: Whether a framework's metadata may name ids, not just a target.
        courier: `thread` delivers from this process; `external` leaves it to another one.
        requests_per_minute: How many requests its courier makes in a minute at most; None for any
            number. Keito allows 60 to 300, which all that uses a key shares.
        requests_per_day: The same, by day.
        granularity: What a time entry is for: each `run`, or all runs of a `day` with the same
            project, task, user and agent, as one entry that is kept up to date.
        sweep: Whether its courier compares each day with what Keito has, once it has closed and
            again a week later; see `sweep`.
        receipts: Whether the log gets a line per finished run, from the logger `keito.receipts`.
            Default: the environment's `KEITO_RECEIPTS`.
        timing: All times, without the limits on requests, which are said above; see `Timing`.

    Raises:
        KeitoConfigError: A second key is used under the name of another.
        TypeError: An argument has the wrong type.
        ValueError: `mode`, `routing`, `granularity` or `courier` is none of the above, or a limit
            on requests allows none.
    """

    def __init__(
        self,
        *,
        outbox: str | Path | Outbox | None = None,
        api_key: str | None = None,
        account_id: str | None = None,
        base_url: str | None = None,
        credential: str = "default",
        target: Target | None = None,
        targets: Mapping[str, Target] | None = None,
        contract: Contract | None = None,
        limits: Limits | None = None,
        prices: Prices | None = None,
        mode: Mode | None = None,
        routing: Routing = "default",
        trust_metadata: bool = False,
        courier: Literal["thread", "external"] = "thread",
        requests_per_minute: int | None = 50,
        requests_per_day: int | None = None,
        granularity: Literal["run", "day"] = "run",
        sweep: bool = False,
        receipts: bool | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._settings = Settings(
            mode=one_of("mode", mode or mode_of_environment(), MODES),
            routes=Routes(target, targets, routing=routing, trust_metadata=trust_metadata),
            contract=Contract() if contract is None else contract,
            limits=limits,
            prices=prices,
            destination=destination(
                api_key=api_key, account_id=account_id, base_url=base_url, credential=credential
            ),
            outbox=outbox,
            external=one_of("courier", courier, ("thread", "external")) == "external",
            timing=paced(timing, per_minute=requests_per_minute, per_day=requests_per_day),
            granularity=one_of("granularity", granularity, ("run", "day")),
            sweep=sweep,
            receipts=receipts_wanted(receipts),
        )
        self.mode: Mode = self._settings.mode
        self.contract = self._settings.contract
        self.destination = self._settings.destination
        self._closed = False
        self._inherited: Outbox | None = None
        self._set_up()
        _exit.enter(self)
        if self.mode == "off":
            _log.warn("off", "KEITO_MODE is off: nothing is recorded")

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def exit_timeout(self) -> float:
        """For how many seconds at most the end of the process is held up."""
        return self._settings.timing.exit

    def start(
        self,
        name: str,
        *,
        key: str | None = None,
        parent: Run | None = None,
        target: Choice | None = None,
        framework: str = "python",
        metadata: Mapping[str, object] | None = None,
        session: str | None = None,
        otherwise: Choice | None = None,
        follows: str | None = None,
    ) -> Run:
        """Start a run; whoever starts it finishes it.

        Args:
            name: What the client may read, e.g. the agent's name.
            key: The framework's own id of the run. While a run with the same framework and key is
                open, that run is returned instead of a second one.
            parent: The run this one is part of; default: the current run. For the same target
                it is folded into its parent's record, unless the contract wants it `separate`; for
                another it has its own.
            target: Whose work it is, before anything else that says so.
            framework: Whose id `key` is; recorded with the run.
            metadata: The framework's metadata of this invocation. It may hold `keito_target`, the
                name of one of the recorder's targets.
            session: The framework's own name for the conversation; recorded as the session where
                the target names none.
            otherwise: Whose work it is if nobody says so, before the recorder's own default.
            follows: The id of the run that this one goes on with, e.g. after a person has decided:
                recorded as its parent if it is part of no other.

        Raises:
            TypeError: An argument has the wrong type.
        """
        return self._starting.start(
            name, framework, key, parent, target, metadata, otherwise, session, follows
        )

    def run(
        self,
        name: str,
        *,
        target: Choice | None = None,
        framework: str = "python",
        metadata: Mapping[str, object] | None = None,
    ) -> Scope:
        """Return a run as a `with` or `async with` block; it ends as the block ends."""
        from .scope import Scope

        return Scope(lambda: self, name, target=target, framework=framework, metadata=metadata)

    def billed(
        self,
        name: str | None = None,
        *,
        target: Choice | None = None,
        outcome: Told[str] = None,
        unit_price: Told[Decimal | int | str] = None,
        notes: Told[str] = None,
    ) -> Scope:
        """Return a decorator that makes each call a run; see `keito.billing.billed`."""
        from .scope import Scope

        return Scope(
            lambda: self, name, target=target, outcome=outcome, unit_price=unit_price, notes=notes
        )

    def within(self, connection: Connection[Any]) -> Within:
        """Record through a connection of one's own, so that work and its bill commit together.

        What this code and what it calls record in the block becomes part of the connection's
        transaction, and is undone if that is rolled back. Model calls are told at once, and count
        if their run does. Where the connection commits each statement by itself, so it does these.

        Args:
            connection: To the database that the outbox is in; in no pipeline.

        Raises:
            TypeError: It is not a connection of psycopg's, or an asynchronous one.
            ValueError: The outbox is not in PostgreSQL.

        Example:
            with psycopg.connect(dsn) as connection, recorder.within(connection):
                with recorder.run("agent"):
                    connection.execute("UPDATE tickets SET ...")
        """
        from .outbox.postgres.block import block

        return block(self._recording, connection)

    def current(self) -> Run | None:
        """Return the run this code works for."""
        return current_run()

    def flush(self, timeout: float = 10.0) -> int:
        """Deliver what is recorded, for so many seconds at most.

        Runs that have finished but wait for open model calls are completed. Where a database does
        not answer, it takes about a second more, as `close` does.

        Returns:
            How many records are left to be sent; where the outbox can't be asked, at least 1.
        """
        recording, end = self._recording, time.monotonic() + timeout

        def flush() -> int:
            return kept("flushing", lambda: recording.flush(end), recording.at_least_left)

        if recording.may_hang:
            return in_time(flush, end, lambda: recording.at_least_left)
        return flush()

    def status(self) -> RecorderStatus:
        """Tell how delivery stands."""
        from .status import standing

        return standing(self._recording)

    def sweep(self, day: date | str) -> SweepReport:
        """Compare a day with what Keito has, project by project; nothing is changed.

        Args:
            day: A date, or `YYYY-MM-DD`; what is recorded or delivered meanwhile may be missed.

        Returns:
            What is missing there, doubled, foreign, or no longer as it was last seen.

        Raises:
            KeitoConfigError: There is no key or account to ask Keito with.
            KeitoInputError: It is no day, or so long ago that what was delivered is not kept.
        """
        from .sweep import sweep_now

        outbox = self._recording.opened()
        return sweep_now(outbox, self.destination, str(day), timing=self._settings.timing)

    def backlog(self) -> Backlog:
        """Return the records that are still here, to look at and to decide about."""
        from .backlog import Backlog

        recording = self._recording
        return Backlog(
            recording.opened(),
            self.destination.id,
            prices=self._settings.prices,
            changed=recording.courier.wake,
        )

    def adopt(self) -> int:
        """Send what was recorded in this outbox before there was an account id.

        It is not done by itself: which account work belongs to that named none is for you to say.

        Returns:
            How many records are to be sent by this recorder now.

        Raises:
            KeitoInputError: This recorder has no account either.
        """
        if not self.destination.account_id:
            raise KeitoInputError("adopt: this recorder has no account id")
        nobodys = replace(self.destination, account_id="")
        self._recording.flush(time.monotonic())
        return self.backlog().adopt(nobodys.id, account=self.destination.account_id)

    def close(self, timeout: float = 2.0) -> None:
        """End what is open as `abandoned`, deliver for so many seconds at most, and stop.

        What is left goes with the next process.
        """
        self._closed = True
        recording, end = self._recording, time.monotonic() + timeout

        def close() -> None:
            kept("closing", lambda: recording.close(end), None)

        if recording.may_hang:
            in_time(close, end, lambda: None)
        else:
            close()

    def begin_child_process(self) -> None:
        """Set up anew what a forked child can't share; called by the fork itself."""
        inherited = self._recording.abandon() or self._settings.outbox
        self._inherited = None if isinstance(inherited, (str, Path)) else inherited
        self._set_up()

    def _set_up(self) -> None:
        # Its threads hold on to this method, and so to the recorder: the end of the process would
        # not find, and not close, one that a program has let go of.
        self._recording = Recording(self._settings, self._open_outbox)
        self._starting = Starting(self._recording, self._settings)

    def _open_outbox(self) -> Outbox:
        inherited = self._inherited
        return self._settings.open_outbox() if inherited is None else inherited.for_child()
