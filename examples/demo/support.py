"""The work: tickets, and the shop's tools for them. Nothing in here knows of billing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

INSTRUCTIONS = (
    "You work in the support of a small shop. Look the order up, help, and answer in one or two "
    "sentences. When the customer's wish is fulfilled, log the outcome ticket_resolved with the "
    "ticket's id as its subject."
)


class Ticket(BaseModel):
    """What a customer wrote."""

    id: str
    customer: str
    text: str

    @property
    def prompt(self) -> str:
        """What the agent is asked."""
        return f"Ticket {self.id} from {self.customer}: {self.text}"


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent did with a ticket: the tools it called, and what it answered."""

    ticket: Ticket
    calls: tuple[str, ...]
    answer: str


class _Shop(BaseModel):
    tickets: list[Ticket]
    orders: dict[str, str]


_SHOP = _Shop.model_validate_json(Path(__file__).with_name("tickets.json").read_bytes())

TICKETS = {ticket.id: ticket for ticket in _SHOP.tickets}


def look_up_order(order_id: str) -> str:
    """Look up what is known about an order."""
    return _SHOP.orders.get(order_id, "There is no such order.")


def start_return(order_id: str) -> str:
    """Start the return of an order: the customer gets a label by mail."""
    if order_id not in _SHOP.orders:
        return "There is no such order."
    return f"The return of order {order_id} is started, its label is sent."
