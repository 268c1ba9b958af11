"""Jobs of this layer and those below."""

from typing import Any

import structlog
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts import notices
from accounts.kinds import MODELS
from accounts.models import AdminUser, User
from accounts.pruning import prune
from security.choices import AccountType
from security.models import AuthAttempt
from tenants.scope import system_scope

log = structlog.get_logger(__name__)

# While the mail server is away.
RETRY = RetryStrategy(max_attempts=10, exponential_wait=5)


@app.periodic(cron="17 * * * *")
@app.task(name="accounts.prune", queueing_lock="accounts.prune", pass_context=False)
def prune_hourly(timestamp: int) -> None:
    """Delete what has outlived its use, every hour."""
    log.info("pruned", **prune())


@app.task(name="accounts.mail_registration", retry=RETRY)
def mail_registration(email: str, token: str | None) -> None:
    """Send what confirms a registration or, without a token, that the address has an account already."""
    notices.send_registration(email, token)


@app.task(name="accounts.mail_user_invitation", retry=RETRY)
def mail_user_invitation(**invited: Any) -> None:
    """Send what lets somebody accept an admin's invitation or, where the address has an account, says so."""
    # Imported here: onboarding, by way of signing in, defers jobs.
    from accounts.onboarding import mail_invitation

    log.info("user_invited", sent=mail_invitation(**invited))


@app.task(name="accounts.mail_new_device", retry=RETRY)
def mail_new_device(attempt_id: str) -> None:
    """Tell somebody that their account was used from a new device."""
    with system_scope("a notice of a new device"):
        attempt = AuthAttempt.objects.filter(pk=attempt_id).first()
        account = None if attempt is None else find_account_of(attempt)
    if attempt is not None and account is not None:
        notices.notify_of_new_device(attempt, account.name)


@app.task(name="accounts.mail_password_reset", retry=RETRY)
def mail_password_reset(email: str) -> None:
    """Send whoever has this address a token that sets a new password; nobody learns whether anybody has it."""
    # Imported here: signing in, which this stands on, defers jobs.
    from accounts.password_resets import mail_reset

    log.info("password_reset_asked_for", sent=mail_reset(email))


def find_account_of(attempt: AuthAttempt) -> AdminUser | User | None:
    """Return the account that an attempt was made on."""
    return MODELS[AccountType(attempt.account_type)].objects.filter(email=attempt.email).first()
