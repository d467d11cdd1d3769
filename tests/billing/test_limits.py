from __future__ import annotations

from typing import Any

import pytest

from keito.billing import KeitoLimitReached, Limits, Usage
from tests.billing.conftest import AWAY, MakeRecorder, Recorded


def test_without_limits_a_run_may_go_on(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        run.model_call(Usage(input_tokens=10**9, output_tokens=1), key="1")
        run.check()

    assert recorded.metadata()["status"] == "ok"


def test_a_run_is_stopped_before_one_model_call_too_many(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(model_calls=2))

    with pytest.raises(KeitoLimitReached, match="2 model calls"), recorded.recorder.run("a") as run:
        for n in range(3):
            run.check()
            run.model_start(str(n)).end()

    entry = recorded.entry()
    assert (entry["metadata"]["status"], entry["billable"]) == ("limit", False)
    assert entry["metadata"]["llm_calls"] == 2


def test_what_descendants_use_counts_too(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(tokens=100))
    usage = Usage(input_tokens=40, output_tokens=15)

    with recorded.recorder.run("outer") as outer:
        with recorded.recorder.run("folded") as folded:
            folded.model_call(usage, key="1")
        outer.check()
        with recorded.recorder.run("other", target=AWAY) as other:
            other.model_call(usage, key="2")
            other.check()
        with pytest.raises(KeitoLimitReached, match="100 tokens"):
            outer.check()


def test_time_is_limited(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(seconds=0.000001))

    with recorded.recorder.run("agent") as run, pytest.raises(KeitoLimitReached, match="seconds"):
        run.check()


@pytest.mark.parametrize("limits", [{"tokens": 0}, {"seconds": -1}, {"model_calls": 0}])
def test_a_limit_that_nothing_meets_fails_where_it_is_made(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Limits(**limits)


def test_a_count_that_is_no_number_stops_nobody(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(limits=Limits(tokens=100))
    odd: Any = "many"

    with recorded.recorder.run("agent") as run:
        run.model_call(Usage(input_tokens=odd, output_tokens=3), key="1")
        run.check()

    assert recorded.metadata()["usage_incomplete"] is True
