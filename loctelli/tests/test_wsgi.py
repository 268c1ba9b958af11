"""What the HTTP server is handed: a whole answer at once and done with, a stream a piece at a time."""

import pytest
from django.core.signals import request_finished
from django.test import RequestFactory

from loctelli.tests.cast import issue_token
from loctelli.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True)

LEADS = "/api/v1/leads/"


@pytest.fixture
def finished():
    """A list that grows with each request that is over."""
    found: list[object] = []

    def note(sender, **kwargs) -> None:
        found.append(sender)

    request_finished.connect(note)
    yield found
    request_finished.disconnect(note)


def answer_to(user, address: str):
    statuses: list[str] = []
    request = RequestFactory().get(address, headers={"Authorization": f"Bearer {issue_token(user)}"})
    answer = application(request.environ, lambda status, headers: statuses.append(status))
    assert statuses == ["200 OK"]
    return answer


def test_a_whole_answer_is_handed_over_at_once_and_its_request_is_over(alice, finished):
    answer = answer_to(alice, LEADS)

    assert answer == [b'{"next":null,"previous":null,"results":[]}']
    assert len(finished) == 1


def test_a_stream_is_handed_over_unread_and_its_request_goes_on_until_it_is_closed(alice, finished):
    answer = answer_to(alice, f"{LEADS}export/?as=jsonl")

    assert not isinstance(answer, list)
    assert (b"".join(answer), finished) == (b"", [])
    answer.close()
    assert len(finished) == 1
