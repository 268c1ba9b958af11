"""Form submissions over the API: what was sent stays, status and assignment change, notes are appended."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from forms.models import FormSubmission
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

SUBMISSIONS = "/api/v1/form-submissions/"
WRITERS = 20


@pytest.fixture
def submission(cast) -> FormSubmission:
    with system_scope("test"):
        return FormSubmissionFactory(form_template=FormTemplateFactory(name="Inspection", sub_account=cast.acme))


def test_what_was_sent_stays(submission, as_alice):
    address = f"{SUBMISSIONS}{submission.pk}/"

    assert as_alice.post(SUBMISSIONS, {}).status_code == 405
    for field in ("data", "files", "form_template_id", "ip_address", "notes", "reviewed_at", "submitted_at"):
        answer = as_alice.patch(address, {field: {}})

        assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [(field, "read_only")]


def test_the_first_review_and_the_first_contact_are_stamped(submission, as_alice):
    def move(status: str) -> tuple[str | None, str | None]:
        found = as_alice.patch(f"{SUBMISSIONS}{submission.pk}/", {"status": status}).json()
        return found["reviewed_at"], found["contacted_at"]

    untouched = move("new")
    reviewed = move("reviewed")
    contacted = move("contacted")
    processed = move("processed")
    archived = move("archived")

    assert untouched == (None, None)
    assert reviewed[0] is not None
    assert reviewed[1] is None
    assert contacted[1] > reviewed[0] == contacted[0]
    assert contacted == processed == archived


def test_status_is_of_a_closed_set(submission, as_alice):
    answer = as_alice.patch(f"{SUBMISSIONS}{submission.pk}/", {"status": "NEW"})

    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [("status", "invalid_choice")]


def test_a_submission_through_everyones_form_belongs_to_who_received_it(cast, as_alice, as_mallory):
    with system_scope("test"):
        shared = FormTemplateFactory(name="Everyone's", sub_account=None)
        received = FormSubmissionFactory(form_template=shared, sub_account=cast.acme)
    address = f"{SUBMISSIONS}{received.pk}/?fields=sub_account_id,form_template.name,form_template.is_global"

    assert as_alice.get(address).json() == {
        "sub_account_id": cast.acme.pk,
        "form_template": {"name": "Everyone's", "is_global": True},
    }
    assert as_mallory.get(address).status_code == 404


def test_submissions_are_filtered(cast, submission, as_alice):
    def count(query: str) -> int:
        return as_alice.get(f"{SUBMISSIONS}?count=true&{query}").json()["count"]

    assert count(f"form_template_id={submission.form_template_id}&status=new") == 1
    assert count("form_template_id=nonsense") == 0
    assert count("status__in=reviewed,archived") == 0
    assert count("assigned_to_id__isnull=true&submitted_at__gte=2000-01-01T00:00:00Z") == 1


@pytest.mark.django_db(transaction=True)
def test_notes_that_many_write_at_once_are_all_kept(cast, submission):
    together = Barrier(WRITERS)
    # Signed in beforehand: there are more writers than connections, and those who wait for all must hold none.
    clients = [client_of(cast.alice) for _ in range(WRITERS)]

    def write(number: int) -> int:
        try:
            together.wait()
            return (
                clients[number].post(f"{SUBMISSIONS}{submission.pk}/notes/", {"content": f"Note {number}"}).status_code
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as threads:
        statuses = list(threads.map(write, range(WRITERS)))

    notes = client_of(cast.alice).get(f"{SUBMISSIONS}{submission.pk}/").json()["notes"]
    assert statuses == [201] * WRITERS
    assert {note["content"] for note in notes} == {f"Note {number}" for number in range(WRITERS)}
    assert len(notes) == WRITERS
