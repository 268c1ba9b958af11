"""`Model.insert()`: what is made by a plan is the same row, recorded the same, as Django makes it."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, models
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext

from agents.models import Strategy
from crm.models import Booking, ContactSubmission, Lead
from forms.models import FormTemplate
from loctelli.database.creating import stored_columns
from loctelli.database.writing import PreparedWritesModel
from security.models import AuditEntry
from tenants.scope import TenantRequired, tenant_scope

pytestmark = pytest.mark.django_db

# What differs between two rows that are made one after the other.
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OF_EACH = {"id", "slug", "created_at", "updated_at", "submitted_at"}
TEXTS = (
    "ai_name", "ai_role", "conversation_tone", "qualification_questions", "objection_handling", "closing_strategy",
)  # fmt: skip


@pytest.fixture
def bound(cast):
    with tenant_scope(cast.acme.pk):
        yield cast


def a_lead(cast, number: int = 1) -> dict:
    return {
        "name": "Zoë",
        "notes": "",
        "conversation_state": {"stage": "discovery", "n": 1.5, "list": [None, True]},
        "regular_user": cast.alice,
        "strategy": cast.acme_strategy,
    }


def a_lead_of_ids(cast, number: int = 1) -> dict:
    return {"name": "Zoë", "email": None, "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}


def a_booking(cast, number: int = 1) -> dict:
    return {"booking_type": "meeting", "details": {"date": "2027-01-15"}, "regular_user": cast.alice, "lead": None}


def a_strategy(cast, number: int = 1) -> dict:
    return {
        "name": "Closer",
        "delay_min": 5,
        "metadata": {"b": 1, "a": [2]},
        "regular_user": cast.alice,
        "prompt_template": cast.template,
        **dict.fromkeys(TEXTS, "x"),
    }


def a_contact(cast, number: int = 1) -> dict:
    return {"full_name": "Jane", "email": "j@x.example", "phone": "1", "services": "solar", "followed_up_at": NOON}


def a_form(cast, number: int = 1) -> dict:
    schema = [{"id": "name", "type": "text", "label": "Name"}]
    return {"name": "Quote", "slug": f"quote-{number}", "schema": schema, "title": "T", "created_by_admin": cast.ada}


KINDS = [
    (Lead, a_lead),
    (Lead, a_lead_of_ids),
    (Booking, a_booking),
    (Strategy, a_strategy),
    (ContactSubmission, a_contact),
    (FormTemplate, a_form),
]


def told(row: models.Model) -> dict:
    """Return what a row in hand says of its columns."""
    names = {field.attname for field in stored_columns(type(row))}
    return {name: row.__dict__[name] for name in names - OF_EACH}


def stored(row: models.Model) -> dict:
    """Return what is stored of a row."""
    return told(type(row).objects.get(pk=row.pk))


def recorded(row: models.Model) -> list:
    """Return what the audit trail says of a row."""
    entries = AuditEntry.objects.filter(model=row._meta.label_lower, object_id=str(row.pk)).order_by("created_at")
    kept = ("sub_account_id", "action", "object_name", "actor_type", "rows")
    return [
        ({name: entry.__dict__[name] for name in kept}, {k: v for k, v in entry.changes.items() if k not in OF_EACH})
        for entry in entries
    ]


def never(*args, **kwargs):
    raise AssertionError("There is a plan for it.")


@pytest.mark.parametrize(("model", "fields"), KINDS)
def test_a_row_is_made_as_django_makes_it(model, fields, bound, monkeypatch):
    slow = model(**fields(bound, 1))
    slow.save(force_insert=True)
    monkeypatch.setattr(PreparedWritesModel, "_do_insert", never)

    swift = model.insert(**fields(bound, 2))

    assert told(swift) == told(slow)
    assert stored(swift) == stored(slow)
    assert recorded(swift) == recorded(slow) != []
    assert (swift._state.db, swift._state.adding) == (slow._state.db, slow._state.adding)
    assert swift._state.fields_cache == slow._state.fields_cache
    assert swift.pk not in (None, slow.pk)


@pytest.mark.parametrize(("model", "fields"), KINDS)
def test_a_row_that_was_made_is_changed_as_any_other(model, fields, bound):
    row = model.insert(**fields(bound))

    title = "full_name" if model is ContactSubmission else "booking_type" if model is Booking else "name"
    former = getattr(row, title)
    setattr(row, title, "Changed")
    row.save()

    assert stored(row)[title] == "Changed"
    _, (_, changes) = recorded(row)
    assert changes == {title: [former, "Changed"]}


def test_one_statement_makes_rows_whichever_of_their_fields_are_given(bound):
    references = {"regular_user": bound.alice, "strategy": bound.acme_strategy}

    with CaptureQueriesContext(connection) as captured:
        for fields in ({"name": "A"}, {"name": "B", "phone": "1"}, {"name": "C", "email": "c@x.example", "notes": "n"}):
            Lead.insert(**fields, **references)

    statements = [query["sql"] for query in captured if query["sql"].startswith('INSERT INTO "leads"')]
    assert len(statements) == 3
    assert len({statement.partition("VALUES")[0] for statement in statements}) == 1


def test_what_is_encrypted_by_its_rows_key_goes_djangos_way(bound):
    row = Lead.insert(**a_lead(bound), message_history=[{"role": "user", "content": "Hello"}])

    assert Lead.objects.get(pk=row.pk).message_history == [{"role": "user", "content": "Hello"}]


def test_a_value_that_postgresql_works_out_goes_djangos_way(bound):
    row = Lead.insert(**{**a_lead(bound), "name": models.functions.Upper(models.Value("zoë"))})

    assert Lead.objects.get(pk=row.pk).name == "ZOË"


def test_who_listens_for_rows_that_are_saved_hears_of_it(bound):
    heard = []

    def listen(sender, instance, created, **kwargs):
        heard.append((sender, instance.name, created))

    post_save.connect(listen)
    try:
        Lead.insert(**a_lead(bound))
    finally:
        post_save.disconnect(listen)

    assert heard == [(Lead, "Zoë", True)]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"nickname": "Z"}, TypeError),
        ({"strategy": Strategy(name="not stored yet")}, ValueError),
        ({"strategy": "3"}, ValueError),
    ],
)
def test_what_is_no_field_or_no_row_to_refer_to_is_refused_as_django_does(wrong, error, bound):
    with pytest.raises(error):
        Lead.insert(**{**a_lead(bound), **wrong})

    assert not Lead.objects.filter(name="Zoë").exists()


def test_nobodys_connection_makes_no_rows(cast):
    with pytest.raises(TenantRequired):
        Lead.insert(**a_lead(cast))


def test_what_postgresql_refuses_ends_the_transaction(cast):
    with tenant_scope(cast.acme.pk):
        FormTemplate.insert(**a_form(cast))

        with pytest.raises(IntegrityError):
            FormTemplate.insert(**a_form(cast))

        assert connection.needs_rollback

    with tenant_scope(cast.acme.pk):
        assert not FormTemplate.objects.filter(slug="quote-1").exists()
