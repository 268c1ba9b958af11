"""A closing is cancelled as long as nothing is removed: by whoever may close, whatever the worker does meanwhile."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from accounts.signing_in import sign_in
from accounts.tests.factories import PASSWORD
from crm.tests.factories import LeadFactory
from loctelli.offboarding import archive, closing
from loctelli.offboarding.models import ArchivePart, Closing
from loctelli.tests.console_cast import fill, limited_admin, page, signed_in, text
from security.choices import AccountType
from tenants.models import SubAccount
from tenants.scope import system_scope


class Device:
    address, user_agent, device_token = "203.0.113.5", "x", None


@pytest.fixture
def begun(cast, monkeypatch):
    monkeypatch.setattr(archive, "ROWS_A_PART", 2)
    fill(cast)
    with system_scope("test"):
        LeadFactory.create_batch(4, strategy=cast.acme_strategy)
        return closing.start_closing(cast.acme, by=cast.ada)


def address(name, begun):
    return reverse(f"console:offboarding_closing_{name}", args=[begun.pk])


def what_there_is(cast):
    with system_scope("test"):
        acme = SubAccount.objects.filter(pk=cast.acme.pk).first()
        return (acme and acme.is_active, Closing.objects.filter(sub_account_number=cast.acme.pk).count())


def until_something_is_removed(begun):
    with system_scope("test"):
        row = Closing.objects.get(pk=begun.pk)
    while row.is_cancellable:
        closing.step(begun.pk)
        with system_scope("test"):
            row.refresh_from_db()


def test_its_page_offers_it_and_everything_is_as_it_was(begun, cast):
    closing.step(begun.pk)
    console = signed_in(cast.ada)
    offered = console.get(page("offboarding.closing", "change", begun.pk)).content.decode()

    done = console.post(address("cancel", begun), follow=True)

    assert address("cancel", begun) in offered
    assert "The closing of Acme is cancelled" in text(done)
    assert what_there_is(cast) == (True, 0)
    with system_scope("test"):
        assert not ArchivePart.objects.filter(closing_id=begun.pk).exists()
    assert sign_in(AccountType.USER, cast.alice.email, password=PASSWORD, client=Device)
    assert console.get(address("progress", begun)).status_code == 404


def test_who_cancelled_stands_in_the_history_of_the_sub_account(begun, cast):
    console = signed_in(cast.ada)

    console.post(address("cancel", begun))

    assert "Active No → Yes" in text(console.get(page("tenants.subaccount", "history", cast.acme.pk)))


def test_what_was_inactive_before_stays_so(cast):
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(is_active=False)
        begun = closing.start_closing(cast.acme, by=cast.ada)
        closing.cancel_closing(begun)

    assert what_there_is(cast) == (False, 0)


def test_it_can_be_closed_again_afterwards(begun, cast):
    with system_scope("test"):
        closing.cancel_closing(begun)
        again = closing.start_closing(cast.acme, by=cast.ada)
    closing.close(again.pk)

    assert what_there_is(cast) == (None, 1)


def test_once_something_is_removed_it_is_too_late(begun, cast):
    until_something_is_removed(begun)
    console = signed_in(cast.ada)

    offered = console.get(page("offboarding.closing", "change", begun.pk)).content.decode()
    refused = console.post(address("cancel", begun))

    assert address("cancel", begun) not in offered
    assert (refused.status_code, "its removal has begun" in text(refused)) == (409, True)
    assert what_there_is(cast) == (False, 1)


def test_a_second_round_of_archiving_does_not_bring_back_what_is_removed(begun, cast):
    until_something_is_removed(begun)
    with system_scope("test"):
        Closing.objects.filter(pk=begun.pk).update(status="exporting", round=1)

        with pytest.raises(closing.RemovalBegun):
            closing.cancel_closing(begun)


def test_whoever_may_not_close_may_not_cancel_and_a_look_cancels_nothing(begun, cast):
    limited = signed_in(limited_admin("offboarding.view_closing", "tenants.change_subaccount"))

    shown = limited.get(page("offboarding.closing", "change", begun.pk))
    refused = limited.post(address("cancel", begun))
    looked = signed_in(cast.ada).get(address("cancel", begun))

    assert shown.status_code == 200
    assert address("cancel", begun) not in shown.content.decode()
    assert (refused.status_code, looked.status_code) == (403, 302)
    assert what_there_is(cast) == (False, 1)


def test_the_worker_finds_nothing_to_do_afterwards(begun, cast):
    with system_scope("test"):
        closing.cancel_closing(begun)

    assert closing.step(begun.pk) is False
    closing.close(begun.pk)
    closing.note_error(begun.pk, "too late")
    assert what_there_is(cast) == (True, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("steps", [0, 3, 9])
def test_of_worker_and_admin_at_once_one_wins_and_nothing_is_half_removed(transactional_db, cast, begun, steps):
    """However far the worker is: either all is there and active, or all of it is archived and gone."""
    for _ in range(steps):
        closing.step(begun.pk)
    barrier, refused = threading.Barrier(2), []

    def work():
        barrier.wait()
        closing.close(begun.pk)
        connection.close()

    def cancel():
        barrier.wait()
        try:
            with system_scope("test"):
                closing.cancel_closing(begun)
        except closing.RemovalBegun as error:
            refused.append(error)
        connection.close()

    threads = [threading.Thread(target=work), threading.Thread(target=cancel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert what_there_is(cast) == ((None, 1) if refused else (True, 0))
