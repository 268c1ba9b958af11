"""E-mails to people about their own accounts."""

from urllib.parse import quote

from django.conf import settings
from django.core.mail import send_mail

from security.choices import AccountType
from security.models import AuthAttempt

NEW_DEVICE = """Hello {name},

somebody signed in to your Loctelli account {email} from a device that was not seen there before:

  when    {when:%Y-%m-%d %H:%M} UTC
  where   {where}
  device  {device}

If this was you, there is nothing to do. If it was not, change your password now: that ends all other sessions.
"""
REGISTRATION = """Hello,

somebody, probably you, registered this address with Loctelli. Within a day you can confirm that with the password you
have chosen and this {what}:

{link}

If it was not you, there is nothing to do: no account is made.
"""
REGISTERED_ALREADY = """Hello,

somebody, probably you, tried to register this address with Loctelli. It has an account already: sign in, or set a new
password if you have forgotten yours. If it was not you, there is nothing to do.
"""
USER_INVITATION = """Hello,

{business} invites you to work with them on Loctelli. Within a week you can accept with a password of your choice and
this {what}:

{link}

If you don't know them, there is nothing to do: no account is made.
"""
USER_INVITATION_REGISTERED = """Hello,

{business} invites you to work with them on Loctelli, where this address has an account already. Whoever belongs to no
business yet can ask them for an invitation code and join with that account; everybody else needs another address.
"""
PASSWORD_RESET = """Hello {name},

somebody, probably you, asked to set a new password for your Loctelli account {email}. Within {minutes} minutes you can
do so once with this {what}:

{link}

If it was not you, there is nothing to do: the password stays as it is.
"""


def notify_of_new_device(attempt: AuthAttempt, name: str) -> None:
    """Tell somebody that their account was used from a device it had not been used from."""
    place = ", ".join(filter(None, (attempt.geo_location or {}).values()))
    text = NEW_DEVICE.format(
        name=name,
        email=attempt.email,
        when=attempt.created_at,
        where=f"{attempt.ip_address} ({place})" if place else attempt.ip_address,
        device=attempt.user_agent or "unknown",
    )
    where = "the console" if attempt.account_type == AccountType.ADMIN else "Loctelli"
    send_mail(f"New sign-in to {where}", text, None, [attempt.email])


def send_password_reset(email: str, name: str, token: str) -> None:
    """Send somebody what sets a new password: a link to the front end where one is configured, the bare token else."""
    template = settings.FRONTEND_PASSWORD_RESET_URL
    text = PASSWORD_RESET.format(
        name=name,
        email=email,
        minutes=settings.PASSWORD_RESET_TIMEOUT // 60,
        what="link" if template != "{token}" else "code",
        link=_link(template, token),
    )
    send_mail("Your new Loctelli password", text, None, [email])


def send_registration(email: str, token: str | None) -> None:
    """Send somebody what confirms their registration or, without a token, that they have an account already."""
    if token is None:
        send_mail("You have a Loctelli account", REGISTERED_ALREADY, None, [email])
        return
    template = settings.FRONTEND_REGISTRATION_URL
    text = REGISTRATION.format(what="link" if template != "{token}" else "code", link=_link(template, token))
    send_mail("Confirm your registration", text, None, [email])


def send_user_invitation(email: str, business: str, token: str | None) -> None:
    """Send somebody a sub-account's invitation or, without a token, that it came and they have an account already."""
    # One line of it, whatever a sub-account calls itself.
    business = " ".join(business.split())[:100]
    template = settings.FRONTEND_REGISTRATION_URL
    if token is None:
        text = USER_INVITATION_REGISTERED.format(business=business)
    else:
        what = "link" if template != "{token}" else "code"
        text = USER_INVITATION.format(business=business, what=what, link=_link(template, token))
    send_mail("You are invited to Loctelli", text, None, [email])


def _link(template: str, token: str) -> str:
    """Return what a mail says to follow: a page of the front end's, or the bare token to type in."""
    return token if template == "{token}" else template.replace("{token}", quote(token, safe=""))
