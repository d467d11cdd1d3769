"""Where a client finds its settings, and which it refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from keito import AsyncKeito, Keito, KeitoConfigError

CLIENTS = [Keito, AsyncKeito]


@pytest.mark.parametrize("client", CLIENTS)
def test_settings_come_from_the_environment(
    client: type[Keito] | type[AsyncKeito], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_API_KEY", "kto_env")
    monkeypatch.setenv("KEITO_ACCOUNT_ID", "acc_env")
    monkeypatch.setenv("KEITO_BASE_URL", "https://keito.example/")

    keito = client()

    assert repr(keito) == f"<{client.__name__} acc_env at https://keito.example>"


def test_arguments_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_ACCOUNT_ID", "acc_env")

    with Keito("kto_1", "acc_argument") as keito:
        assert repr(keito) == "<Keito acc_argument at https://app.keito.io>"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"account_id": "acc_1"}, "no API key: pass api_key= or set KEITO_API_KEY"),
        ({"api_key": "kto_1"}, "no account id: pass account_id= or set KEITO_ACCOUNT_ID"),
        ({"api_key": " ", "account_id": "acc_1"}, "no API key"),
        ({"api_key": "kto_1\r\nX: y", "account_id": "acc_1"}, "holds characters"),
        ({"api_key": "kto_1", "account_id": "acc 1"}, "holds characters"),
    ],
    ids=str,
)
def test_a_missing_or_impossible_identity_is_refused(
    client: type[Keito] | type[AsyncKeito], given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(KeitoConfigError, match=complaint):
        client(**given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("base_url", "complaint"),
    [
        ("http://keito.example", "unencrypted to keito.example"),
        ("http://10.0.0.1:8080", "unencrypted"),
        ("http://localhost.example", "unencrypted"),
        ("ftp://keito.example", "must look like"),
        ("keito.example", "must look like"),
        ("https://", "must look like"),
        ("https://keito..example", "must look like"),
        (f"https://{'k' * 64}.example", "must look like"),
        ("http://[::1", "must look like"),
        ("https://999.1.1.1", "must look like"),
        ("https://keito.example:99999", "must look like"),
        ("https://user:pass@keito.example", "takes a scheme"),
        ("https://keito.example?x=1", "takes a scheme"),
    ],
)
def test_an_address_that_must_not_be_used_is_refused(base_url: str, complaint: str) -> None:
    with pytest.raises(KeitoConfigError, match=complaint):
        Keito("kto_1", "acc_1", base_url)


@pytest.mark.parametrize(
    "base_url",
    ["http://localhost:4010", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:4010"],
)
def test_this_machine_may_be_reached_in_plain_http(base_url: str) -> None:
    with Keito("kto_sandbox_admin", "acc_1", base_url) as keito:
        assert base_url in repr(keito)


def test_a_sandbox_key_is_not_sent_elsewhere() -> None:
    with pytest.raises(KeitoConfigError, match="kto_sandbox_ key is for a local Keito"):
        Keito("kto_sandbox_admin", "acc_1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"timeout": "30"},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"timeout": True},
        {"max_retries": -1},
        {"max_retries": 1.5},
    ],
    ids=str,
)
def test_impossible_patience_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(KeitoConfigError, match=next(iter(wrong))):
        Keito("kto_1", "acc_1", **wrong)


def test_an_http_client_of_the_wrong_kind_is_refused() -> None:
    wrong: Any = httpx.AsyncClient()

    with pytest.raises(KeitoConfigError, match=r"httpx\.Client, not AsyncClient"):
        Keito("kto_1", "acc_1", http_client=wrong)


def test_a_test_run_that_allows_only_this_machine_reaches_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEITO_ONLY_LOOPBACK", "1")

    with Keito("kto_1", "acc_1") as keito, pytest.raises(KeitoConfigError, match="--keito-live"):
        keito.users.me()


def test_no_proxy_of_the_environment_sees_a_plain_loopback_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:8080")

    with Keito("kto_1", "acc_1", "http://127.0.0.1:4010") as keito:
        assert keito._transport._http.trust_env is False
