"""What gunicorn serves: each request is a run. Its recorder is made as the module is loaded."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from typing import Any

from keito.billing import Recorder
from tests.billing.victim import say
from tests.places.sure import SURE, opened

recorder = Recorder(timing=SURE, requests_per_minute=None)


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Do what the path says, and tell which process did it."""
    what = environ["PATH_INFO"].strip("/")
    opened(recorder)
    with recorder.run(what):
        globals()[what]()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


def quick() -> None:
    """Be done soon, but not so soon that one worker answers all."""
    time.sleep(0.02)


def slow() -> None:
    """Be at it while something happens to the server."""
    say("at work")
    time.sleep(0.6)


def killed() -> None:
    """Die, as when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def hanging() -> None:
    """Never be done."""
    time.sleep(60)


def deaf() -> None:
    """Never be done, and not to be told to stop either."""
    signal.signal(signal.SIGABRT, signal.SIG_IGN)
    time.sleep(60)
