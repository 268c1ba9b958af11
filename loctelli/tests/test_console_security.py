"""What signing in leaves behind, in the console: lockouts, attempts, sessions, invitations."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import refresh_tokens
from accounts.devices import Client as Device
from accounts.models import User
from accounts.signing_in import sign_in
from accounts.tests.factories import PASSWORD, AdminUserFactory
from loctelli.tests.console_cast import act, limited_admin, page, signed_in, text
from security.choices import AccountType
from security.models import AccountLockout, AuthAttempt, KnownDevice, RefreshToken
from tenants.scope import system_scope

# Lockouts and attempts


def test_unlocking_lets_the_owner_in_from_every_device(cast, console, ada):
    alice = cast.alice
    known = sign_in(AccountType.USER, alice.email, password=PASSWORD, client=Device("192.0.2.1", "x")).device_token
    with system_scope("test"):
        until = timezone.now() + timedelta(hours=1)
        KnownDevice.objects.update(failed_attempts=9, locked_until=until)
        lockout = AccountLockout.objects.get(email=alice.email)
        AccountLockout.objects.update(failed_attempts=9, locked_until=until)

    done = act(console, "security.accountlockout", "unlock", lockout)

    assert "1 account unlocked" in text(done)
    for token in (known, None):
        client = Device("192.0.2.1", "x", token)
        assert sign_in(AccountType.USER, alice.email, password=PASSWORD, client=client).account == alice


def test_a_lockout_leads_to_the_attempts_on_its_account(rows, console):
    shown = console.get(page("security.accountlockout", "change", rows.acme.lockout.pk)).content.decode()

    assert f"{page('security.authattempt', 'changelist')}?q=acme%40x.example" in shown


def test_an_accounts_page_leads_to_its_attempts_and_sessions(cast, console):
    shown = [
        console.get(page(label, "change", account.pk)).content.decode()
        for label, account in (("accounts.user", cast.alice), ("accounts.adminuser", cast.ada))
    ]

    for label in ("security.authattempt", "security.refreshtoken"):
        url = page(label, "changelist")
        assert [f"{url}?q=alice%40acme.example" in shown[0], f"{url}?q=ada%40loctelli.example" in shown[1]] == [
            True
        ] * 2


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("", {"a@x.example", "b@x.example"}),
        ("?q=a@x.example", {"a@x.example"}),
        ("?q=203.0.113.2", {"b@x.example"}),
        ("?success__exact=1", {"b@x.example"}),
        ("?failure_reason__exact=account_locked", {"a@x.example"}),
    ],
)
def test_attempts_are_filtered_by_account_address_and_success(tail, expected, cast, console):
    with system_scope("test"):
        for email, address, reason in (
            ("a@x.example", "203.0.113.1", "account_locked"),
            ("b@x.example", "203.0.113.2", None),
        ):
            AuthAttempt.objects.create(
                email=email, account_type="user", success=reason is None, failure_reason=reason, ip_address=address
            )

    response = console.get(page("security.authattempt", "changelist") + tail)

    assert {attempt.email for attempt in response.context["cl"].result_list} == expected


# Sessions of users


@pytest.fixture
def session(alice):
    """A session of Alice's over the API."""
    return refresh_tokens.issue(AccountType.USER, alice, client=Device("203.0.113.5", "Netscape 4"))


def is_alive(session) -> bool:
    with system_scope("test"):
        return RefreshToken.objects.live().filter(family=session.family).exists()


def test_a_users_session_is_listed_by_address_of_its_account_and_ended(cast, console, session):
    url = page("security.refreshtoken", "changelist")
    listed = [text(console.get(url + tail)) for tail in ("", "?q=alice@acme", "?q=mallory")]
    with system_scope("test"):
        row = RefreshToken.objects.get(family=session.family)

    done = act(console, "security.refreshtoken", "end_sessions", row)

    assert ["Netscape 4" in said for said in listed] == [True, True, False]
    assert "alice@acme.example" in listed[0]
    assert "1 session ended" in text(done)
    assert not is_alive(session)


