"""A script: it runs, and ends."""

from __future__ import annotations

import signal

from keito.testing import LocalKeito
from tests.places.books import books
from tests.places.conftest import Start

SCRIPT = """
import time
from keito.billing import billed

@billed("agent")
def work(seconds):
    print("working", flush=True)
    time.sleep(seconds)

work({seconds})
"""


def test_a_script_has_delivered_when_it_has_ended(start: Start, local: LocalKeito) -> None:
    script = start("-c", SCRIPT.format(seconds=0))

    assert script.ends() == 0
    assert books(local) == {"agent ok": 1}


def test_a_script_that_is_interrupted_has_delivered_and_charges_nothing(
    start: Start, local: LocalKeito
) -> None:
    script = start("-c", SCRIPT.format(seconds=60))
    assert script.says("working")

    script.end(signal.SIGINT)

    assert books(local) == {"agent cancelled": 1}
    assert local.entries()[-1]["billable"] is False
