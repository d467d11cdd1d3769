"""Limits on cost: what is known of it, what is not, and who is asked."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import (
    Contract,
    Cost,
    FixedPrices,
    KeitoLimitReached,
    Limits,
    MemoryOutbox,
    Price,
    Recorder,
    Usage,
)
from tests.contract import RefusedError

from .conftest import AWAY, HOME, MakeRecorder
from .test_limits import limited, reached

D = Decimal
PRICES = FixedPrices({"small": Price(input=1, output=1)})
# One dollar.
USUAL = Usage(model="small", input_tokens=1_000_000, output_tokens=0)
UNHEARD = Usage(model="unheard of", input_tokens=1, output_tokens=1)
STOP = Limits(cost=3, on_unknown="stop")


class Asked:
    """A price list that remembers what it was asked."""

    def __init__(self) -> None:
        self.usages: list[Usage] = []
        self.days: list[date] = []

    def cost(self, usage: Usage, *, day: date) -> Cost | None:
        self.usages.append(usage)
        self.days.append(day)
        return PRICES.cost(usage, day=day)


def test_a_run_is_stopped_when_its_calls_have_cost_what_they_may(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=Limits(cost="2"), prices=PRICES)

    with recorded.recorder.run("agent") as run:
        run.model_call(USUAL, key="1")
        run.check()
        with recorded.recorder.run("other", target=AWAY) as other:
            other.model_call(USUAL, key="2")
            limit = reached(other)

        assert reached(run) is not None

    assert limit is not None
    assert (limit.limit, limit.allowed, limit.used) == ("cost", 2, 2)
    assert str(limit) == "a limit is reached: 2 US dollars allowed, 2 used"


def test_a_small_amount_is_said_in_full() -> None:
    limit = KeitoLimitReached("cost", D("1E-7"), D("2E-7"))

    assert str(limit) == "a limit is reached: 0.0000001 US dollars allowed, 0.0000002 used"


def test_what_the_provider_reports_counts_instead_of_the_price(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=Limits(cost="0.3"), prices=PRICES)
    tenth = Usage(model="small", input_tokens=9_000_000, reported_cost_usd=D("0.1"))

    with recorded.recorder.run("agent") as run:
        for number in range(3):
            run.check()
            run.model_call(tenth, key=str(number))
        limit = reached(run)

    assert limit is not None
    assert limit.used == D("0.3")


def test_the_model_asked_for_is_priced_where_the_answer_names_none(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=Limits(cost=1), prices=PRICES)

    with recorded.recorder.run("agent") as run:
        run.model_start("1", model="small").end(Usage(input_tokens=1_000_000, output_tokens=0))

        assert reached(run) is not None


def test_without_a_list_of_ones_own_the_shipped_one_is_asked(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(cost="2.5"))

    with recorded.recorder.run("agent") as run:
        run.model_call(
            Usage(model="gpt-4o", provider="openai", input_tokens=1_000_000, output_tokens=0),
            key="1",
        )

        assert reached(run) is not None


@pytest.mark.parametrize("unknown", [None, UNHEARD, Usage(model="small", input_tokens=3)])
def test_a_cost_that_nobody_knows_stops_a_run_that_may_not_go_on_without(
    make_recorder: MakeRecorder, unknown: Usage | None
) -> None:
    recorded = make_recorder(limits=STOP, prices=PRICES)

    with recorded.recorder.run("agent") as run:
        run.model_call(USUAL, key="1")
        run.check()
        run.model_call(unknown, key="2")
        limit = reached(run)

    assert limit is not None
    assert (limit.limit, limit.allowed, limit.used) == ("cost", 3, None)
    assert "not known" in str(limit)


def test_a_cost_that_nobody_knows_is_said_once_where_the_run_may_go_on(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = make_recorder(limits=Limits(cost=2), prices=PRICES)

    with recorded.recorder.run("agent") as run:
        for number in range(5):
            run.model_call(UNHEARD, key=str(number))
            run.check()
        run.model_call(USUAL, key="known")
        run.check()
        run.model_call(USUAL, key="known too")

        assert reached(run) is not None

    assert caplog.text.count("cost of a run are limited") == 1


def test_the_cost_of_a_call_is_not_unknown_before_it_has_ended(
    make_recorder: MakeRecorder,
) -> None:
    recorded = make_recorder(limits=STOP, prices=PRICES)

    with recorded.recorder.run("agent") as run:
        call = run.model_start("1", model="small")
        run.check()
        call.end()

        assert reached(run) is not None


def test_a_call_that_was_refused_costs_nothing(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=STOP, prices=PRICES)

    with recorded.recorder.run("agent") as run:
        run.model_start("1").fail(RefusedError())
        run.check()


def test_a_call_that_was_cut_off_may_have_cost_something(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=STOP, prices=PRICES)

    with recorded.recorder.run("agent") as run:
        run.model_start("1").fail(TimeoutError())

        assert reached(run) is not None


@pytest.mark.parametrize("checked", [True, False])
def test_a_better_source_that_comes_later_makes_a_cost_known(
    make_recorder: MakeRecorder, checked: bool
) -> None:
    recorded = make_recorder(limits=STOP, prices=PRICES)

    with recorded.recorder.run("agent") as run:
        run.model_call(None, key="1")
        if checked:
            assert reached(run) is not None
        for _ in range(3):
            run.model_call(USUAL, key="1")
        run.check()
        run.model_call(USUAL, key="2")
        run.check()
        run.model_call(USUAL, key="3")

        limit = reached(run)

    assert limit is not None
    assert limit.used == 3


@pytest.mark.parametrize("unknown", [None, Usage(input_tokens=3)])
def test_tokens_that_nobody_knows_are_not_0_either(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture, unknown: Usage | None
) -> None:
    stopping = make_recorder(limits=Limits(tokens=9, on_unknown="stop")).recorder
    allowing = make_recorder(limits=Limits(tokens=9)).recorder

    with stopping.run("agent") as run:
        run.model_call(unknown, key="1")
        limit = reached(run)
    with allowing.run("agent") as run:
        run.model_call(unknown, key="1")
        run.check()

    assert limit is not None
    assert (limit.limit, limit.used) == ("tokens", None)
    assert caplog.text.count("tokens of a run are limited") == 1


def test_a_call_is_priced_once_however_often_and_wherever_it_counts(
    make_recorder: MakeRecorder,
) -> None:
    prices = Asked()
    recorded = make_recorder(limits=Limits(cost=99), prices=prices)

    with recorded.recorder.run("outer") as outer:
        with recorded.recorder.run("other", target=limited(Limits(cost=50), AWAY)) as other:
            for number in range(20):
                other.model_call(USUAL, key=str(number))
                other.check()
                outer.check()

        assert len(prices.usages) == 20


def test_a_price_list_is_not_asked_where_cost_is_not_limited(make_recorder: MakeRecorder) -> None:
    prices = Asked()
    recorded = make_recorder(limits=Limits(tokens=10**9), prices=prices)

    with recorded.recorder.run("agent") as run:
        run.model_call(USUAL, key="1")
        run.check()

        assert prices.usages == []


class Day:
    """Stands in for the `time` module that a run's start reads."""

    def __init__(self, microseconds: int) -> None:
        self._microseconds = microseconds

    def time_ns(self) -> int:
        """Time since 1970."""
        return self._microseconds * 1000

    def monotonic_ns(self) -> int:
        """Time on a clock that is never set back."""
        return time.monotonic_ns()


