"""Jobs of closing sub-accounts."""

import structlog
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from loctelli.offboarding import closing
from tenants.scope import system_scope

log = structlog.get_logger(__name__)

RETRY = RetryStrategy(max_attempts=8, exponential_wait=3)


@app.task(name=closing.JOB, retry=RETRY, pass_context=False)
def close_sub_account(closing_id: str) -> None:
    """Close a sub-account, or go on with it."""
    try:
        closing.close(closing_id)
    except Exception as error:  # told to whoever waits for it, and raised on
        closing.note_error(closing_id, f"{type(error).__name__}: {error}")
        raise


@app.periodic(cron="37 * * * *")
@app.task(name="offboarding.prune_archives", queueing_lock="offboarding.prune_archives", pass_context=False)
def prune_archives(timestamp: int) -> None:
    """Delete the archives that were kept long enough, every hour."""
    with system_scope("pruning archives"):
        log.info("archives_pruned", archives=closing.prune_archives())
