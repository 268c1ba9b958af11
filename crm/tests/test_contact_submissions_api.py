"""Contact submissions over the API: what was sent stays, the work on it is written down."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.choices import UserRole
from accounts.tests.factories import UserFactory
from crm.models import ContactSubmission
from crm.tests.factories import ContactSubmissionFactory
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

SUBMISSIONS = "/api/v1/contact-submissions/"
WRITERS = 20


@pytest.fixture
def submission(cast) -> ContactSubmission:
    with system_scope("test"):
        return ContactSubmissionFactory(full_name="Joan Reed", message="Leaking roof", sub_account=cast.acme)


def test_submissions_are_not_made_over_the_api_and_their_words_stay(submission, as_alice):
    address = f"{SUBMISSIONS}{submission.pk}/"

    assert as_alice.post(SUBMISSIONS, {}).status_code == 405
    for field in ("full_name", "email", "message", "notes", "submitted_at", "closed_at", "sub_account_id"):
        answer = as_alice.patch(address, {field: "x"})

        assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [(field, "read_only")]


def test_the_first_touch_and_the_closing_are_stamped(submission, as_alice):
    address = f"{SUBMISSIONS}{submission.pk}/"

    def move(status: str) -> tuple[str | None, str | None]:
        found = as_alice.patch(address, {"status": status}).json()
        return found["followed_up_at"], found["closed_at"]

    untouched = move("NEW")
    contacted = move("CONTACTED")
    won = move("CLOSED_WON")
    lost = move("CLOSED_LOST")
    reopened = move("QUALIFIED")

    assert untouched == (None, None)
    assert contacted[0] is not None
    assert contacted[1] is None
    assert won[0] == lost[0] == reopened[0] == contacted[0]
    assert won[1] == lost[1] > contacted[0]
    assert reopened[1] is None


def test_a_submission_is_assigned_within_its_business(cast, submission, as_alice):
    address = f"{SUBMISSIONS}{submission.pk}/?fields=assigned_to_id,priority,assigned_to.name"

    assigned = as_alice.patch(address, {"assigned_to_id": cast.alice.pk, "priority": "URGENT"})
    foreign = as_alice.patch(address, {"assigned_to_id": cast.mallory.pk})
    freed = as_alice.patch(address, {"assigned_to_id": None})

    assert assigned.json() == {
        "assigned_to_id": cast.alice.pk,
        "priority": "URGENT",
        "assigned_to": {"name": "Alice"},
    }
    assert foreign.json()["errors"][0]["code"] == "does_not_exist"
    assert freed.json() == {"assigned_to_id": None, "priority": "URGENT", "assigned_to": None}


@pytest.mark.parametrize("fields", [{"status": "new"}, {"priority": "low"}, {"status": None}])
def test_status_and_priority_are_of_closed_sets(fields, submission, as_alice):
    assert as_alice.patch(f"{SUBMISSIONS}{submission.pk}/", fields).status_code == 400


def test_a_note_says_who_wrote_it_and_when(cast, submission, as_alice):
    first = as_alice.post(f"{SUBMISSIONS}{submission.pk}/notes/", {"content": "Called."})
    second = as_alice.post(f"{SUBMISSIONS}{submission.pk}/notes/", {"content": "Called again."})

    assert (first.status_code, second.status_code) == (201, 201)
    assert [{name: value for name, value in note.items() if name != "created_at"} for note in second.json()] == [
        {"content": content, "author_id": cast.alice.pk, "author_name": "Alice"}
        for content in ("Called.", "Called again.")
    ]
    assert second.json()[0] == first.json()[0]
    assert all(note["created_at"].endswith("Z") for note in second.json())
    assert as_alice.get(f"{SUBMISSIONS}{submission.pk}/").json()["notes"] == second.json()


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": None}, {"content": "x", "author_id": 1}])
def test_a_note_is_words_and_nothing_else(body, submission, as_alice):
    assert as_alice.post(f"{SUBMISSIONS}{submission.pk}/notes/", body).status_code == 400
    assert as_alice.get(f"{SUBMISSIONS}{submission.pk}/").json()["notes"] is None


def test_a_note_on_another_business_submission_finds_nothing(submission, as_mallory):
    assert as_mallory.post(f"{SUBMISSIONS}{submission.pk}/notes/", {"content": "x"}).status_code == 404


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
    assert sorted(note["content"] for note in notes) == sorted(f"Note {number}" for number in range(WRITERS))


def test_submissions_are_found_and_filtered(cast, submission, as_alice):
    with system_scope("test"):
        ContactSubmissionFactory(full_name="Zed", priority="HIGH", assigned_to=cast.alice, sub_account=cast.acme)

    def names(query: str) -> list[str]:
        return [found["full_name"] for found in as_alice.get(f"{SUBMISSIONS}?{query}").json()["results"]]

    assert names("ordering=submitted_at") == ["Joan Reed", "Zed"]
    assert names("search=leaking") == ["Joan Reed"]
    assert names("priority__in=HIGH,URGENT") == ["Zed"]
    assert names(f"assigned_to_id={cast.alice.pk}") == ["Zed"]
    assert names("assigned_to_id__isnull=true&status=NEW") == ["Joan Reed"]


def test_users_work_on_submissions_and_managers_delete_them(cast, submission):
    with system_scope("test"):
        as_user, as_manager = (
            client_of(UserFactory(sub_account=cast.acme, role=role)) for role in (UserRole.USER, UserRole.MANAGER)
        )
    address = f"{SUBMISSIONS}{submission.pk}/"

    assert as_user.post(f"{address}notes/", {"content": "x"}).status_code == 201
    assert [client.delete(address).status_code for client in (as_user, as_manager)] == [403, 204]