def test_a_call_is_priced_as_of_the_day_on_which_its_run_began(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = Asked()
    night = datetime(2026, 3, 1, 22, 30, tzinfo=timezone.utc)
    microseconds = int(night.timestamp()) * 1_000_000
    monkeypatch.setattr("keito.billing.starting.time", Day(microseconds))
    contract = Contract(time_zone="Africa/Cairo")
    recorded = make_recorder(limits=Limits(cost=99), prices=prices, contract=contract)

    with recorded.recorder.run("agent") as run:
        run.model_call(USUAL, key="1")
        run.check()

    assert prices.days == [date(2026, 3, 2)]
    assert recorded.entry()["spent_date"] == "2026-03-02"
    assert set(prices.days) == {date(2026, 3, 2)}


def test_a_broken_price_list_makes_a_cost_unknown_and_is_said_once(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def cost(self, usage: Usage, *, day: date) -> Any:
            raise RuntimeError("the table of a secret client")

    stopping = make_recorder(limits=STOP, prices=Broken()).recorder
    allowing = make_recorder(limits=Limits(cost=1), prices=Broken()).recorder

    with allowing.run("agent") as run:
        for number in range(3):
            run.model_call(USUAL, key=str(number))
            run.check()
    with stopping.run("agent") as run:
        run.model_call(USUAL, key="1")
        limit = reached(run)

    assert limit is not None
    assert limit.used is None
    assert caplog.text.count("pricing a model call failed") == 1
    assert "secret" not in caplog.text


def test_a_check_that_fails_stops_nobody_and_is_said(
    make_recorder: MakeRecorder,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keito.billing.starting.time", Day(10**30))
    recorded = make_recorder(limits=STOP, prices=PRICES)

    with caplog.at_level(logging.WARNING, "keito.billing"):
        run = recorded.recorder.start("agent")
        run.model_call(USUAL, key="1")
        run.check()

    assert "checking limits failed" in caplog.text


def test_recording_goes_on_while_a_price_list_takes_its_time(make_recorder: MakeRecorder) -> None:
    asked, answer = threading.Event(), threading.Event()

    class Slow:
        def cost(self, usage: Usage, *, day: date) -> Cost | None:
            asked.set()
            assert answer.wait(30)
            return Cost(usd=D(1), source="slow")

    recorded = make_recorder(limits=Limits(cost=2), prices=Slow())
    run = recorded.recorder.start("agent")
    run.model_call(USUAL, key="1")
    checking = threading.Thread(target=run.check)
    checking.start()

    assert asked.wait(30)
    run.model_call(USUAL, key="2")
    answer.set()
    checking.join()
    limit = reached(run)
    run.finish()

    assert limit is not None
    assert limit.used == 2


def test_checks_from_many_threads_count_every_call_once(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(model_calls=401, cost=401, tokens=10**12), prices=PRICES)
    run = recorded.recorder.start("agent")
    start = threading.Barrier(8)

    def work(worker: int) -> None:
        nested = recorded.recorder.start("nested", parent=run, target=AWAY if worker % 2 else HOME)
        start.wait()
        for number in range(50):
            nested.model_call(USUAL, key=f"{worker} {number}")
            nested.check()
        nested.finish()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    run.check()
    run.model_call(USUAL, key="one more")
    limit = reached(run)
    run.finish()

    assert limit is not None
    assert (limit.limit, limit.used) == ("model_calls", 401)
    assert run._meter is not None
    assert run._meter.cost == 401
    assert run._meter.tokens == 401_000_000


costs = st.none() | st.decimals(0, 2, places=6)


@given(st.lists(costs, max_size=12), st.decimals("0.000001", 5, places=6), st.booleans())
def test_a_run_is_stopped_as_soon_as_what_is_known_says_so(
    reported: list[Decimal | None], most: Decimal, stop: bool
) -> None:
    limits = Limits(cost=most, on_unknown="stop" if stop else "allow")
    recorder = Recorder(
        outbox=MemoryOutbox(), courier="external", target=HOME, limits=limits, prices=PRICES
    )
    run = recorder.start("agent")
    made = 0
    for number, cost in enumerate(reported):
        if reached(run) is not None:
            break
        made += 1
        usage = Usage(input_tokens=1, output_tokens=1, reported_cost_usd=cost)
        run.model_call(usage, key=str(number))
    recorder.close(0)

    known = [sum((c for c in reported[:n] if c is not None), D(0)) for n in range(len(reported))]
    expected = [
        n for n, total in enumerate(known) if total >= most or (stop and None in reported[:n])
    ]
    assert made == min(expected, default=len(reported))


def test_prices_are_loaded_only_where_cost_is_limited() -> None:
    script = """
import sys
from keito.billing import Limits, MemoryOutbox, Recorder, Usage
def check(limits):
    recorder = Recorder(outbox=MemoryOutbox(), courier="external", limits=limits)
    with recorder.run("agent") as run:
        run.model_call(Usage(model="m", input_tokens=1, output_tokens=1), key="1")
        run.check()
    recorder.close()
    return "keito.billing.prices" in sys.modules, "genai_prices" in sys.modules
print(check(Limits(tokens=9)), check(Limits(cost=9)))
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "(False, False) (True, True)"


# Says of each thread that loads the price list whether a fork may come meanwhile.
LOADING = """
import sys, threading, time
from keito.billing import FixedPrices, Limits, MemoryOutbox, Recorder, Usage, _forks

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "genai_prices":
            seen.add((threading.current_thread().name, in_another_thread(could_fork)))

def could_fork():
    free = _forks._whole.acquire(blocking=False)
    if free:
        _forks._whole.release()
    return free

def in_another_thread(ask):
    said = []
    thread = threading.Thread(target=lambda: said.append(ask()))
    thread.start()
    thread.join()
    return said[0]

def loaded():
    names = {thread.name for thread in threading.enumerate()}
    return "keito-prices" not in names and "genai_prices" in sys.modules

seen = set()
sys.meta_path.insert(0, Watch())
recorder = Recorder(outbox=MemoryOutbox(), courier="external")
mine = Recorder(outbox=MemoryOutbox(), courier="external", prices=FixedPrices({}))

def start(recorder, **limits):
    run = recorder.start("agent", target=Target(limits=Limits(**limits)))
    time.sleep(0.1)
    return run
"""


def in_a_process(script: str) -> str:
    script = LOADING + "from keito.billing import Target\n" + script
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    ).stdout.strip()


def test_a_run_with_a_limit_on_cost_has_the_prices_loaded_before_it_checks() -> None:
    script = """
runs = [start(mine, cost=1), start(recorder, tokens=1)]
before = set(seen)
runs = [start(recorder, cost=1) for _ in range(3)]
end = time.monotonic() + 20
while not loaded() and time.monotonic() < end:
    time.sleep(0.01)
loading = set(seen)
runs[0].model_call(Usage(model="gpt-4o", input_tokens=1, output_tokens=1), key="1")
runs[0].check()
print(before, loading, seen - loading)
"""

    assert in_a_process(script) == "set() {('keito-prices', False)} set()"


def test_prices_that_can_not_be_loaded_ahead_harm_nobody() -> None:
    script = """
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "genai_prices":
            raise RuntimeError("broken")

sys.meta_path.insert(0, Broken())
run = start(recorder, cost=1)
run.model_call(Usage(model="gpt-4o", input_tokens=1, output_tokens=1), key="1")
run.check()
print("checked")
"""

    assert in_a_process(script) == "checked"


def test_a_run_that_reaches_its_limit_is_recorded_as_such(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(cost=1), prices=PRICES)

    with pytest.raises(KeitoLimitReached), recorded.recorder.run("agent") as run:
        run.model_call(USUAL, key="1")
        run.check()

    entry = recorded.entry()
    assert (entry["metadata"]["status"], entry["billable"]) == ("limit", False)
    assert entry["metadata"]["cost_usd"] == 1
