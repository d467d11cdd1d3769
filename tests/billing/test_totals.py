"""One entry for all runs of a day: it says what they add up to, until somebody else touches it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keito import Keito
from keito.billing import Contract, CostExpense, Recorder, Target, Usage
from keito.billing.outbox.record import Record
from keito.billing.rate import forecast
from keito.billing.totals.details import sums_of
from keito.billing.totals.sums import added
from keito.testing import LocalKeito
from tests.billing.adder import OFTEN
from tests.billing.sending import FAST, PATIENCE, recorder_to

ROOT = Path(__file__).parents[2]
POST: dict[str, Any] = {"method": "POST", "path": "/api/v2/time_entries"}
PATCH: dict[str, Any] = {"method": "PATCH", "path": "/api/v2/time_entries/*"}
USED = Usage(model="m", input_tokens=7, output_tokens=3, reported_cost_usd=Decimal("0.5"))
LONG = Contract(minimum=timedelta(hours=7))


MakeRecorder = Callable[..., Recorder]


@pytest.fixture
def make(local: LocalKeito, tmp_path: Path) -> Iterator[MakeRecorder]:
    made: list[Recorder] = []

    def make(**settings: Any) -> Recorder:
        defaults: dict[str, Any] = {"granularity": "day", "contract": Contract()}
        made.append(recorder_to(local, tmp_path, **{**defaults, **settings}))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close(1)


@pytest.fixture
def recorder(make: MakeRecorder) -> Recorder:
    return make()


def work(recorder: Recorder, runs: int = 1, **settings: Any) -> None:
    for _ in range(runs):
        with recorder.run("agent", **settings) as run:
            run.model_call(USED, key="1")


def delivered(recorder: Recorder, runs: int = 1, **settings: Any) -> None:
    work(recorder, runs, **settings)
    assert recorder.flush(PATIENCE) == 0


def totals(local: LocalKeito) -> list[dict[str, Any]]:
    """The entries for whole days, oldest first."""
    found = [e for e in local.entries() if (e["metadata"] or {}).get("granularity") == "day"]
    return sorted(found, key=lambda entry: str(entry["created_at"]))


def total(local: LocalKeito) -> dict[str, Any]:
    (found,) = totals(local)
    return found


def runs_in(local: LocalKeito) -> int:
    return sum(int(entry["metadata"]["runs"]) for entry in totals(local))


def records(recorder: Recorder) -> list[Record]:
    return recorder.backlog().records()


def test_the_runs_of_a_day_are_one_entry(recorder: Recorder, local: LocalKeito) -> None:
    delivered(recorder, 5)

    entry = total(local)
    said = entry["metadata"]
    own = added(sums_of(record) for record in records(recorder) if record.kind == "run")
    assert (said["runs"], said["runs_ok"], said["llm_calls"]) == (5, 5, 5)
    assert (said["tokens_in"], said["tokens_out"], said["cost_usd"]) == (35, 15, Decimal("2.5"))
    assert (entry["hours"], said["seconds_raw"]) == (own["hours"], own["seconds_raw"])
    assert (entry["billable"], entry["notes"]) == (
        True,
        f"agent: agent run [{said['keito_key'][:8]}]",
    )
    assert len(local.requests("POST")) == 1


def test_a_later_run_is_added_to_the_entry(recorder: Recorder, local: LocalKeito) -> None:
    delivered(recorder, 2)
    first = total(local)
    delivered(recorder, 3)

    entry = total(local)
    assert entry["id"] == first["id"]
    assert (entry["metadata"]["runs"], entry["metadata"]["revision"]) == (5, 2)
    assert (len(local.requests("POST")), len(local.requests("PATCH"))) == (1, 1)


def test_runs_wait_for_others_unless_somebody_waits_for_them(
    make: MakeRecorder, local: LocalKeito
) -> None:
    recorder = make(timing=replace(FAST, totals=3600))
    work(recorder, 3)
    time.sleep(0.5)
    before = (recorder.status().records, recorder.status().undelivered)

    left = recorder.flush(PATIENCE)

    assert before == ({"COLLECTED": 3}, 3)
    assert (left, runs_in(local)) == (0, 3)


def test_outcomes_stay_single(make: MakeRecorder, local: LocalKeito) -> None:
    recorder = make(contract=Contract(charge="both"))
    with recorder.run("agent") as run:
        run.outcome("ticket_resolved", unit_price=1)
        run.outcome("ticket_resolved", unit_price=1)
    recorder.flush(PATIENCE)

    single = [e for e in local.entries() if "outcome_type" in (e["metadata"] or {})]
    assert (len(single), total(local)["metadata"]["runs"]) == (2, 1)


def test_what_is_billed_apart_is_added_up_apart(recorder: Recorder, local: LocalKeito) -> None:
    work(recorder, 2)
    work(recorder, target=Target(agent_id="other"))
    work(recorder, target=Target(project_id="prj_globex_onboarding"))
    with pytest.raises(RuntimeError), recorder.run("agent"):
        raise RuntimeError
    recorder.flush(PATIENCE)

    said = {
        (e["project_id"], e["metadata"]["agent_id"], e["billable"]): e["metadata"]["runs"]
        for e in totals(local)
    }
    assert said == {
        ("prj_acme_support", "agent", True): 2,
        ("prj_acme_support", "other", True): 1,
        ("prj_globex_onboarding", "agent", True): 1,
        ("prj_acme_support", "agent", False): 1,
    }
    assert {e["metadata"].get("runs_error") for e in totals(local) if not e["billable"]} == {1}


def test_no_entry_has_more_than_24_hours(make: MakeRecorder, local: LocalKeito) -> None:
    recorder = make(contract=LONG)
    delivered(recorder, 4)
    delivered(recorder, 4)

    assert [entry["hours"] for entry in totals(local)] == [21, 21, 14]
    assert [entry["metadata"]["shard"] for entry in totals(local)] == [1, 2, 3]
    assert len({entry["metadata"]["keito_key"] for entry in totals(local)}) == 3


def test_one_call_without_a_price_leaves_the_cost_unknown(
    recorder: Recorder, local: LocalKeito
) -> None:
    delivered(recorder)
    before = total(local)["metadata"]["cost_usd"]
    with recorder.run("agent") as run:
        run.model_call(Usage(model="of nobody", input_tokens=1, output_tokens=1), key="1")
    recorder.flush(PATIENCE)

    said = total(local)["metadata"]
    assert before == Decimal("0.5")
    assert (said["cost_usd"], said["llm_calls_unpriced"]) == (None, 1)


def test_costs_that_are_not_shared_are_not_said(make: MakeRecorder, local: LocalKeito) -> None:
    recorder = make(contract=Contract(share_cost=False))
    delivered(recorder, 2)

    assert {"cost_usd", "llm_calls_unpriced"} & set(total(local)["metadata"]) == set()


def test_a_call_that_reports_late_is_added(recorder: Recorder, local: LocalKeito) -> None:
    run = recorder.start("agent")
    first, second = run.model_start("1", model="m"), run.model_start("2", model="m")
    run.finish()
    recorder.flush(PATIENCE)
    incomplete = total(local)["metadata"]["runs_usage_incomplete"]
    first.end(USED)
    recorder.flush(PATIENCE)
    second.end(replace(USED, input_tokens=100))
    recorder.flush(PATIENCE)

    said = total(local)["metadata"]
    assert (incomplete, said["runs_usage_incomplete"], said["runs"]) == (1, 0, 1)
    assert (said["tokens_in"], said["llm_calls"], said["cost_usd"]) == (107, 2, 1)


def test_costs_are_passed_on_as_ever(make: MakeRecorder) -> None:
    recorder = make(contract=Contract(cost_expense=CostExpense(category_id="cat_llm_usage")))
    delivered(recorder, 2)

    due = recorder._recording.opened().costs_due(recorder.destination.id, before="9999-01-01")
    assert len(due) == 2


DEEDS: dict[str, Callable[[LocalKeito, Keito, str], object]] = {
    "notes": lambda local, keito, id: keito.time_entries.update(id, notes="mine"),
    "hours": lambda local, keito, id: keito.time_entries.update(id, hours="7.5"),
    "billable": lambda local, keito, id: keito.time_entries.update(id, billable=False),
    "lock": lambda local, keito, id: local.lock(id),
    "approve": lambda local, keito, id: local.approve(id),
    "bill": lambda local, keito, id: local.bill(id),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_an_entry_that_somebody_touched_stays_and_another_goes_on(
    recorder: Recorder, local: LocalKeito, deed: str
) -> None:
    delivered(recorder, 2)
    with Keito(**local.client_settings) as keito:
        DEEDS[deed](local, keito, total(local)["id"])
    touched = total(local)
    delivered(recorder, 3)
    delivered(recorder, 1)

    first, second = totals(local)
    assert first == touched
    assert (second["metadata"]["runs"], second["metadata"]["shard"]) == (4, 2)


def test_a_deleted_entry_is_not_made_again_and_another_goes_on(
    recorder: Recorder, local: LocalKeito
) -> None:
    delivered(recorder, 2)
    with Keito(**local.client_settings) as keito:
        keito.time_entries.delete(total(local)["id"])
    delivered(recorder, 3)

    assert (total(local)["metadata"]["runs"], total(local)["metadata"]["shard"]) == (3, 2)


def test_metadata_that_somebody_added_stays(recorder: Recorder, local: LocalKeito) -> None:
    delivered(recorder, 2)
    with Keito(**local.client_settings) as keito:
        keito.time_entries.update(total(local)["id"], metadata={"purchase_order": "4711"})
    delivered(recorder)

    said = total(local)["metadata"]
    assert (said["runs"], said["purchase_order"]) == (3, "4711")


def test_an_entry_locked_between_the_look_and_the_change_is_looked_at_again(
    recorder: Recorder, local: LocalKeito
) -> None:
    delivered(recorder, 2)
    local.faults.error(409, committed=False, times=1, **PATCH)
    delivered(recorder, 1)

    assert total(local)["metadata"]["runs"] == 3


def failing(status: int, committed: bool) -> Callable[[LocalKeito, Any], object]:
    return lambda local, on: local.faults.error(status, committed=committed, times=1, **on)


FAULTS: dict[str, Callable[[LocalKeito, Any], object]] = {
    "commit, then drop": lambda local, on: local.faults.drop(times=1, **on),
    "drop before commit": lambda local, on: local.faults.drop(committed=False, times=1, **on),
    "truncated": lambda local, on: local.faults.truncate(times=1, **on),
    "a proxy's page": lambda local, on: local.faults.html(times=1, **on),
    "429": lambda local, on: local.faults.rate_limit(0, times=1, **on),
    "no answer, committed": lambda local, on: local.faults.hang(committed=True, times=1, **on),
    "no answer": lambda local, on: local.faults.hang(committed=False, times=1, **on),
    **{
        f"{status} {'after' if committed else 'before'} commit": failing(status, committed)
        for status in (500, 503, 504)
        for committed in (False, True)
    },
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("on", [POST, PATCH], ids=["making", "changing"])
def test_no_fault_loses_or_doubles_a_run(
    recorder: Recorder, local: LocalKeito, fault: str, on: dict[str, Any]
) -> None:
    FAULTS[fault](local, on)

    for _ in range(3):
        delivered(recorder, 2)

    assert (total(local)["metadata"]["runs"], total(local)["metadata"]["tokens_in"]) == (6, 42)


def test_what_was_changed_with_the_answer_lost_and_then_edited_is_not_added_again(
    recorder: Recorder, local: LocalKeito
) -> None:
    delivered(recorder, 2)
    local.faults.drop(times=1, **PATCH)
    work(recorder)
    deadline = time.monotonic() + PATIENCE
    while total(local)["metadata"]["runs"] != 3 and time.monotonic() < deadline:
        recorder.flush(0.05)
    with Keito(**local.client_settings) as keito:
        keito.time_entries.update(total(local)["id"], hours="7.5")
    delivered(recorder)

    first, second = totals(local)
    assert (first["hours"], first["metadata"]["runs"]) == (Decimal("7.5"), 3)
    assert second["metadata"]["runs"] == 1


def test_a_total_that_keito_refuses_takes_more_runs_and_is_sent_once_more(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.error(422, committed=False, times=1, **POST)
    delivered(recorder, 2)
    (parked,) = recorder.backlog().records("PARKED")
    delivered(recorder, 3)
    kept = recorder.status().records
    recorder.backlog().retry(parked.key)
    assert recorder.flush(PATIENCE) == 0

    assert kept == {"PARKED": 1, "FOLDED": 5}
    assert total(local)["metadata"]["runs"] == 5


def test_a_run_that_nobody_routed_is_added_when_somebody_does(
    make: MakeRecorder, local: LocalKeito
) -> None:
    recorder = make(routing="explicit", target=None)
    with recorder.run("agent") as run:
        run.model_call(USED, key="1")
    recorder.flush(PATIENCE)

    home = Target(project_id=local.project_id, task_id=local.task_id)
    recorder.backlog().assign(run.id, home)
    recorder.flush(PATIENCE)

    assert total(local)["metadata"]["runs"] == 1


def test_a_dropped_run_is_not_added(make: MakeRecorder, local: LocalKeito) -> None:
    recorder = make(timing=replace(FAST, totals=3600))
    with recorder.run("agent") as run:
        call = run.model_start("1", model="m")
    deadline = time.monotonic() + PATIENCE
    while not recorder.backlog().records("COLLECTED") and time.monotonic() < deadline:
        time.sleep(0.01)
    recorder.backlog().drop(recorder.backlog().records("COLLECTED")[0].key, "a test")
    call.end(USED)
    delivered(recorder, 1)

    assert (total(local)["metadata"]["runs"], total(local)["metadata"]["tokens_in"]) == (1, 7)
    assert {r.state for r in records(recorder) if r.run == run.id} == {"DROPPED"}


def test_what_is_kept_back_is_added_when_it_is_released(
    make: MakeRecorder, local: LocalKeito
) -> None:
    recorder = make(mode="record")
    work(recorder, 2)
    before = (recorder.flush(1), recorder.status().records, local.requests("POST"))
    recorder.backlog().release()
    after = recorder.flush(PATIENCE)

    assert before == (0, {"COLLECTED": 2}, [])
    assert (after, total(local)["metadata"]["runs"]) == (0, 2)


def test_what_is_not_delivered_is_never_forgotten(make: MakeRecorder, local: LocalKeito) -> None:
    local.faults.error(422, committed=False, times=1, **POST)
    recorder = make()
    delivered(recorder, 2)
    outbox = recorder._recording.opened()

    outbox.prune(before=time.time() + 1e9)

    assert recorder.status().records == {"PARKED": 1, "FOLDED": 2}


def test_a_day_is_swept_by_its_entries(recorder: Recorder, local: LocalKeito) -> None:
    delivered(recorder, 3)

    report = recorder.sweep(total(local)["spent_date"])

    assert (report.clean, report.compared, report.listed) == (True, 1, 1)


def test_a_long_way_to_go_is_told_with_what_makes_it_shorter(
    make: MakeRecorder, local: LocalKeito
) -> None:
    single = make(granularity="run", requests_per_minute=1, courier="external")
    work(single, 100)
    long, short = single.status(), make().status()

    assert long.forecast == forecast(100, per_minute=1, per_day=None)
    assert long.advice is not None
    assert 'granularity="day"' in long.advice
    assert short.advice is None


def test_an_unknown_granularity_is_refused(make: MakeRecorder) -> None:
    with pytest.raises(ValueError, match="granularity"):
        make(granularity="week")


def test_it_is_not_loaded_unless_it_is_used(local: LocalKeito, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from keito.billing import Recorder\n"
        "recorder = Recorder()\n"
        "with recorder.run('agent'):\n"
        "    pass\n"
        "assert recorder.flush(20) == 0\n"
        "recorder.close()\n"
        "print([name for name in sys.modules if 'totals' in name or 'sweep' in name])\n"
    )
    env = {**os.environ, **local.env, "KEITO_OUTBOX": str(tmp_path / "outbox.db")}

    done = subprocess.run(
        [sys.executable, "-c", program], env=env, cwd=ROOT, capture_output=True, text=True
    )

    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


@pytest.mark.parametrize("where", ["file", "database"])
def test_processes_killed_at_random_lose_and_double_nothing(
    make: MakeRecorder,
    local: LocalKeito,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    where: str,
) -> None:
    place = str(tmp_path / "outbox.db")
    if where == "database":
        place = request.getfixturevalue("postgres_place")
    chance = random.Random(11)
    local.faults.drop(times=None, probability=0.1, method="POST")
    local.faults.drop(times=None, probability=0.1, method="PATCH")
    local.faults.error(503, committed=False, times=None, probability=0.1, method="PATCH")
    env = {**os.environ, **local.env, "KEITO_OUTBOX": place}
    acknowledged: set[str] = set()

    adder = [sys.executable, "-m", "tests.billing.adder"]
    for _ in range(4):
        with (
            subprocess.Popen(adder, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one,
            subprocess.Popen(adder, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other,
        ):
            for process in (one, other):
                assert process.stdout is not None
                acknowledged.add(process.stdout.readline().strip())
                time.sleep(chance.uniform(0.0, 0.5))
                process.kill()
                acknowledged.update(process.stdout.read().split())
    successor = make(outbox=place, timing=OFTEN)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        left = successor.flush(1)
        left_open = successor._recording.opened().orphans(now=time.time())
        # Asked again: what was recovered in between is still to be sent.
        if not left and not left_open and not successor.flush(1):
            break

    known = [record for record in records(successor) if record.kind == "run"]
    added_up = [record for record in known if record.after]
    assert acknowledged <= {record.run for record in known}
    assert {record.state for record in known} <= {"DONE", "FOLDED"}
    assert runs_in(local) == len(added_up)
    said = sum(int(entry["metadata"]["tokens_in"]) for entry in totals(local))
    assert said == 7 * len(added_up)
    assert len(totals(local)) == len({record.after for record in added_up})
    # One that was under way when its process was killed is an entry of its own.
    single = [e for e in local.entries() if (e["metadata"] or {}).get("status") == "recovered"]
    assert len(single) == len(known) - len(added_up) <= 8
