"""Hands events over to Langfuse or Paid, which can't be reached, and ends, where the peers are."""

from __future__ import annotations

import logging
import sys
import time
import warnings

from tests.bench import emission_peers


def hand_over(name: str, url: str, events: int) -> None:
    """Hand events over, say what time it is, and end as a program ends."""
    call = {"Langfuse": emission_peers.langfuse, "Paid": emission_peers.paid}[name](url)
    for _ in range(events):
        call()
    time.sleep(0.5)  # what sends them is at work when the program ends
    sys.stdout.write(f"{time.time()}")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    hand_over(sys.argv[1], sys.argv[2], int(sys.argv[3]))
