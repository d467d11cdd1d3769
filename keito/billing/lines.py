"""Lines of the journal, made of what a recorder knows."""

from __future__ import annotations

from collections.abc import Mapping

from .. import _version
from ._facts import encode, quoted
from .calls import Call
from .clocks import wall_clock
from .keys import Bounds, job_key, single_key, subject_key
from .ledger import Ledger
from .outbox.line import Kind, Line
from .settings import Settings
from .target import Target
from .usage import TOKENS, Usage, count, money


class Lines:
    """Makes the lines of one recorder in one process.

    Args:
        owner: The recorder, in this process.
        settings: The recorder's.
    """

    def __init__(self, owner: str, settings: Settings) -> None:
        granularity = settings.granularity
        self._owner = owner
        self._mode = settings.mode
        self._contract = settings.contract
        self._account_id = settings.destination.account_id
        # The same in every line: computed once, since each run's start waits for it.
        self._destination_id = settings.destination.id
        self._contract_id = settings.contract.id
        self._said = {} if granularity == "run" else {"granularity": granularity}
        self._sdk = f"keito-python/{_version.__version__}"
        self._last_same: tuple[Target, str, str] = (Target(), "", "")

    def contract(self) -> Line:
        """Say what is charged."""
        text = self._contract.text()
        return Line(self._contract_id, "contract", wall_clock(), self._owner, text)

    def start(self, ledger: Ledger) -> str:
        """Return what is known of a run when it starts, as JSON."""
        above = ledger.above.id if ledger.above is not None else ledger.follows
        parent = "null" if above is None else encode(above)
        own = f'"run":"{ledger.id}","parent":{parent},"at":{ledger.started_at}'
        if ledger.work != ledger.target.work_key:
            own += f',"work":{encode(ledger.work)}'
        return f'{{{own},"name":{quoted(ledger.name)},{self._same(ledger)}}}'

    def with_start(self, ledger: Ledger, facts: dict[str, object]) -> str:
        """Return facts of a run beside its start, as JSON."""
        return f'{{"start":{self.start(ledger)},{encode(facts)[1:]}'

    def _same(self, ledger: Ledger) -> str:
        # Most runs have this in common with the one before, and each run's start waits for it.
        target, framework, text = self._last_same
        if target is not ledger.target or framework != ledger.framework:
            text = encode(
                {
                    "framework": ledger.framework,
                    "target": ledger.target.facts(),
                    "contract": self._contract_id,
                    "mode": self._mode,
                    "destination": self._destination_id,
                    "account": self._account_id,
                    "sdk": self._sdk,
                    **self._said,
                }
            )[1:-1]
            self._last_same = (ledger.target, ledger.framework, text)
        return text

    def single_key(
        self,
        ledger: Ledger,
        kind: Kind,
        facts: Mapping[str, object],
        key: str | None,
        once: tuple[str, ...] | None,
    ) -> str:
        """Return the key of an outcome or the like; see `Singles.record`."""
        target, account = ledger.target, self._account_id
        subject, piece = facts["subject"], facts.get("piece")
        # Two runs that nobody has routed may be for two clients: each keeps its outcome.
        project = target.project_id if target.routed else f"run {ledger.id}"
        within: Bounds = {
            "destination": self._destination_id,
            "mode": self._mode,
            "project": project or "",
        }
        if isinstance(subject, str) and once is not None:
            return subject_key(account, **within, what=once, subject=subject)
        if isinstance(piece, str) and once is not None:
            return job_key(account, **within, what=once, piece=piece)
        return single_key(account, ledger.id, kind, len(ledger.said.told), given=key)

    def call(self, call: Call) -> Line | None:
        """Say what a model call consumed; None once its run says so itself."""
        if call.ledger.closed:
            return None
        usage = call.usage or Usage()
        cost = money(usage.reported_cost_usd)
        facts = {
            "key": call.key,
            "model": usage.model or call.model,
            "provider": usage.provider,
            "agent": call.agent,
            "failed": call.failed,
            "usage": {name: count(getattr(usage, name)) for name in TOKENS},
            "cost_usd": None if cost is None else str(cost),
        }
        return Line(call.ledger.id, "call", wall_clock(), self._owner, encode(facts))
