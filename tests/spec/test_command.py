"""`make spec`: what it prints, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.spec.__main__ import main
from tests.spec.table import load

DESCRIPTION = {
    "openapi": "3.0.3",
    "paths": {
        "/users/me": {
            "get": {
                "operationId": "me",
                "parameters": [{"name": "deep", "in": "query", "schema": {"type": "boolean"}}],
                "responses": {"204": {"description": "nothing"}},
            }
        }
    },
}


class Served(BaseHTTPRequestHandler):
    """One description at /spec, nothing elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/spec" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(DESCRIPTION).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests' output is for the tests."""


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Served) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(DESCRIPTION))
    return path


@pytest.fixture
def table(tmp_path: Path, spec: Path) -> Path:
    """A table that was made from the description."""
    path = tmp_path / "table.json"
    main([str(spec), "--table", str(path)])
    return path


def changed(spec: Path, old: str, new: str) -> None:
    spec.write_text(spec.read_text().replace(old, new))


def test_the_first_table_has_every_row_of_the_description(table: Path) -> None:
    assert load(table) == {
        "GET /users/me": {
            "204": {"type": "nothing"},
            "operation": {"id": "me"},
            "query.deep": {"type": "boolean"},
        }
    }


def test_an_unchanged_description_has_no_drift(
    spec: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = table.read_bytes()
    capsys.readouterr()

    code = main([str(spec), "--table", str(table), "--check"])

    assert (code, capsys.readouterr().out) == (0, "no drift\n")
    assert table.read_bytes() == before


def test_each_changed_row_is_printed_and_taken_over(
    spec: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(spec, '"boolean"', '"string"')
    changed(spec, '"204"', '"200"')
    capsys.readouterr()

    code = main([str(spec), "--table", str(table)])

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "- GET /users/me 204: type=nothing",
        "+ GET /users/me 200: type=nothing",
        "~ GET /users/me query.deep: type=boolean -> type=string",
    ]
    assert load(table)["GET /users/me"]["query.deep"] == {"type": "string"}


def test_check_fails_on_a_changed_row_and_changes_nothing(
    spec: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = table.read_bytes()
    changed(spec, '"boolean"', '"string"')
    capsys.readouterr()

    code = main([str(spec), "--table", str(table), "--check"])

    assert code == 1
    assert "query.deep: type=boolean -> type=string" in capsys.readouterr().out
    assert table.read_bytes() == before


def test_a_description_is_read_from_a_url(
    site: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    code = main([f"{site}/spec", "--table", str(table), "--check"])

    assert (code, capsys.readouterr().out) == (0, "no drift\n")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, "say which description to read: make spec SPEC=path-or-url"),
        ("{tmp}/absent.yaml", "absent.yaml can't be read: No such file or directory"),
        ("{tmp}", "can't be read: Is a directory"),
        ("{tmp}/binary", "can't be read: not UTF-8 text"),
        ("{tmp}/words", "is not an OpenAPI description"),
        ("{tmp}/unresolved.json", "GET /a 200: #/gone is not in the document"),
        ("{site}/elsewhere", "/elsewhere answered 404"),
        ("http://127.0.0.1:1/spec", "http://127.0.0.1:1/spec can't be reached"),
        ("http://[", "can't be reached"),
    ],
)
def test_a_description_that_cant_be_read_leaves_the_table_untouched(
    source: str | None,
    told: str,
    site: str,
    tmp_path: Path,
    table: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = table.read_bytes()
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "words").write_text("hello")
    broken = {"200": {"content": {"application/json": {"schema": {"$ref": "#/gone"}}}}}
    (tmp_path / "unresolved.json").write_text(
        json.dumps({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": broken}}}})
    )
    capsys.readouterr()

    code = main(
        [*([source.format(tmp=tmp_path, site=site)] if source else []), "--table", str(table)]
    )

    said = capsys.readouterr()
    assert (code, said.out, len(said.err.splitlines())) == (2, "", 1)
    assert told in said.err
    assert table.read_bytes() == before
