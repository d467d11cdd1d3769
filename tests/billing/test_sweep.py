"""The sweep: what differs between an outbox and Keito is found, and nothing is done about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito import Keito, KeitoInputError
from keito._config import configure
from keito._transport import Transport
from keito.billing import Finding, Recorder, SweepReport, Target, Usage
from keito.billing.delivery import Delivery
from keito.billing.outbox.port import Outbox
from keito.billing.outbox.record import Change
from keito.billing.sweep_report import What, read_report
from keito.billing.sweeping import last_report
from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, recorder_to
from tests.billing.test_harmless import wait_until

DAY = 86_400.0


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)


@pytest.fixture
def other(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    """A recorder of the same account with another outbox."""
    made = recorder_to(local, tmp_path, outbox=tmp_path / "other.db")
    yield made
    made.close(1)


@pytest.fixture
def keito(local: LocalKeito) -> Iterator[Keito]:
    with Keito(**local.client_settings) as client:
        yield client


def today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def work(recorder: Recorder, runs: int = 1) -> None:
    for _ in range(runs):
        with recorder.run("agent"):
            pass
    assert recorder.flush(PATIENCE) == 0


def own(local: LocalKeito) -> list[dict[str, Any]]:
    """The entries that recorders have made, oldest first."""
    found = [e for e in local.entries() if "sdk" in (e["metadata"] or {})]
    return sorted(found, key=lambda entry: str(entry["created_at"]))


def settled(recorder: Recorder) -> SweepReport:
    """Sweep today when lists are to be trusted."""
    time.sleep(FAST.settle)
    return recorder.sweep(today())


def found(report: SweepReport) -> list[tuple[What, str]]:
    return [(one.what, one.key) for one in report.findings]


def copy(keito: Keito, entry: dict[str, Any]) -> str:
    """Make the same entry once more, as an SDK that repeats a POST would."""
    made = keito.time_entries.create(
        project_id=entry["project_id"],
        task_id=entry["task_id"],
        spent_date=entry["spent_date"],
        hours=entry["hours"],
        metadata=entry["metadata"],
    )
    return made.id


def test_a_day_that_is_as_it_should_be_has_no_findings(recorder: Recorder) -> None:
    with recorder.run("agent") as run:
        run.outcome("ticket_resolved", unit_price=1)
        run.expense("cat_llm_usage", total_cost="1.50")
    recorder.flush(PATIENCE)

    report = settled(recorder)

    assert (report.clean, report.compared, report.listed) == (True, 3, 3)
    assert report.summary() == "as it should be"


def test_what_was_delivered_and_is_gone_is_missing(
    recorder: Recorder, local: LocalKeito, keito: Keito
) -> None:
    work(recorder, 2)
    entry = own(local)[0]
    keito.time_entries.delete(entry["id"])

    report = settled(recorder)

    (missing,) = report.findings
    assert (missing.what, missing.key) == ("missing", entry["metadata"]["keito_key"])
    assert missing.detail == f"was {entry['id']}"
    assert len(own(local)) == 1


def test_what_was_delivered_a_moment_ago_may_not_be_listed_yet(
    recorder: Recorder, local: LocalKeito, keito: Keito
) -> None:
    work(recorder)
    keito.time_entries.delete(own(local)[0]["id"])

    assert recorder.sweep(today()).findings == ()


def test_what_keito_has_twice_is_doubled(
    recorder: Recorder, local: LocalKeito, keito: Keito
) -> None:
    work(recorder)
    entry = own(local)[0]
    second = copy(keito, entry)

    report = settled(recorder)

    (doubled,) = report.of("doubled")
    assert doubled.key == entry["metadata"]["keito_key"]
    assert doubled.ids == (entry["id"], second)


def test_what_another_outbox_delivered_is_foreign(
    recorder: Recorder, other: Recorder, local: LocalKeito
) -> None:
    work(recorder)
    work(other)
    theirs = own(local)[1]

    report = settled(recorder)

    assert found(report) == [("foreign", theirs["metadata"]["keito_key"])]
    assert report.findings[0].detail.startswith("by agent, made ")


def test_what_a_program_created_with_a_key_of_its_own_is_not_foreign(
    recorder: Recorder, local: LocalKeito, keito: Keito
) -> None:
    work(recorder)
    keito.time_entries.create(
        project_id=local.project_id, task_id=local.task_id, spent_date=today(), hours="1"
    )

    report = settled(recorder)

    assert (report.clean, report.listed) == (True, 2)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"hours": Decimal("7.5")}, "hours 0.0"),
        ({"billable": False}, "billable true -> false"),
    ],
)
def test_what_a_person_edited_is_changed(
    recorder: Recorder, local: LocalKeito, keito: Keito, edit: dict[str, Any], said: str
) -> None:
    work(recorder)
    keito.time_entries.update(own(local)[0]["id"], **edit)

    report = settled(recorder)

    (changed,) = report.findings
    assert (changed.what, changed.detail[: len(said)]) == ("changed", said)


def test_a_correction_of_ours_is_no_change(recorder: Recorder) -> None:
    run = recorder.start("agent")
    call = run.model_start("1", model="m")
    run.finish()
    recorder.flush(PATIENCE)
    call.end(Usage(model="m", input_tokens=7, output_tokens=3))
    recorder.flush(PATIENCE)

    report = settled(recorder)

    assert (report.clean, report.compared) == (True, 1)


def test_what_keito_has_though_it_was_dropped_here_is_undelivered(
    recorder: Recorder, local: LocalKeito
) -> None:
    work(recorder)
    key = own(local)[0]["metadata"]["keito_key"]
    outbox = recorder._recording.opened()
    record = outbox.find(key)
    assert record is not None
    outbox.change(record, Change(state="DROPPED", since=1.0))

    report = settled(recorder)

    assert [(one.what, one.key, one.detail) for one in report.findings] == [
        ("undelivered", key, "is DROPPED here")
    ]


def test_what_waits_to_be_sent_is_no_finding(recorder: Recorder, local: LocalKeito) -> None:
    local.faults.rate_limit(3600, times=None, method="POST", path="/api/v2/time_entries")
    with recorder.run("agent"):
        pass
    wait_until(lambda: recorder.status().unfiled == 0)

    report = settled(recorder)

    assert (report.findings, report.compared) == ((), 1)


def test_each_project_of_the_day_is_compared(
    recorder: Recorder, local: LocalKeito, keito: Keito
) -> None:
    work(recorder)
    with recorder.run("agent", target=Target(project_id="prj_globex_onboarding")):
        pass
    recorder.flush(PATIENCE)
    for entry in own(local):
        keito.time_entries.delete(entry["id"])

    report = settled(recorder)

    assert {one.project_id for one in report.of("missing")} == {
        local.project_id,
        "prj_globex_onboarding",
    }


def test_a_project_that_keito_would_not_list_is_named_and_nothing_said_of_it(
    recorder: Recorder, local: LocalKeito
) -> None:
    work(recorder)
    local.faults.error(503, times=None, method="GET", path="/api/v2/time_entries")

    report = settled(recorder)

    assert (report.unlisted, report.findings) == ({local.project_id: "HTTP 503"}, ())
    assert not report.clean


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2001-01-01"])
def test_a_day_that_is_none_or_too_long_ago_is_refused(recorder: Recorder, day: str) -> None:
    with pytest.raises(KeitoInputError, match=day):
        recorder.sweep(day)


def test_nothing_is_written_to_keito(
    recorder: Recorder, other: Recorder, local: LocalKeito, keito: Keito
) -> None:
    work(recorder, 3)
    work(other)
    keito.time_entries.delete(own(local)[0]["id"])
    copy(keito, own(local)[0])
    before = local.entries()
    writes = len(local.requests("POST")) + len(local.requests("PATCH"))

    settled(recorder)
    recorder.flush(PATIENCE)

    assert local.entries() == before
    assert len(local.requests("POST")) + len(local.requests("PATCH")) == writes


class Later:
    """A courier that sweeps, some days later."""

    def __init__(self, recorder: Recorder, local: LocalKeito, *, days: float) -> None:
        # Two days on, today has closed everywhere.
        self.now = time.time() + days * DAY
        self.outbox: Outbox = recorder._recording.opened()
        self.id = recorder.destination.id
        config = configure(
            api_key=recorder.destination.api_key,
            account_id=recorder.destination.account_id,
            base_url=local.base_url,
            timeout=5,
        )
        self.delivery = Delivery(
            self.outbox,
            recorder.destination,
            owner="later",
            timing=FAST,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            transport=Transport(config),
            sweep=True,
        )

    def work(self, steps: int = 20) -> None:
        for _ in range(steps):
            self.delivery.step()

    def reports(self) -> list[SweepReport]:
        found = [
            *self.outbox.in_state(self.id, "DONE"),
            *self.outbox.in_state(self.id, "PARKED"),
        ]
        return [read_report(record.facts) for record in found if record.kind == "sweep"]

    def close(self) -> None:
        self.delivery.close()


def closing_date(days: float) -> float:
    """So many days from now, as a whole day's afternoon in UTC."""
    now = datetime.now(timezone.utc)
    afternoon = (now + timedelta(days=days)).replace(hour=15)
    return (afternoon - now) / timedelta(days=1)


