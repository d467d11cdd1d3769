"""Receipts: one line in the log per finished run, for those who want it."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from keito.billing import Contract, FixedPrices, Price, Target, Usage
from keito.billing.receipts import log_receipt
from tests.billing.conftest import HOME, MakeRecorder

START: dict[str, Any] = {
    "run": "r",
    "name": "site",
    "framework": "python",
    "target": {"project_id": "acme", "task_id": "t"},
    "parent": None,
    "contract": "c",
    "mode": "live",
    "destination": "d",
    "account": "a",
    "sdk": "s",
    "at": 1_795_377_600_000_000,
}
SECOND = 1_000_000
MINUTE = 60 * SECOND


def receipt(
    caplog: pytest.LogCaptureFixture,
    *,
    start: dict[str, Any] | None = None,
    contract: Contract | None = None,
    durable: bool = True,
    prices: FixedPrices | None = None,
    **result: Any,
) -> str:
    caplog.clear()
    caplog.set_level(logging.INFO, "keito.receipts")
    told: Any = {"status": "ok", "elapsed": 18 * MINUTE, **result}
    begun: Any = {**START, **(start or {})}
    log_receipt(begun, told, contract or Contract(), prices=prices, durable=durable)
    return caplog.messages[-1]


def usage(**changed: Any) -> list[dict[str, Any]]:
    group = {
        "model": "m", "calls": 1, "input_tokens": 30_000, "output_tokens": 1_000,
        "each": [[30_000, 1_000, None, None, None, None, "0.42"]], **changed,
    }  # fmt: skip
    return [group]


def test_a_receipt_says_what_was_done_and_what_it_costs(caplog: pytest.LogCaptureFixture) -> None:
    said = receipt(caplog, pauses=[[0, 320 * SECOND]], usage=usage())

    assert said == "acme/site · 12m40s (18m wall) · 31k tok $0.42 · charged 0.211 h · journalled"


def test_money_is_said_only_where_it_is_known(caplog: pytest.LogCaptureFixture) -> None:
    unknown = usage(each=[[30_000, 1_000, None, None, None, None, None]])
    prices = FixedPrices({"m": Price(input=Decimal(1), output=Decimal(2))})

    assert " · 31k tok · " in receipt(caplog, usage=unknown)
    assert " · 31k tok $0.03 · " in receipt(caplog, usage=unknown, prices=prices)


def test_tokens_that_nobody_told_are_not_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert " · 31k+ tok" in receipt(caplog, usage=usage(incomplete=1))
    assert "tok" not in receipt(caplog)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "error"}, "not charged (error)"),
        ({"start": {"mode": "test"}}, "not charged (test)"),
        ({"contract": Contract(charge="outcomes")}, "hours not charged"),
        ({"successes": {"lead": 1, "ticket": 2}}, "3 outcomes, charged 0.300 h"),
        ({"contract": Contract(increment=timedelta(hours=1))}, "charged 1.000 h"),
        (
            {"contract": Contract(increment=timedelta(hours=1), rounded_per="day")},
            "charged with its day",
        ),
        ({"contract": Contract(max_hours_per_run="0.1")}, "charged 0.100 h"),
        ({"start": {"work": "job"}}, "charged 0.300 h, unless an earlier attempt was"),
    ],
)
def test_a_receipt_says_what_is_charged(
    caplog: pytest.LogCaptureFixture, changed: dict[str, Any], said: str
) -> None:
    assert receipt(caplog, **changed) == f"acme/site · 18m · {said} · journalled"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"durable": False}, "in memory"),
        ({"start": {"mode": "record"}}, "journalled, held"),
        ({"start": {"target": {"agent_id": "bot"}}}, "journalled, unrouted"),
    ],
)
def test_a_receipt_says_where_it_stands(
    caplog: pytest.LogCaptureFixture, changed: dict[str, Any], said: str
) -> None:
    assert receipt(caplog, **changed).endswith(f" · {said}")


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [(400_000, "0.4s"), (42 * SECOND, "42s"), (185 * MINUTE + SECOND, "3h05m")],
)
def test_times_are_short(caplog: pytest.LogCaptureFixture, elapsed: int, said: str) -> None:
    assert f" · {said} · " in receipt(caplog, elapsed=elapsed)


def test_a_recorder_that_was_asked_gives_a_receipt_per_run(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "keito.receipts")
    recorder = make_recorder(receipts=True).recorder
    with recorder.run("one") as run:
        run.model_call(Usage(input_tokens=10, output_tokens=2), key="call")
    with recorder.run("two", target=Target()):
        pass

    recorder.flush(0)

    assert [line.split(" · ")[0] for line in caplog.messages] == ["prj_home/one", "prj_home/two"]
    assert " · 12 tok · " in caplog.messages[0]


def test_nobody_gets_receipts_who_did_not_ask(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "keito.receipts")
    recorder = make_recorder().recorder
    with recorder.run("one"):
        pass

    recorder.close(1)

    assert caplog.messages == []


def test_a_receipt_that_fails_harms_nothing(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def cost(self, usage: Usage, *, day: object) -> None:
            raise RuntimeError("no price today")

    recorded = make_recorder(receipts=True, prices=Broken())
    with recorded.recorder.run("one", target=HOME) as run:
        run.model_call(Usage(model="m", input_tokens=10, output_tokens=2), key="call")

    assert recorded.entry()["billable"] is True


ASKED_BY_THE_ENVIRONMENT = """
import sys
from keito.billing import MemoryOutbox, Recorder, Target, Usage
recorder = Recorder(outbox=MemoryOutbox(), courier="external")
with recorder.run("one", target=Target(project_id="p", task_id="t")) as run:
    run.model_call(Usage(model="gpt-4o", input_tokens=1, output_tokens=1), key="k")
recorder.flush(0)
print("genai_prices" in sys.modules)
"""


def test_the_environment_can_ask_and_no_price_list_is_loaded_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEITO_RECEIPTS", "1")

    done = subprocess.run(
        [sys.executable, "-c", ASKED_BY_THE_ENVIRONMENT], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
    assert done.stderr.startswith("p/one · 0.0s · 2 tok · charged 0.000 h · in memory")


LOADING = """
import sys, threading, time
from keito.billing import MemoryOutbox, Recorder, Target, _forks

class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread().name == "keito-journal":
            other = threading.Thread(target=self.look, args=(name,))
            other.start()
            other.join()

    def look(self, name):
        free = _forks._whole.acquire(blocking=False)
        print(name, "a fork may come" if free else "no fork")
        if free:
            _forks._whole.release()

sys.meta_path.insert(0, Watch())
recorder = Recorder(outbox=MemoryOutbox(), courier="external", receipts=True)
recorder.start("one", target=Target(project_id="p", task_id="t")).finish()
for _ in range(1000):
    if "keito.billing.rounding" not in sys.modules:
        time.sleep(0.01)
"""


def test_no_fork_comes_while_the_journals_thread_loads_what_a_receipt_is_made_with() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True
    )

    loaded = done.stdout.splitlines()
    assert "keito.billing.hours no fork" in loaded
    assert [line for line in loaded if "may come" in line] == []
