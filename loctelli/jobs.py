"""The jobs that look after the other jobs."""

import logging

from procrastinate import jobs
from procrastinate.contrib.django import app

logger = logging.getLogger("loctelli.jobs")

# A job that takes its worker down with it is given up after so many starts.
MAX_STARTS = 5


@app.periodic(cron="* * * * *")
@app.task(name="loctelli.retry_stalled_jobs", queueing_lock="loctelli.retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Start the jobs again whose worker died while it worked on them."""
    for job in await app.job_manager.get_stalled_jobs():
        if job.attempts + 1 >= MAX_STARTS:
            logger.error("Job %s (%s) is given up: its worker died %s times.", job.id, job.task_name, MAX_STARTS)
            await app.job_manager.finish_job(job, status=jobs.Status.FAILED, delete_job=False)
        else:
            logger.warning("Job %s (%s) is started again: its worker died.", job.id, job.task_name)
            await app.job_manager.retry_job(job)
