"""The tables, which every process that opens the outbox brings up to date."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

# Applied in order, each once and never changed afterwards: add a step for what is new. Older
# processes may go on working beside newer ones, so a step only adds, and with defaults.
# COLLATE "C" compares as Python and SQLite do, whatever the database's language.
_STEPS = (
    """
    CREATE TABLE keito_outbox_journal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        run text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        at bigint NOT NULL,
        owner text COLLATE "C" NOT NULL,
        mark text COLLATE "C" NOT NULL,
        body text NOT NULL,
        written timestamptz NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX keito_outbox_journal_once
        ON keito_outbox_journal (run, kind, at, owner, mark);
    CREATE INDEX keito_outbox_journal_arriving ON keito_outbox_journal (id)
        WHERE kind IN ('contract', 'outcome', 'time', 'expense', 'late', 'finish');
    CREATE INDEX keito_outbox_journal_owner ON keito_outbox_journal (owner);
    CREATE TABLE keito_outbox_owners (
        owner text COLLATE "C" PRIMARY KEY,
        seen double precision NOT NULL,
        until timestamptz NOT NULL
    );
    CREATE TABLE keito_outbox_contracts (id text COLLATE "C" PRIMARY KEY, body text NOT NULL);
    CREATE TABLE keito_outbox_records (
        key text COLLATE "C" PRIMARY KEY,
        run text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        destination text COLLATE "C" NOT NULL,
        state text COLLATE "C" NOT NULL,
        payload text NOT NULL,
        project text COLLATE "C" NOT NULL,
        day text COLLATE "C" NOT NULL,
        work text COLLATE "C" NOT NULL,
        charged boolean NOT NULL,
        held boolean NOT NULL,
        fence bigint NOT NULL,
        owner text COLLATE "C" NOT NULL,
        made double precision NOT NULL,
        since double precision NOT NULL,
        lease double precision NOT NULL,
        absent double precision,
        attempts bigint NOT NULL,
        reason text NOT NULL,
        remote text NOT NULL,
        cost text NOT NULL,
        facts text NOT NULL,
        after text COLLATE "C" NOT NULL,
        tally text COLLATE "C" NOT NULL,
        amount bigint NOT NULL,
        expense text COLLATE "C" NOT NULL,
        echo text NOT NULL,
        contract text COLLATE "C" NOT NULL,
        number bigint GENERATED ALWAYS AS IDENTITY
    );
    CREATE INDEX keito_outbox_records_by_state
        ON keito_outbox_records (destination, state, made, key);
    CREATE INDEX keito_outbox_records_by_run ON keito_outbox_records (run);
    CREATE INDEX keito_outbox_records_by_work ON keito_outbox_records (work) WHERE work != '';
    CREATE INDEX keito_outbox_records_by_tally ON keito_outbox_records (tally) WHERE tally != '';
    CREATE INDEX keito_outbox_records_by_after ON keito_outbox_records (after) WHERE after != '';
    CREATE INDEX keito_outbox_records_by_expense ON keito_outbox_records (destination, day)
        WHERE expense = 'due';
    """,
    "ALTER TABLE keito_outbox_records ADD COLUMN epoch double precision",
)


def bring_up_to_date(connection: Connection[Any]) -> None:
    """Make the tables, or add to them what is new, in the first schema of the search path.

    Raises:
        psycopg.Error: The role may not create tables, say, and there are none yet.
    """
    if _version(connection) >= len(_STEPS):
        return
    with connection.transaction():
        # Two processes may start at once: the second finds the tables made.
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('keito_outbox ' || current_schema(), 0))"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS keito_outbox_version "
            "(version integer NOT NULL, id text NOT NULL)"
        )
        for number in range(_version(connection), len(_STEPS)):
            connection.execute(_STEPS[number].encode())
            connection.execute("DELETE FROM keito_outbox_version")
            connection.execute(
                "INSERT INTO keito_outbox_version VALUES (%s, gen_random_uuid()::text)",
                (number + 1,),
            )


def place(connection: Connection[Any]) -> tuple[str, str]:
    """Return the schema the tables are in, quoted, and what tells this outbox from others."""
    row = connection.execute(
        "SELECT quote_ident(current_schema()), id FROM keito_outbox_version"
    ).fetchone()
    assert row is not None
    return str(row[0]), str(row[1])


def _version(connection: Connection[Any]) -> int:
    known = connection.execute(
        "SELECT to_regclass(quote_ident(current_schema()) || '.keito_outbox_version') IS NOT NULL"
    ).fetchone()
    if known is None or not known[0]:
        return 0
    row = connection.execute("SELECT max(version) FROM keito_outbox_version").fetchone()
    return int(row[0] or 0) if row is not None else 0
