"""A sandbox served on a loopback port, from a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from contextlib import suppress

import uvicorn

from .sandbox import Sandbox

HOST = "127.0.0.1"
# Rounds of the loop in which a connection that was being accepted would show.
_ROUNDS = 5
_PATIENCE = 10.0


class Outage:
    """A time in which connections are refused; as a context manager it ends with the block."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> Outage:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Take connections again, on the same port; returns when it is so."""
        self._server.resume()


class Server:
    """Serves a sandbox until it is stopped. Start and stop it from any thread."""

    def __init__(self, sandbox: Sandbox, *, port: int = 0) -> None:
        self._sandbox = sandbox
        self._port = port
        self._up = threading.Event()
        self._down = threading.Event()
        self._stopping = False
        self._failure: BaseException | None = None

    @property
    def base_url(self) -> str:
        """Where the sandbox is."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Serve; returns when connections are taken.

        Raises:
            OSError: The port is taken.
        """
        self._socket = _bound(self._port)
        self._port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="keito-sandbox", daemon=True)
        self._thread.start()
        self._wait_for(self._up)

    def stop(self) -> None:
        """Cut every connection and stop; returns when the port is free."""
        self._stopping = True
        self._tell(self._cut)
        self._tell(self._resumed)
        self._thread.join(_PATIENCE)
        self._sandbox.account.close()

    def outage(self, seconds: float | None = None) -> Outage:
        """Refuse connections from now on, for some seconds or until the outage is ended.

        Connections that are open are cut. Returns when connections are refused.
        """
        self._down.clear()
        self._loop.call_soon_threadsafe(self._interrupt, seconds)
        self._wait_for(self._down)
        return Outage(self)

    def resume(self) -> None:
        """End an outage; returns when connections are taken."""
        self._tell(self._resumed)
        self._wait_for(self._up)

    def reset(self) -> None:
        """Take the sandbox back to how it started; returns when it is so."""
        done = threading.Event()

        def reset() -> None:
            self._sandbox.account.reset()
            done.set()

        self._loop.call_soon_threadsafe(reset)
        self._wait_for(done)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # handed to the thread that waits
            self._failure = error
            raise
        finally:
            self._up.set()
            self._down.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._cut, self._resumed = asyncio.Event(), asyncio.Event()
        self._sandbox.account.interrupt = self._interrupt
        while not self._stopping:
            self._cut.clear()
            self._resumed.clear()
            await self._serve_until_cut()
            if self._stopping:
                return
            await self._stay_down()

    async def _serve_until_cut(self) -> None:
        server = _Uvicorn(_config(self._sandbox), self._up)
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        await asyncio.wait(
            {serving, cut := asyncio.create_task(self._cut.wait())},
            return_when=asyncio.FIRST_COMPLETED,
        )
        cut.cancel()
        self._up.clear()
        await self._close(server)
        serving.cancel()
        await asyncio.wait({serving})

    async def _close(self, server: uvicorn.Server) -> None:
        # uvicorn's own shutdown lets requests finish, and takes 0.2 s; an outage does neither.
        for listener in server.servers:
            _take_no_more(listener)
        self._sandbox.account.release()
        await self._abort_all(server)
        for listener in server.servers:
            listener.close()
        if server.server_state.tasks:
            await asyncio.wait(set(server.server_state.tasks), timeout=1.0)

    async def _abort_all(self, server: uvicorn.Server) -> None:
        # What was just being accepted shows some rounds of the loop later, and what is cut is gone
        # a round later: the loop must not end before.
        rounds = 0
        while rounds < _ROUNDS:
            open_now = list(server.server_state.connections)
            for protocol in open_now:
                if protocol.transport:
                    protocol.transport.abort()
            rounds = 0 if open_now else rounds + 1
            await asyncio.sleep(0)

    async def _stay_down(self) -> None:
        # Bound and not listening: connections are refused, and nobody else can take the port.
        self._socket = _bound(self._port)
        self._down.set()
        resumed = asyncio.create_task(self._resumed.wait())
        await asyncio.wait({resumed}, timeout=self._outage_seconds)
        resumed.cancel()
        if self._stopping:
            self._socket.close()

    def _interrupt(self, seconds: float | None) -> None:
        self._outage_seconds = seconds
        self._cut.set()

    def _tell(self, event: asyncio.Event) -> None:
        # The server may end between a look whether it is alive and the call.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(event.set)

    def _wait_for(self, event: threading.Event) -> None:
        if not event.wait(_PATIENCE):
            raise RuntimeError("the sandbox's server does not react")
        if self._failure:
            raise RuntimeError("the sandbox's server failed") from self._failure


def _take_no_more(listener: asyncio.Server) -> None:
    # Closed at once, asyncio would forget the connections that it is just accepting, and their
    # sockets would stay open until they are garbage.
    loop = asyncio.get_running_loop()
    for taking in listener.sockets:
        with suppress(NotImplementedError):  # on Windows, loops have no readers
            loop.remove_reader(taking.fileno())


class _Uvicorn(uvicorn.Server):
    """Says when it takes connections, so that nobody has to ask again and again."""

    def __init__(self, config: uvicorn.Config, up: threading.Event) -> None:
        super().__init__(config)
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()


def _bound(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off (40 ms an answer) only where the protocol is named.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows the option would let two servers share the port.
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=60,
    )
