"""`keito courier`: delivers what others record, as a service."""

from __future__ import annotations

import os
import signal
import time
from decimal import Decimal

import pytest

from tests.cli.conftest import World
from tests.cli.processes import running
from tests.sandbox.waiting import eventually

OUR_PRICES = """
from keito.billing import FixedPrices, Price

PRICES = FixedPrices({"gpt-4o-mini": Price(input=1, output=2)}, name="ours")
"""
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in another way")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_delivers_what_a_process_without_a_key_records(
    world: World, number: signal.Signals
) -> None:
    with running("courier", env=world.env) as courier:
        courier.said(f"delivering {world.path} to {world.local.base_url}")
        world.record(api_key="")
        assert eventually(
            lambda: world.read("outbox", "status")["records"] == {"DONE": 2}, within=30
        )

        code, complaints = courier.end(number)

    assert (code, complaints) == (0, "")
    assert "stopped: 2 delivered, 0 left\n" in courier.lines


def test_it_ends_soon_while_keito_does_not_answer(world: World) -> None:
    world.local.faults.hang(times=None)
    world.record()
    with running("courier", "--grace", "0.5", env=world.env) as courier:
        courier.said("delivering")
        assert eventually(lambda: len(world.local.requests("POST")) > 0, within=30)

        began = time.monotonic()
        code, _ = courier.end(signal.SIGTERM)

    assert code == 0
    assert time.monotonic() - began < 15
    assert world.read("outbox", "status")["records"] == {"READY": 1, "SENDING": 1}


def test_once_ends_when_nothing_is_left(world: World) -> None:
    world.record()

    assert world.read("courier", "--once") == {
        "delivered": 2, "left": 0, "ambiguous": 0, "holds": [], "last_error": None,
        "interrupted": False,
    }  # fmt: skip


def test_it_prices_as_the_recorders_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.path.parent / "our_prices.py").write_text(OUR_PRICES)
    monkeypatch.chdir(world.path.parent)
    world.record()

    world.said("courier", "--once", "--prices", "our_prices:PRICES")

    said = next(e["metadata"] for e in world.local.entries() if "cost_usd" in e["metadata"])
    assert (said["cost_usd"], said["cost_source"]) == (Decimal("0.0018"), "ours")


@pytest.mark.parametrize(
    "name", ["", "prices", "no_such_module:PRICES", "os:NO_SUCH", "os:sep", ":x"]
)
def test_prices_that_are_none_are_refused(world: World, name: str) -> None:
    assert world.keito("courier", "--once", "--prices", name).exit_code == 2


def test_once_says_what_is_left(world: World) -> None:
    world.record()
    with world.local.outage():
        said = world.said("courier", "--once", "--timeout", "1", code=3)

    assert said.startswith("0 delivered, 2 left; last error: not sent, ConnectError")


def test_it_delivers_for_several_keys(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_API_KEY_NIGHT_SHIFT", world.local.key("agent"))
    world.record()
    world.record(credential="night-shift", api_key=world.local.key("agent"))

    said = world.said("courier", "--once", "--credential", "default", "--credential", "night-shift")

    assert said == "4 delivered, 0 left\n"
    assert {entry["user_id"] for entry in world.local.entries()} == {"usr_ada", "usr_agent"}


def test_without_a_key_it_says_what_to_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEITO_API_KEY")

    assert "KEITO_API_KEY" in world.refused("courier")
