"""A wire to the database that counts the round trips over it and, when asked, slows each of them down."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator


class Link:
    """Relays TCP connections to a server; a context manager. `round_trips` counts, over all connections, how often
    somebody had to wait for the server: each time bytes are sent after bytes have come.
    """

    def __init__(self, host: str, port: int, *, delay: float = 0) -> None:
        self.server = (host, port)
        self.delay = delay
        self.round_trips = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Link":
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._relay, "127.0.0.1", 0), self._loop)
        self._listener = listening.result()
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._listener.close()
        relays = asyncio.all_tasks() - {asyncio.current_task()}
        for task in relays:
            task.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waits = True

        async def send() -> None:
            nonlocal waits
            async with _closing(there):
                while sent := await reader.read(65536):
                    self.round_trips += not waits
                    waits = True
                    there.write(sent)

        async def receive() -> None:
            nonlocal waits
            async with _closing(writer):
                while (received := await arrived.get()) is not None:
                    due, answer = received
                    await asyncio.sleep(due - self._loop.time())
                    waits = False
                    writer.write(answer)

        async def read() -> None:
            while answer := await back.read(65536):
                arrived.put_nowait((self._loop.time() + self.delay, answer))
            arrived.put_nowait(None)

        back, there = await asyncio.open_connection(*self.server)
        arrived: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        # Cancelled at the end of the link.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(send(), receive(), read(), return_exceptions=True)


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
