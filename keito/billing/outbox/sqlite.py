"""The outbox on disk: SQLite, which survives a killed process at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .. import _log
from . import disks, signs
from .database import ATTEMPT, BUSY, patiently
from .inbox import Inbox
from .line import Line
from .record import Counts, Record
from .records import Records
from .with_records import WithRecords


class SqliteOutbox(WithRecords):
    """Keeps records in files, shared by any number of processes on one machine.

    Args:
        path: The records' file. Beside it lie `-inbox`, the journal, and `-live`, a folder with a
            lock per recorder. All are readable by their owner only. Not for network file systems.
        inline: Seconds that an agent may be held up for; its first run waits for what others have
            locked for so long, but 0.05 at least.
    """

    remote = False

    def __init__(self, path: str | Path, *, inline: float = 0.0) -> None:
        # One name for it, whatever else leads there: a program that changes its folder must not
        # have its records in two, nor lose its locks to a second name of their files (`signs`).
        self.path = Path(path).resolve()
        self._inline = inline
        self._patience = max(ATTEMPT, inline)
        self._joined: set[str] = set()
        self._journal = Inbox(self._beside("-inbox"), opening=self._patience)
        self._opened: Records | None = None
        self._closed = False
        self._opening = threading.Lock()
        self.durable = not self._warn_of_disk()

    def join(self, owner: str, *, until: float) -> None:
        """See `Outbox`."""
        if not signs.held(self._sign(owner)) and not signs.take(self._sign(owner)):
            raise OSError("another process has this recorder's lock")
        # The first run of a process opens the file, and an agent waits for that and for its first
        # sign of life; where others have it locked for longer, the journal's thread tries again.
        wait = BUSY if owner in self._joined else self._patience
        self._inbox.show(owner, seen=time.time(), until=until, wait=wait)
        self._joined.add(owner)

    def alive(self, owner: str, *, now: float) -> bool:
        """See `Outbox`."""
        seen, until = self._inbox.shown(owner)
        # A sign from the future is from before the clock was set back: the lock alone decides.
        return seen <= now < until or signs.held(self._sign(owner))

    def leave(self, owner: str) -> None:
        """See `Outbox`."""
        try:
            self._inbox.forget(owner)
        finally:
            signs.let_go(self._sign(owner))
            self._sign(owner).unlink(missing_ok=True)

    def lines(self, run: str) -> list[Line]:
        """See `Outbox`."""
        return self._inbox.of_run(run)

    def last_sign(self, owner: str) -> float:
        """See `Outbox`."""
        return self._inbox.shown(owner)[0]

    def append(self, line: Line, *, wait: float | None = None) -> None:
        """See `Outbox`."""
        # An agent does not wait until a deleted file is made again: the journal's thread does that.
        journal = self._inbox if wait is None else self._journal
        journal.append(line, wait=wait)

    def arrivals(self, *, limit: int) -> list[Line]:
        """See `Outbox`."""
        return self._inbox.finished(limit)

    def orphans(self, *, now: float) -> list[list[Line]]:
        """See `Outbox`."""
        self._inbox.drop_strays()
        starts = self._inbox.unfinished()
        alive = {owner: self.alive(owner, now=now) for owner in {line.owner for line in starts}}
        return [self._inbox.of_run(line.run) for line in starts if not alive[line.owner]]

    @contextmanager
    def filing_turn(self) -> Iterator[bool]:
        """See `Outbox`."""
        turn = self._sign("filing")
        mine = signs.take(turn)
        try:
            yield mine
        finally:
            if mine:
                signs.let_go(turn)

    def file(
        self,
        records: Sequence[Record],
        *,
        contracts: Mapping[str, str],
        lines: Sequence[int],
        runs: Collection[str],
        expensed: Mapping[str, str] | None = None,
    ) -> None:
        """See `Outbox`."""
        # In this order a crash in between leaves both, and the second filing changes nothing.
        self._records.add(records, contracts, expensed or {})
        self._inbox.drop(lines, runs)

    def counts(self, destination: str) -> Counts:
        """See `Outbox`."""
        # In this order nothing that is filed in between is missed.
        journal = self._inbox.waiting()
        states, held, oldest = self._records.counts(destination)
        return Counts(states=states, held=held, journal=journal, oldest=oldest)

    def for_child(self) -> SqliteOutbox:
        """See `Outbox`."""
        return SqliteOutbox(self.path, inline=self._inline)

    def close(self) -> None:
        """See `Outbox`."""
        self._inbox.close()
        self._closed = True
        with self._opening:
            if self._opened is not None:
                self._present(self._opened).close()

    @property
    def _inbox(self) -> Inbox:
        if self._journal.lost and not self._closed:
            patiently(self._make_journal_anew)
        return self._journal

    def _make_journal_anew(self) -> None:
        with self._opening:
            lost = self._journal
            if lost.lost:
                _make_room(lost, self._beside("-inbox"))
                made = Inbox(self._beside("-inbox"), opening=self._patience)
                lost.move_to(made)
                self._journal = made

    @property
    def _records(self) -> Records:
        return patiently(self._opened_records)

    def _opened_records(self) -> Records:
        # Opened when it is first needed, which is never on an agent's path.
        with self._opening:
            if self._opened is None:
                self._opened = Records(self.path)
            self._opened = self._present(self._opened)
            return self._opened

    def _present(self, opened: Records) -> Records:
        if not opened.lost:
            return opened
        _make_room(opened, self.path)
        made = Records(self.path)
        opened.move_to(made)
        return made

    def _warn_of_disk(self) -> bool:
        """Say what may become of the files where they lie; whether they go with the machine."""
        shared, fleeting = disks.shared(self.path), disks.fleeting(self.path)
        if shared:
            _log.warn(
                f"disk:{self.path}",
                f"{self.path} is on a network file system ({shared}), where SQLite's locks do not "
                "hold: use a local disk, or outbox='postgresql://...'",
            )
        if fleeting:
            _log.warn(
                f"disk:{self.path}",
                f"{self.path} is on {fleeting}: what is not delivered yet is lost with this "
                "machine or container. Set KEITO_OUTBOX to a file on a volume",
            )
        return fleeting is not None

    def _sign(self, owner: str) -> Path:
        return self._beside("-live") / owner

    def _beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)


def _make_room(lost: Inbox | Records, path: Path) -> None:
    """Move a damaged file away; a deleted one is gone already."""
    if lost.damaged:
        if not lost.set_aside():
            raise OSError(f"another process is moving {path}, which is damaged")
        return
    _log.warn(
        f"deleted:{path}",
        f"{path} was deleted while it was in use: it is made again, with all it held",
    )
