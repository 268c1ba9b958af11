"""Jobs of this layer."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from crm.counts import KEPT_DAYS, RECENT_DAYS, count_anew
from crm.models import DailyCount
from tenants.scope import system_scope


@app.periodic(cron="*/5 * * * *")
@app.task(name="crm.count_anew", queueing_lock="crm.count_anew", pass_context=False)
def count_regularly(timestamp: int) -> None:
    """Count for the console's first page: recent days every five minutes, all that are kept once an hour."""
    with system_scope("counting for the console"):
        starts_the_hour = datetime.fromtimestamp(timestamp, UTC).minute == 0
        count_anew(days=KEPT_DAYS if starts_the_hour or not DailyCount.objects.exists() else RECENT_DAYS)
