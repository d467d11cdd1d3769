"""A function that a platform calls, line by line, and freezes between the calls.

Run as `python -m tests.places.function`; each line is for how many seconds it may deliver.
"""

from __future__ import annotations

import sys

from keito.billing import Recorder
from tests.billing.victim import say
from tests.places.sure import SURE

recorder = Recorder(timing=SURE, requests_per_minute=None)

for line in sys.stdin:
    with recorder.run("call"):
        pass
    say("left:", recorder.flush(float(line)))
