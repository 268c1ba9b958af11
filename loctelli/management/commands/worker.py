"""Work off the background jobs."""

import asyncio
import logging
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.psycopg_connector import PsycopgConnector

logger = logging.getLogger("loctelli.worker")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
# A run this long was a good one: the next failure starts with a short pause again.
GOOD_RUN = 60.0
GRACEFUL_SECONDS = 30.0


class Command(BaseCommand):
    help = (
        "Work off background jobs until SIGTERM or SIGINT, then finish the running ones. When PostgreSQL restarts, the "
        "worker connects anew by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, help="jobs at a time (default: 4)")

    def handle(self, *args: Any, concurrency: int, **options: Any) -> None:
        asyncio.run(_work_until_told_to_stop(concurrency))


async def _work_until_told_to_stop(concurrency: int) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    stop = asyncio.create_task(told_to_stop.wait())
    pause = FIRST_PAUSE
    while not told_to_stop.is_set():
        started = loop.time()
        run = asyncio.create_task(_work(concurrency))
        await asyncio.wait([run, stop], return_when=asyncio.FIRST_COMPLETED)
        if told_to_stop.is_set():
            # The worker finishes its running jobs first.
            run.cancel()
            await asyncio.wait([run])
            return
        reason = run.exception() or "its connection ended"
        logger.error("The worker stopped and starts again in %s s: %s", pause, reason)
        await asyncio.wait([stop], timeout=pause)
        pause = FIRST_PAUSE if loop.time() - started > GOOD_RUN else min(pause * 2, LONGEST_PAUSE)


async def _work(concurrency: int) -> None:
    """Run a worker on connections of its own, as the system role. Returns, or raises, when the connections fail."""
    parameters = await asyncio.to_thread(connection.system_connection_params)
    connector = PsycopgConnector(
        kwargs=parameters, min_size=1, max_size=concurrency + 2, timeout=5.0, reconnect_timeout=5.0
    )
    with app.replace_connector(connector):
        async with app.open_async():
            await app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACEFUL_SECONDS,
                delete_jobs="successful",
            )
