"""Delivery made worse than it is, to see that the audit tells."""

from __future__ import annotations

import dataclasses
import random
from typing import Any


def sabotage(outbox: type[Any], how: str) -> None:
    """Spoil an outbox in this process.

    Args:
        outbox: Its class.
        how: `again`: what may have arrived is sent again at once. `forget`: a record in ten is
            never stored. Empty: nothing is spoiled.
    """
    if how == "again":
        _send_again(outbox)
    elif how == "forget":
        _forget(outbox)


def _send_again(outbox: type[Any]) -> None:
    change_as_it_should = outbox.change

    def change(itself: object, record: Any, change: Any) -> Any:
        if change.state == "AMBIGUOUS":
            change = dataclasses.replace(change, state="READY")
        return change_as_it_should(itself, record, change)

    outbox.change = change


def _forget(outbox: type[Any]) -> None:
    file_as_it_should = outbox.file

    def file(itself: object, records: Any, **rest: Any) -> Any:
        kept = [record for record in records if random.random() < 0.9]
        return file_as_it_should(itself, kept, **rest)

    outbox.file = file
