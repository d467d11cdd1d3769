"""Celery: processes that are forked, replaced, lost with a task, and run no exit handlers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from celery import Celery

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE
from tests.places.books import books, charged, delivered
from tests.places.conftest import Start
from tests.places.program import Program
from tests.sandbox.waiting import eventually

Work = Callable[..., Program]


@pytest.fixture
def work(start: Start, tmp_path: Path) -> Work:
    """Queue tasks, and have a worker at them."""
    queue = tmp_path / "queue"
    queue.mkdir()

    def work(*tasks: str, options: tuple[str, ...] = ()) -> Program:
        app = Celery("places", broker="filesystem://")
        app.conf.broker_transport_options = {
            "data_folder_in": queue,
            "data_folder_out": queue,
            "control_folder": queue / "control",
        }
        with app.connection_for_write() as connection:
            for task in tasks:
                app.send_task(task, connection=connection)
        command = ["-m", "celery", "--app", "tests.places.tasks", "worker", "--concurrency", "2"]
        command += ["--without-gossip", "--without-mingle", *options]
        return start(*command, QUEUE=str(queue), WORKER="1")

    return work


def test_recorders_from_before_and_after_the_fork_record_each_task_once(
    work: Work, local: LocalKeito
) -> None:
    work("with_both", "with_both", "with_both")

    assert eventually(lambda: books(local).total() == 7, within=PATIENCE)
    assert books(local) == {"parent ok": 1, "inherited ok": 3, "own ok": 3}


def test_a_task_that_is_redelivered_after_it_was_done_is_charged_once(
    work: Work, successor: Recorder, local: LocalKeito
) -> None:
    work("lost")

    assert delivered(local, successor, at_least=3) == {"parent ok": 1, "job ok": 2}
    assert charged(local, "job") == [False, True]


def test_a_process_that_is_replaced_delivers_and_leaves_nothing_open(
    work: Work, local: LocalKeito
) -> None:
    work("left_open", "left_open", options=("--max-tasks-per-child", "1"))

    assert eventually(lambda: books(local).total() == 3, within=PATIENCE)
    assert books(local) == {"parent ok": 1, "left open abandoned": 2}
