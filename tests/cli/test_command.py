"""The command as a whole."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from keito import __version__
from keito.cli.app import app


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_it_tells_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert (result.output, result.exit_code) == (f"keito {__version__}\n", 0)


def test_without_a_command_it_lists_them() -> None:
    result = CliRunner().invoke(app, [])

    assert "sandbox" in result.output


def test_it_can_be_run_as_a_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "keito.cli", "--version"], capture_output=True, text=True
    )

    assert (result.stdout, result.returncode) == (f"keito {__version__}\n", 0)


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_packages_it_says_what_to_install(missing: str) -> None:
    result = run(f"import sys; sys.modules['{missing}'] = None; import keito.cli; keito.cli.main()")

    assert result.stderr == 'The keito command needs more packages: pip install "keito[cli]"\n'
    assert result.returncode == 1


def test_without_the_sandboxs_packages_it_says_what_to_install() -> None:
    result = run(
        "import sys; sys.modules['fastapi'] = None; sys.argv = ['keito', 'sandbox'];"
        " import keito.cli; keito.cli.main()"
    )

    assert 'pip install "keito[sandbox]"' in result.stderr
    assert result.returncode == 1


def test_its_version_needs_no_server_and_no_client() -> None:
    result = run(
        "import sys\n"
        "sys.argv = ['keito', '--version']\n"
        "import keito.cli\n"
        "try:\n"
        "    keito.cli.main()\n"
        "except SystemExit:\n"
        "    print({'fastapi', 'uvicorn', 'httpx', 'pydantic'} & set(sys.modules))\n"
    )

    assert result.stdout.splitlines()[-1] == "set()"
