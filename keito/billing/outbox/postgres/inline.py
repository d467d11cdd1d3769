"""What an agent's own thread writes through, for milliseconds at most."""

from __future__ import annotations

import threading
import time

from psycopg import OperationalError

from ..._guard import refused
from ...turn import Turn
from ..line import Line
from .link import Link
from .session import Session

# The first run of a process opens the connection, and an agent waits for it: where that takes
# longer, the journal's thread writes what was recorded.
_OPENING = 0.25


class Inline:
    """One connection for all threads of a process, which take turns.

    A line takes a fraction of a millisecond; what has to wait for longer is written by the
    journal's thread.
    """

    def __init__(self, dsn: str, session: Session) -> None:
        self._dsn = dsn
        self._session = session
        self._writing = Turn()
        self._link: Link | None = None
        self._opening: Opening | None = None
        self._tried = False

    def append(self, line: Line, *, wait: float) -> None:
        """Add a line within so many seconds, or raise.

        Where this raises, the line may have been written all the same, or be written yet. To add it
        again then changes nothing.

        Raises:
            TimeoutError: It takes longer.
            psycopg.Error: The server is gone, or refuses it.
        """
        end = time.monotonic() + wait
        with self._writing.taken(wait) as mine:
            if not mine:
                raise TimeoutError("another thread is recording")
            link = self._ready(line.owner, end)
            link.append(line, end=max(end, time.monotonic() + wait / 2))

    def open_again(self, owner: str) -> None:
        """Open the connection if it broke, for as long as that takes."""
        if self._tried:
            with self._writing.taken(0) as mine:
                if mine:
                    self._ready(owner, None)

    def close(self) -> None:
        """Close the connection."""
        with self._writing.taken():
            link, self._link = self._link, None
            opening, self._opening = self._opening, None
            self._tried = False
        if opening is not None:
            opening.give_up()
        if link is not None:
            link.close()

    def _ready(self, owner: str, end: float | None) -> Link:
        """Return a connection on which this recorder may write: others can see that it lives."""
        if self._link is not None and not self._link.usable:
            self._link.close()
            self._link = None
        if self._link is None or owner in self._session.owners.unseen:
            self._link = self._opened(end)
        return self._link

    def _opened(self, end: float | None) -> Link:
        if end is not None and not self._tried:
            end = max(end, time.monotonic() + _OPENING)
        self._tried = True
        opening = self._opening = self._opening or Opening(self._dsn, self._session, self._link)
        if not opening.done.wait(None if end is None else max(0.0, end - time.monotonic())):
            raise TimeoutError("the database has not answered yet")
        self._opening = None
        return opening.link()


class Opening:
    """A connection in the making, by a thread: that none can be had may take seconds to show.

    Attributes:
        done: Set when it is made, or can't be.
    """

    def __init__(self, dsn: str, session: Session, link: Link | None) -> None:
        self.done = threading.Event()
        self._dsn = dsn
        self._session = session
        self._lock = threading.Lock()
        self._given_up = False
        self._link = link
        self._error: Exception | None = None
        thread = threading.Thread(target=self._work, name="keito-postgres", daemon=True)
        # An interpreter that shuts down starts no threads; nothing is held up by then.
        if refused(thread.start) is not None:
            self._work()

    def link(self) -> Link:
        """Return the connection.

        Raises:
            psycopg.OperationalError: It can't be made.
        """
        if self._link is None or self._error is not None:
            raise OperationalError("the database can't be reached") from self._error
        return self._link

    def give_up(self) -> None:
        """Have the connection closed as soon as it is made."""
        with self._lock:
            self._given_up = True
            if self._link is not None:
                self._link.close()

    def _work(self) -> None:
        self._error = refused(self._open)
        self.done.set()

    def _open(self) -> None:
        with self._session.turn():
            # This shows who has joined since: a run whose recorder nobody sees would be recovered.
            pass
        link = self._link or Link(self._dsn)
        with self._lock:
            self._link = link
            if self._given_up:
                link.close()
