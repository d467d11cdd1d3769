# Generated from keito/_async/sender.py: change that, then run `make fix`.
"""Sending a request until it has succeeded or may not be repeated."""

from __future__ import annotations

from dataclasses import replace
from time import sleep
from typing import Any, TypeVar, cast

from .._answers import read
from .._config import Config
from .._errors import KeitoApiError
from .._keys import new_key, search_for, with_this_key
from .._pages import following
from .._request import Request
from .._retry import Call, Found, LookUp, Policy, Raise, Return, verdict
from .._transport import Answer, Transport
from ..types._arguments import given
from ..types.page import Rows
from ..types.request_options import RequestOptions

T = TypeVar("T")


class Sender:
    """Sends requests, repeating them where that is safe."""

    def __init__(self, config: Config, transport: Transport) -> None:
        self.policy = Policy(max_retries=config.max_retries)
        self.new_key = new_key
        self._config = config
        self._transport = transport

    def send(self, request: Request[T], options: RequestOptions | None = None) -> T:
        """Send a request and read its answer.

        Raises:
            KeitoError: It failed for good, or must not be repeated.
        """
        chosen, policy = self._chosen(options) if options else ({}, self.policy)
        call = Call(request, policy, self._config)
        while True:
            step = call.after(self._transport.exchange(request, **cast("Any", chosen)))
            while isinstance(step, LookUp):
                sleep(step.delay)
                step = call.after_look_up(self._look_up(request, chosen))
            if isinstance(step, Return):
                return step.value
            if isinstance(step, Raise):
                raise step.error
            sleep(step.delay)

    def _chosen(self, options: RequestOptions) -> tuple[dict[str, object], Policy]:
        chosen = given(RequestOptions, **options)
        retries = cast("int", chosen.pop("max_retries", self.policy.max_retries))
        return chosen, replace(self.policy, max_retries=retries)

    def _look_up(self, request: Request[T], chosen: dict[str, object]) -> Found[T]:
        search: Request[Rows[Any]] | None = search_for(cast("Any", request))
        read_so_far = promised = 0
        while search is not None:
            outcome = self._transport.exchange(search, **cast("Any", chosen))
            if verdict(outcome) != "done" or not isinstance(outcome, Answer):
                return Found(None, complete=False)
            try:
                rows = read(outcome, search, self._config)
            except KeitoApiError:
                return Found(None, complete=False)
            found = with_this_key(rows, request.key)
            if found is not None:
                return Found(found, complete=True)
            read_so_far += len(rows.data)
            promised = max(promised, rows.total_entries or 0)
            search = following(search, rows)
        # A record deleted meanwhile moves the others up, perhaps ours to a page already read.
        return Found(None, complete=read_so_far >= promised)