def test_ending_by_a_renewed_token_ends_its_session(cast, console, session):
    renewed = refresh_tokens.rotate(session.refresh_token, client=Device("203.0.113.5", "x"))
    with system_scope("test"):
        old = RefreshToken.objects.get(pk=session.family)

    act(console, "security.refreshtoken", "end_sessions", old)

    assert not is_alive(renewed)


def test_all_sessions_of_an_account_are_ended_from_its_page(cast, console, alice, mallory, session):
    other = refresh_tokens.issue(AccountType.USER, mallory, client=Device("203.0.113.5", "x"))

    done = act(console, "accounts.user", "end_sessions", alice)

    assert "The sessions of 1 account were ended" in text(done)
    assert (is_alive(session), is_alive(other)) == (False, True)


def test_an_admins_console_sessions_end_from_its_page(console, ada):
    with system_scope("test"):
        bo = AdminUserFactory()
    theirs = signed_in(bo)

    act(console, "accounts.adminuser", "end_sessions", bo)

    assert theirs.get(reverse("console:index")).status_code == 302


def test_a_required_password_change_comes_first_for_users_and_admins(cast, console, alice):
    with system_scope("test"):
        bo = AdminUserFactory()
    theirs = signed_in(bo)

    act(console, "accounts.user", "require_password_change", alice, cast.system)
    act(console, "accounts.adminuser", "require_password_change", bo)

    with system_scope("test"):
        required = dict(User.objects.values_list("name", "password_change_required_at"))
    assert required["Alice"] is not None
    assert required["System"] is required["Mallory"] is None
    assert theirs.get(reverse("console:index")).url == reverse("console:password_change")


@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("accounts.user", "end_sessions"),
        ("accounts.user", "require_password_change"),
        ("security.refreshtoken", "end_sessions"),
        ("security.consolesession", "end_sessions"),
        ("security.accountlockout", "unlock"),
        ("security.securityincident", "resolve"),
        ("tenants.subaccountinvitation", "revoke"),
    ],
)
def test_an_action_is_only_offered_to_those_who_may(label, action, rows):
    app, model = label.split(".")
    seen = []
    for permission in (f"{app}.view_{model}", f"{app}.change_{model}"):
        granted = [permission, f"{app}.view_{model}"]
        seen.append(
            f'value="{action}"' in signed_in(limited_admin(*granted)).get(page(label, "changelist")).content.decode()
        )

    assert seen == [False, True]


# Invitations


def test_an_invitation_shows_its_code_once_and_is_revoked(cast, console):
    made = console.post(page("tenants.subaccountinvitation", "add"), {"sub_account": cast.acme.pk, "is_active": "on"})
    invitation, code = made.context["invitation"], made.context["code"]
    shown = console.get(page("tenants.subaccountinvitation", "change", invitation.pk)).content.decode()

    done = act(console, "tenants.subaccountinvitation", "revoke", invitation)

    assert code in text(made)
    assert code not in shown
    assert "1 invitation revoked" in text(done)
    with system_scope("test"):
        invitation.refresh_from_db()
    assert not invitation.is_active


def test_signed_out_admins_see_nothing_of_it(rows):
    for label in ("security.securityincident", "security.refreshtoken", "security.consolesession"):
        assert Client().get(page(label, "changelist")).status_code == 302


def test_ones_own_password_cannot_be_guessed_from_an_open_session(cast, ada, settings):
    settings.PASSWORD_THROTTLE = "2/3600"
    client, url = signed_in(ada), reverse("console:password_change")
    new = {"new_password1": "a staple of nine batteries", "new_password2": "a staple of nine batteries"}

    wrong = [client.post(url, {"old_password": "guessed", **new}) for _ in range(2)]
    right = client.post(url, {"old_password": PASSWORD, **new})

    assert all("entered incorrectly" in text(answer) for answer in wrong)
    assert "Too many requests" in text(right)
    with system_scope("test"):
        ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
