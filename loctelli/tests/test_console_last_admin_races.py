"""Two admins at work at once in the console leave a sub-account its admin, and the platform its super admin."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection
from django.test import Client

from accounts.choices import AdminRole, UserRole
from accounts.models import AdminUser, User
from accounts.tests.factories import AdminUserFactory, UserFactory
from loctelli.tests.console_cast import page, signed_in, text
from loctelli.tests.waiting import until_somebody_waits
from tenants.models import SubAccount
from tenants.scope import system_scope

pytestmark = pytest.mark.django_db(transaction=True)

SUPER_ADMIN = {"is_active": "on", "permissions": ""}


@pytest.fixture
def bea(cast) -> User:
    with system_scope("test"):
        cast.acme_strategy.delete()
        return UserFactory(name="Bea", sub_account=cast.acme, role=UserRole.ADMIN)


@pytest.fixture
def bo(cast) -> AdminUser:
    with system_scope("test"):
        return AdminUserFactory(name="Bo")


def at_once(*jobs: Callable) -> list:
    barrier = Barrier(len(jobs))

    def run(job: Callable):
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(run, job) for job in jobs]]


def form_of(user: User, **changes) -> dict:
    form = {
        "sub_account": user.sub_account_id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "is_active": "on",
        "booking_enabled": 1,
        "timezone": user.timezone,
    }
    return {name: value for name, value in {**form, **changes}.items() if value is not None}


def take_away(console: Client, user: User, how: str, elsewhere: SubAccount):
    url = page("accounts.user", "delete" if how == "delete" else "change", user.pk)
    changes = {
        "delete": {"post": "yes"},
        "demote": form_of(user, role="user"),
        "deactivate": form_of(user, is_active=None),
        "move": form_of(user, sub_account=elsewhere.pk),
    }
    return console.post(url, changes[how])


@pytest.mark.parametrize("how", ["demote", "deactivate", "move", "delete"])
def test_of_two_admins_taken_away_at_once_one_stays(cast, bea, bo, how):
    for _ in range(3):
        with system_scope("test"):
            for user in (cast.alice, bea):
                user.save(force_insert=not User.objects.filter(pk=user.pk).exists())
        one, other = signed_in(cast.ada), signed_in(bo)

        answers = at_once(
            lambda one=one: take_away(one, cast.alice, how, cast.globex),
            lambda other=other: take_away(other, bea, how, cast.globex),
        )

        with system_scope("test"):
            left = User.objects.filter(sub_account=cast.acme, role=UserRole.ADMIN, is_active=True).count()
        assert left == 1
        assert sorted(answer.status_code for answer in answers) == [200, 302]


def test_a_form_is_compared_with_what_is_there_when_it_is_its_turn(cast, bea, bo):
    """Bea, a user, is made admin and Alice none, while a form that has Bea as a user waits to be saved."""
    with system_scope("test"):
        User.objects.filter(pk=bea.pk).update(role=UserRole.USER)
    console, held = signed_in(bo), Event()

    def exchange() -> None:
        with system_scope("test"):
            list(SubAccount.objects.filter(pk=cast.acme.pk).select_for_update())
            held.set()
            until_somebody_waits()
            User.objects.filter(pk=bea.pk).update(role=UserRole.ADMIN)
            User.objects.filter(pk=cast.alice.pk).update(role=UserRole.USER)

    def save():
        held.wait()
        return console.post(page("accounts.user", "change", bea.pk), form_of(bea, role="user", name="Bea B."))

    _, answer = at_once(exchange, save)

    assert "is the last active admin of Acme" in text(answer)
    with system_scope("test"):
        assert User.objects.get(pk=bea.pk).role == UserRole.ADMIN


def strip(console: Client, admin: AdminUser, how: str):
    form = {"name": admin.name, "email": admin.email, **SUPER_ADMIN, "role": "super_admin"}
    if how == "demote":
        return console.post(page("accounts.adminuser", "change", admin.pk), {**form, "role": "admin"})
    if how == "deactivate":
        del form["is_active"]
        return console.post(page("accounts.adminuser", "change", admin.pk), form)
    if how == "delete several":
        chosen = {"action": "delete_selected", "_selected_action": [admin.pk], "post": "yes"}
        return console.post(page("accounts.adminuser", "changelist"), chosen)
    return console.post(page("accounts.adminuser", "delete", admin.pk), {"post": "yes"})


@pytest.mark.parametrize("how", ["demote", "deactivate", "delete", "delete several"])
def test_super_admins_who_take_each_other_s_rights_away_at_once_leave_one(db, how):
    for _ in range(3):
        with system_scope("test"):
            AdminUser.objects.update(is_active=False)
            one, other = AdminUserFactory(), AdminUserFactory()
        consoles = signed_in(one), signed_in(other)

        at_once(lambda c=consoles[0], a=other: strip(c, a, how), lambda c=consoles[1], a=one: strip(c, a, how))

        with system_scope("test"):
            left = AdminUser.objects.filter(role=AdminRole.SUPER_ADMIN, is_active=True).count()
            AdminUser.objects.filter(pk__in=[one.pk, other.pk]).update(is_active=False)
        assert left == 1


def test_rights_are_counted_once_it_is_one_s_turn(cast, bo):
    """Deterministically: Bo is demoted while his own demotion of Ada waits."""
    console, held = signed_in(bo), Event()

    def demote_bo() -> None:
        with system_scope("test"):
            list(AdminUser.objects.filter(role=AdminRole.SUPER_ADMIN).order_by("pk").select_for_update())
            held.set()
            until_somebody_waits()
            AdminUser.objects.filter(pk=bo.pk).update(role=AdminRole.ADMIN)

    def demote_ada():
        held.wait()
        return strip(console, cast.ada, "demote")

    _, answer = at_once(demote_bo, demote_ada)

    assert answer.status_code == 403
    assert "taken your rights away" in text(answer)
    with system_scope("test"):
        assert AdminUser.objects.get(pk=cast.ada.pk).is_superuser
