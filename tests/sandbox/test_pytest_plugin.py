"""The pytest plugin, in test runs of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ("pytester",)

NEW_FOR_EACH_TEST = """
    import os
    import pytest
    from keito import Keito

    @pytest.mark.parametrize("number", range(2))
    def test_one_entry(keito_sandbox, number):
        with Keito() as keito:
            keito.time_entries.create(
                project_id=keito_sandbox.project_id,
                task_id=keito_sandbox.task_id,
                spent_date="2026-03-02",
                hours=number,
            )
        assert [entry["hours"] for entry in keito_sandbox.entries()] == [number]
"""


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the other plugins that are installed, which take seconds to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "keito._pytest_plugin")


def test_it_is_found_where_it_is_installed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    pytester.makepyfile("def test_found(keito_sandbox): assert keito_sandbox.base_url")

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_each_test_has_a_sandbox_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(NEW_FOR_EACH_TEST)

    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_the_environment_is_the_sandboxs_and_not_the_developers(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_API_KEY", "kto_live_secret")
    monkeypatch.setenv("KEITO_MODE", "off")
    pytester.makepyfile(
        """
        import os

        def test_environment(keito_sandbox, tmp_path):
            outbox = os.environ.pop("KEITO_OUTBOX")
            assert outbox.startswith(str(tmp_path))
            found = {name: v for name, v in os.environ.items() if name.startswith("KEITO_")}
            assert found == {**keito_sandbox.env, "KEITO_ONLY_LOOPBACK": "1"}
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_environment_is_as_before_after_a_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_MODE", "off")
    pytester.makepyfile(
        """
        import os

        def test_with(keito_sandbox):
            assert "KEITO_MODE" not in os.environ

        def test_without():
            assert os.environ["KEITO_MODE"] == "off"
            assert "KEITO_API_KEY" not in os.environ
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=2)


RECORDED = """
    import keito

    @keito.billed("Answer")
    def answer():
        return 42

    def test_first(keito_sandbox):
        answer()
        assert keito.default_recorder().flush() == 0
        assert len(keito_sandbox.entries()) == 1

    def test_second(keito_sandbox):
        answer()
        assert keito.default_recorder().flush() == 0
        assert len(keito_sandbox.entries()) == 1
"""


def test_the_default_recorder_delivers_to_the_sandbox_of_its_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(RECORDED)

    pytester.runpytest_subprocess().assert_outcomes(passed=2)


OTHER_HOST = """
    from keito import Keito, KeitoConfigError, KeitoConnectionError

    def test_another_host():
        with Keito(
            api_key="kto_x", account_id="a", base_url="https://keito.invalid", max_retries=0
        ) as keito:
            keito.users.me()
"""


def test_another_host_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHER_HOST)

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*KeitoConfigError*keito.invalid*--keito-live*"])


def test_another_host_is_reached_for_when_asked_to(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHER_HOST)

    result = pytester.runpytest_subprocess("--keito-live")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*KeitoConnectionError*"])
    result.stdout.no_fnmatch_line("*--keito-live to reach*")


def test_processes_that_tests_start_are_refused_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        script="""
        from keito import Keito
        Keito(api_key="k", account_id="a", base_url="https://keito.invalid").users.me()
        """,
        test_process="""
        import subprocess, sys

        def test_process():
            run = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True)
            assert "KeitoConfigError" in run.stderr
        """,
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_option_is_explained(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--help")

    result.stdout.fnmatch_lines(["*--keito-live*"])


def test_the_fixture_is_explained(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures")

    result.stdout.fnmatch_lines(["keito_sandbox -- *", "*A local Keito and an empty outbox*"])


def test_a_run_that_uses_no_fixture_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_imports():
            heavy = {"httpx", "pydantic", "fastapi", "uvicorn", "typer", "sqlite3"}
            assert not heavy & set(sys.modules)
            assert {name for name in sys.modules if name.startswith("keito")} == {
                "keito", "keito._pytest_plugin",
            }
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


RUNS = """
import os, pytest

def run():
    pytest.main(["--collect-only", "-q", os.devnull])
    return os.environ.get("KEITO_ONLY_LOOPBACK")

os.environ["KEITO_ONLY_LOOPBACK"] = "mine"
kept = run()
del os.environ["KEITO_ONLY_LOOPBACK"]
print(kept, run())
"""


def test_the_environment_of_the_process_is_left_as_it_was() -> None:
    result = subprocess.run([sys.executable, "-c", RUNS], capture_output=True, text=True)

    assert result.stdout.splitlines()[-1] == "mine None"
