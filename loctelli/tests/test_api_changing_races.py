"""A change that waits for somebody else's: its row is locked in the first round trip, along with who asks."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection

from crm.choices import ContactStatus
from crm.models import ContactSubmission
from crm.tests.factories import ContactSubmissionFactory
from loctelli.tests.cast import client_of
from loctelli.tests.waiting import until_somebody_waits
from security.models import AuditEntry
from tenants.scope import system_scope, tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def submission(cast) -> ContactSubmission:
    with system_scope("test"):
        return ContactSubmissionFactory(sub_account=cast.acme)


def held(submission: ContactSubmission, is_held: Event, change) -> None:
    """Hold the row until somebody waits for it, and change it."""
    try:
        with tenant_scope(submission.sub_account_id):
            row = ContactSubmission.objects.select_for_update(no_key=True).get(pk=submission.pk)
            is_held.set()
            until_somebody_waits()
            change(row)
    finally:
        connection.close()


def contact(row: ContactSubmission) -> None:
    row.move_to(ContactStatus.CONTACTED)
    row.save()


def test_a_change_that_waits_goes_by_what_it_waited_for(cast, submission):
    client, address, is_held = client_of(cast.alice), f"/api/v1/contact-submissions/{submission.pk}/", Event()

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(held, submission, is_held, contact)
        is_held.wait()
        changed = client.patch(address, {"status": "QUALIFIED"}).json()
        other.result()

    with system_scope("test"):
        entries = AuditEntry.objects.filter(object_id=submission.pk, action="update").order_by("pk")
        statuses = [entry.changes["status"] for entry in entries]
        submission.refresh_from_db()
    # It was contacted before, at the other's time, and nobody's change was taken for not made.
    assert statuses == [["NEW", "CONTACTED"], ["CONTACTED", "QUALIFIED"]]
    assert submission.status == "QUALIFIED"
    assert changed == client.get(address).json()
    assert submission.followed_up_at < submission.updated_at


def test_a_change_of_what_is_deleted_meanwhile_finds_nothing(cast, submission):
    client, address, is_held = client_of(cast.alice), f"/api/v1/contact-submissions/{submission.pk}/", Event()

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(held, submission, is_held, lambda row: row.delete())
        is_held.wait()
        refused = client.patch(address, {"status": "QUALIFIED"})
        other.result()

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_whoever_waits_keeps_nobody_else_waiting_and_is_counted_by_then(cast, submission):
    client, address, is_held = client_of(cast.alice), f"/api/v1/contact-submissions/{submission.pk}/", Event()
    again, seen = client_of(cast.alice), []

    def look(row: ContactSubmission) -> None:
        with ThreadPoolExecutor(1) as threads:
            seen.append(threads.submit(got, again, address).result())

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(held, submission, is_held, look)
        is_held.wait()
        changed = client.patch(address, {"status": "QUALIFIED"})
        other.result()

    assert (changed.status_code, seen[0].status_code) == (200, 200)
    assert remaining(changed) == [one + 1 for one in remaining(seen[0])]


def got(client, address: str):
    try:
        return client.get(address)
    finally:
        connection.close()


def remaining(answer) -> list[int]:
    """Return how many requests are left to the person, and to the sub-account."""
    return [int(number) for number in re.findall(r"r=([0-9]+)", answer.headers["RateLimit"])]


def test_whoever_waits_too_long_is_told_so(cast, submission):
    client, address = client_of(cast.alice), f"/api/v1/contact-submissions/{submission.pk}/"
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    is_held, is_over = Event(), Event()

    def hold() -> None:
        try:
            with tenant_scope(cast.acme.pk):
                ContactSubmission.objects.select_for_update(no_key=True).get(pk=submission.pk)
                is_held.set()
                is_over.wait()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(hold)
        is_held.wait()
        try:
            answers = [client.patch(address, {"status": "QUALIFIED"}), client.delete(address)]
        finally:
            is_over.set()
        other.result()
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "rows_locked")] * 2
    assert client.patch(address, {"status": "QUALIFIED"}).status_code == 200