@pytest.fixture
def later(recorder: Recorder, local: LocalKeito) -> Iterator[Later]:
    work(recorder)
    made = Later(recorder, local, days=closing_date(1))
    yield made
    made.close()


def test_a_day_that_closed_is_swept_once_and_again_a_week_later(later: Later) -> None:
    later.work()
    first = [report.day for report in later.reports() if report.compared]
    later.work()
    again = [report.day for report in later.reports() if report.compared]
    later.now += 7 * DAY
    later.work()
    in_a_week = [report.day for report in later.reports() if report.compared]

    assert first == again == [today()]
    assert in_a_week == [today(), today()]


def test_a_clean_sweep_is_not_said(later: Later, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "keito.billing"):
        later.work()

    last = last_report(later.outbox, later.id)
    assert last is not None
    assert last.clean
    assert caplog.messages == []


def test_a_finding_is_said_and_waits_for_a_person(
    later: Later,
    recorder: Recorder,
    local: LocalKeito,
    keito: Keito,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keito.time_entries.delete(own(local)[0]["id"])

    later.work()

    (parked,) = later.outbox.in_state(later.id, "PARKED")
    assert (parked.kind, parked.reason) == ("sweep", f"sweep of {today()}: 1 missing")
    assert [m for m in caplog.messages if f"the sweep of {today()} found 1 missing" in m]
    recorder.backlog().drop(parked.key, "deleted on purpose")
    assert later.outbox.in_state(later.id, "PARKED") == []


def test_a_day_that_keito_would_not_list_is_swept_later(later: Later, local: LocalKeito) -> None:
    local.faults.error(503, times=1, method="GET", path="/api/v2/time_entries")
    later.work()
    before = [report.day for report in later.reports() if report.compared]

    later.now += FAST.costs + 1
    later.work()

    assert before == []
    assert [report.day for report in later.reports() if report.compared] == [today()]


def test_the_status_has_the_last_report(local: LocalKeito, tmp_path: Path, other: Recorder) -> None:
    recorder = recorder_to(local, tmp_path, sweep=True)
    work(recorder)
    status = recorder.status()
    deadline = time.monotonic() + PATIENCE
    while status.sweep is None and time.monotonic() < deadline:
        time.sleep(0.05)
        status = recorder.status()
    recorder.close()

    assert status.sweep is not None
    assert status.sweep.clean
    assert other.status().sweep is None


texts = st.text(max_size=8)


@given(
    findings=st.lists(
        st.builds(
            Finding,
            what=st.sampled_from(("missing", "doubled", "foreign", "changed", "undelivered")),
            list=texts,
            project_id=texts,
            key=texts,
            ids=st.lists(texts, max_size=3).map(tuple),
            detail=texts,
        ),
        max_size=4,
    ),
    unlisted=st.dictionaries(texts, texts, max_size=2),
)
def test_a_report_is_the_same_after_being_written_and_read(
    findings: list[Finding], unlisted: dict[str, str]
) -> None:
    report = SweepReport(
        day="2026-03-05",
        at=1.5,
        compared=3,
        listed=2,
        findings=tuple(findings),
        unlisted=unlisted,
    )

    assert read_report(report.json()) == report
