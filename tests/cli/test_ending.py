"""How commands end that are not waited for."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest
import typer

from keito.cli.courier.delivering import report, serving, until
from keito.cli.place import place
from tests.cli.conftest import World
from tests.cli.processes import COMMAND


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_an_output_that_nobody_reads_ends_it_without_a_word(world: World) -> None:
    reads, writes = os.pipe()
    os.close(reads)

    done = subprocess.run([*COMMAND, "doctor"], stdout=writes, stderr=subprocess.PIPE, timeout=30)
    os.close(writes)

    assert (done.returncode, done.stderr) == (141, b"")


def test_delivering_that_is_interrupted_says_what_is_left(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.record()
    told = threading.Event()
    told.set()

    with world.local.outage(), serving([place(str(world.path))], grace=0) as service:
        left = until(service, told, timeout=30, tell=lambda so_far: None)
    with pytest.raises(typer.Exit) as ended:
        report(left, json=False)

    assert (left.left, ended.value.exit_code) == (2, 130)
    assert capsys.readouterr().out.startswith("0 delivered, 2 left")
