"""Search of form submissions: by any answer, whichever way it is found, and nothing of anybody else's."""

import pytest

from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from tenants.scope import system_scope
from tenants.search import index

pytestmark = pytest.mark.django_db
ANSWERS = {
    "René": {"name": "René Müller", "phone": "+49 (0)30 1234-56", "rating": 4711, "ok": True},
    "Joan": {"name": "Joan Reed", "address": {"city": "Łódź"}, "wishes": ["A kitchen", "50% off"], "phone": None},
    "none": {},
}
FOUND = {
    "rene": ["René"],
    "mueller": ["René"],
    "030 1234": ["René"],
    "+49 30 123456": ["René"],
    "4711": ["René"],
    "lodz": ["Joan"],
    "kitch reed": ["Joan"],
    "50%": ["Joan"],
    "kitch müller": [],
    # Neither what a field is called, nor how JSON is written.
    "wishes": [],
    "true": [],
    '"': [],
    "stranger": [],
}


@pytest.fixture(params=["by looking", "by the index"])
def submissions(request, cast, monkeypatch):
    if request.param == "by the index":
        for name, value in {"LOOKED_AT": 1, "LOOKED_AT_FOR_ALL": 1, "FOUND_BY_LOOKING": 2}.items():
            monkeypatch.setattr(index, name, value)
    with system_scope("test"):
        own, foreign = (FormTemplateFactory(sub_account=owner) for owner in (cast.acme, cast.globex))
        for source, data in ANSWERS.items():
            FormSubmissionFactory(form_template=own, data=data, source=source)
        FormSubmissionFactory(form_template=foreign, data={"name": "René Stranger", **ANSWERS["Joan"]})


@pytest.mark.parametrize("counting", [{}, {"count": "true"}], ids=["a page", "with a count"])
def test_submissions_are_found_by_what_was_answered(counting, submissions, as_alice):
    for text, expected in FOUND.items():
        page = as_alice.get("/api/v1/form-submissions/", {"search": text, "fields": "source", **counting}).json()

        assert (text, [found["source"] for found in page["results"]]) == (text, expected)
        assert page.get("count", len(expected)) == len(expected)


def test_an_export_takes_the_search_too(submissions, as_alice):
    answer = as_alice.get("/api/v1/form-submissions/export/?search=rene&fields=source&as=jsonl")

    assert b"".join(answer.streaming_content) == '{"source":"René"}\n'.encode()
