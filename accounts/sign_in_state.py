"""Why somebody can or can't sign in, in words for whoever is asked to help."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.kinds import kind_of
from accounts.models import User
from security.models import AccountLockout


def reasons_against_signing_in(account: Any) -> list[str]:
    """Return what keeps somebody from signing in now, in the bound system scope; [] when nothing does."""
    reasons = []
    if not account.is_active:
        reasons.append(_("The account is deactivated."))
    if isinstance(account, User) and not account.sub_account.is_active:
        reasons.append(_("The sub-account %(name)s is deactivated.") % {"name": account.sub_account})
    if not account.has_usable_password():
        reasons.append(_("No password is set."))
    lockout = AccountLockout.objects.filter(email=account.email, account_type=kind_of(account)).first()
    if lockout is not None and lockout.locked_until is not None and lockout.locked_until > timezone.now():
        words = ngettext(
            "Locked until %(until)s UTC after %(count)d failed try, except on devices it is known on.",
            "Locked until %(until)s UTC after %(count)d failed tries, except on devices it is known on.",
            lockout.failed_attempts,
        )
        reasons.append(words % {"until": f"{lockout.locked_until:%Y-%m-%d %H:%M}", "count": lockout.failed_attempts})
    return reasons
