"""What runs in a pod: told to end, it has so long to do so, and is then killed.

Run as `python -m tests.places.pod`.
"""

from __future__ import annotations

import os
import threading

from keito.billing import Recorder, flush_on_sigterm
from tests.billing.victim import say
from tests.places.sure import SURE, opened

external = not os.environ["KEITO_API_KEY"]
recorder = Recorder(
    timing=SURE, requests_per_minute=None, courier="external" if external else "thread"
)
opened(recorder)
if not external:
    flush_on_sigterm()

with recorder.run("finished"):
    pass
recorder.start("under way")
say("at work")
# Told to end, a pod that has a key ends in time. One without has nothing to do, and goes on.
while True:
    threading.Event().wait(60)
