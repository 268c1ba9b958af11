"""Jobs of this layer."""

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from tenants import background

# Tries of what fails for a reason nobody foresaw, such as a database that went away.
TRIES = 5
RETRY = RetryStrategy(max_attempts=TRIES, exponential_wait=3)


@app.task(name=background.JOB, retry=RETRY, pass_context=True)
def run_background_action(context: JobContext, action_id: str) -> None:
    """Do an action on many rows."""
    try:
        background.run(action_id)
    except Exception as error:  # told to whoever waits for it, and raised on
        background.note_error(action_id, f"{type(error).__name__}: {error}", given_up=context.job.attempts >= TRIES)
        raise
