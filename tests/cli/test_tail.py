"""`keito tail`: see records as they are made and delivered."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import pytest

from keito.billing import MemoryOutbox
from keito.billing.outbox.record import Change, Record
from keito.cli.following import Following
from tests.cli.conftest import World
from tests.cli.processes import running

HERE = "here"


def record(key: str, **changed: object) -> Record:
    values = {"run": "run", "kind": "run", "destination": HERE, "state": "READY", "payload": ""}
    return Record(**{"key": key, **values, **changed})  # type: ignore[arg-type]


def file(outbox: MemoryOutbox, *records: Record) -> None:
    outbox.file(records, contracts={}, lines=(), runs=())


def test_what_changes_is_told_once() -> None:
    outbox = MemoryOutbox()
    following = Following(outbox, HERE)
    file(outbox, record("a"), record("b", destination="elsewhere"))
    assert [r.key for r in following.look()] == ["a"]
    assert following.look() == []

    taken = outbox.claim(HERE, owner="me", now=1, lease=2, without=())
    assert taken is not None
    assert [r.state for r in following.look()] == ["SENDING"]

    outbox.change(taken, Change(state="DONE", since=3))
    assert [r.state for r in following.look()] == ["DONE"]
    assert following.look() == []


def test_what_was_made_and_delivered_between_two_looks_is_told() -> None:
    outbox = MemoryOutbox()
    following = Following(outbox, HERE)
    following.look()

    file(outbox, record("a", state="DONE"))

    assert [r.key for r in following.look()] == ["a"]


def test_what_is_added_up_is_followed_and_its_total_each_time_it_is_delivered() -> None:
    outbox = MemoryOutbox()
    following = Following(outbox, HERE)
    detail, total = record("detail", state="COLLECTED"), record("total", state="DONE", kind="total")
    file(outbox, detail, total)

    told = [following.look()]
    for state in ("READY", "DONE"):
        new = [replace(detail, state="FOLDED", fence=1), replace(total, state=state, fence=1)]
        old = [outbox.find("detail"), outbox.find("total")]
        outbox.replace([r for r in old if r is not None], new)
        told.append(following.look())

    assert [sorted((r.key, r.state) for r in one) for one in told] == [
        [("detail", "COLLECTED"), ("total", "DONE")],
        [("detail", "FOLDED"), ("total", "READY")],
        [("total", "DONE")],
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in another way")
def test_records_are_shown_until_it_is_stopped(world: World) -> None:
    with running("tail", "--json", env=world.env) as tail:
        with running("courier", env=world.env) as courier:
            courier.said("delivering")
            world.record()
            done = json.loads(tail.said('"state":"DONE"'))

        assert tail.end(signal.SIGINT) == (0, "")

    assert (done["agent"], done["project_id"]) == ("support", "prj_acme_support")


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in another way")
def test_it_begins_with_what_is_there(world: World) -> None:
    world.record()
    world.said("outbox", "flush")

    with running("tail", "-n", "1", env=world.env) as tail:
        line = tail.said("DONE")

    assert "support: " in line
    assert line.endswith(", prj_acme_support\n")
