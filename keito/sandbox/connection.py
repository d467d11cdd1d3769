"""The TCP connection below a request, for the faults that HTTP can't express.

ASGI has no way to end a connection without an answer. uvicorn's `send` is a method of the object
that owns the transport (in its h11 and its httptools protocol alike), and that is used here only.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Send


def drop(send: Send) -> None:
    """End the connection at once, with nothing more sent."""
    transport(send).abort()


def hang_up(send: Send) -> None:
    """End the connection after what was written has left."""
    transport(send).close()


def transport(send: Send) -> asyncio.Transport:
    """The transport that `send` writes to.

    Raises:
        RuntimeError: The app is served by something other than uvicorn.
    """
    found = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(found, asyncio.Transport):
        raise RuntimeError("only uvicorn gives a fault the connection it needs to cut")
    return found


async def until_gone(receive: Receive) -> None:
    """Wait until the client is gone; whatever it still sends is ignored."""
    while (await receive())["type"] != "http.disconnect":
        pass
