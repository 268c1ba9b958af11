"""Jobs of this layer and those below."""

import structlog
from procrastinate.contrib.django import app

from accounts.pruning import prune

log = structlog.get_logger(__name__)


@app.periodic(cron="17 * * * *")
@app.task(name="accounts.prune", queueing_lock="accounts.prune", pass_context=False)
def prune_hourly(timestamp: int) -> None:
    """Delete what has outlived its use, every hour."""
    log.info("pruned", **prune())
