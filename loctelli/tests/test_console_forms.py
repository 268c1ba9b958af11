"""What the console's forms take and refuse."""

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import User
from agents.models import Strategy, SubAccountPromptTemplate
from crm.models import Booking, ContactSubmission, Lead
from forms.models import FormSubmission, FormTemplate
from loctelli.tests.console_cast import page, text, the_one
from tenants import invitations
from tenants.models import SubAccount, SubAccountInvitation
from tenants.scope import system_scope


def lead_form(cast, **changes):
    return {
        "sub_account": cast.acme.pk,
        "name": "Joan",
        "regular_user": cast.alice.pk,
        "strategy": cast.acme_strategy.pk,
        "status": "lead",
        **changes,
    }


def test_a_row_gets_the_sub_account_that_was_chosen(cast, console):
    response = console.post(page("crm.lead", "add"), lead_form(cast))

    assert response.status_code == 302
    assert the_one(Lead, name="Joan").sub_account_id == cast.acme.pk


@pytest.mark.parametrize("field", ["regular_user", "strategy"])
def test_a_reference_into_another_sub_account_is_an_error_of_its_field(field, cast, console):
    foreign = {"regular_user": cast.mallory, "strategy": cast.globex_strategy}[field]

    response = console.post(page("crm.lead", "add"), lead_form(cast, **{field: foreign.pk}))

    assert response.context["adminform"].form.errors == {
        field: [f"“{foreign}” belongs to another sub-account (Globex)."]
    }


def test_a_form_submission_takes_the_own_form_or_everyones(cast, rows, console, ada):
    with system_scope("test"):
        everyones = FormTemplate.objects.create(
            name="All", slug="all", title="All", schema=[], created_by_admin=ada, sub_account=None
        )
    form = {"sub_account": cast.acme.pk, "data": "{}", "status": "new", "priority": "LOW", "source": "website"}
    form["data"] = '{"name": "Joan"}'

    foreign = console.post(page("forms.formsubmission", "add"), form | {"form_template": rows.globex.form.pk})
    shared = console.post(page("forms.formsubmission", "add"), form | {"form_template": everyones.pk})

    assert list(foreign.context["adminform"].form.errors) == ["form_template"]
    assert shared.status_code == 302
    assert the_one(FormSubmission, form_template=everyones).sub_account_id == cast.acme.pk


def test_a_row_keeps_its_sub_account_once_it_is_made(rows, cast, console):
    console.post(page("crm.lead", "change", rows.acme.lead.pk), lead_form(cast, sub_account=cast.globex.pk))

    changed = the_one(Lead, pk=rows.acme.lead.pk)
    assert (changed.name, changed.sub_account_id) == ("Joan", cast.acme.pk)


def test_a_user_moves_only_away_from_nothing(rows, cast, console):
    form = {"sub_account": cast.globex.pk, "name": "Alice", "email": "alice@acme.example", "role": "admin"}
    form |= {"is_active": "on", "booking_enabled": 1, "timezone": "UTC"}
    with system_scope("test"):
        User.objects.create(name="Bo", email="bo@acme.example", sub_account=cast.acme, password="!")
    bo = the_one(User, email="bo@acme.example")

    kept = console.post(page("accounts.user", "change", cast.alice.pk), form)
    moved = console.post(page("accounts.user", "change", bo.pk), form | {"email": bo.email})

    assert kept.context["adminform"].form.errors == {
        "sub_account": ["Alice can't be moved while these are theirs: 1 strategy, 1 booking, 1 lead."]
    }
    assert moved.status_code == 302
    assert the_one(User, pk=bo.pk).sub_account_id == cast.globex.pk


NESTED = "[" * 10_000 + "]" * 10_000


@pytest.mark.parametrize(
    "details",
    ['{"date": "\\u0000"}', '{"date": "\\ud800"}', '{"a": 1, "a": 2}', "{", "NaN", '{"n": 1e999}', NESTED, "\x00", ""],
)
def test_json_that_can_not_be_stored_is_an_error_of_its_field(details, rows, cast, console):
    form = {"sub_account": cast.acme.pk, "regular_user": cast.alice.pk, "booking_type": "demo", "status": "pending"}

    response = console.post(page("crm.booking", "add"), form | {"details": details})

    assert list(response.context["adminform"].form.errors) == ["details"]


def test_json_is_kept_as_it_was_written_when_it_is_refused(rows, cast, console):
    form = {"sub_account": cast.acme.pk, "booking_type": "demo", "status": "pending", "details": '{"date": '}

    response = console.post(page("crm.booking", "add"), form)

    assert "{&quot;date&quot;: </textarea>" in response.content.decode().replace("\n</textarea>", "</textarea>")


@pytest.mark.parametrize("field", ["name", "email", "phone", "notes", "timezone", "status", "strategy", "sub_account"])
def test_a_nul_character_in_any_field_is_an_error_of_the_form(field, cast, console):
    response = console.post(page("crm.lead", "add"), lead_form(cast, **{field: "a\x00b"}))

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors


def test_numbers_beyond_the_column_are_an_error_of_the_form(cast, console):
    response = console.post(page("crm.lead", "add"), lead_form(cast, strategy=10**30))

    assert list(response.context["adminform"].form.errors) == ["strategy"]


def test_what_only_the_database_refuses_is_an_error_of_the_form(rows, cast, console, monkeypatch):
    """Two people at once: the form's own look finds nothing, and the constraint decides."""
    monkeypatch.setattr(SubAccountPromptTemplate, "validate_constraints", lambda *args, **kwargs: None)
    monkeypatch.setattr(User, "_perform_unique_checks", lambda *args: {})
    form = {"sub_account": cast.acme.pk, "name": "Twin", "email": "ALICE@acme.example", "role": "user"}
    form |= {"is_active": "on", "booking_enabled": 1, "timezone": "UTC"}

    chosen = console.post(
        page("agents.subaccountprompttemplate", "add"),
        {"sub_account": cast.acme.pk, "prompt_template": cast.template.pk},
    )
    twin = console.post(page("accounts.user", "add"), form)

    assert "This sub-account has chosen that template already." in text(chosen)
    assert list(twin.context["adminform"].form.errors) == ["email"]
    with system_scope("test"):
        assert not LogEntry.objects.exists()


def test_rows_know_which_admin_made_them(cast, console, ada):
    console.post(page("tenants.subaccount", "add"), {"name": "Initech", "is_active": "on"})

    assert the_one(SubAccount, name="Initech").created_by_admin_id == ada.pk


def test_an_invitations_code_is_shown_once_and_stored_as_a_keyed_hash(cast, console):
    made = console.post(page("tenants.subaccountinvitation", "add"), {"sub_account": cast.acme.pk, "is_active": "on"})
    code = made.context["code"]
    invitation = the_one(SubAccountInvitation, sub_account=cast.acme)

    assert made.content.decode().count(code) == 1
    assert invitation.code == invitations.hash_code(code)
    for url in (page("tenants.subaccountinvitation", "change", invitation.pk), "/console/"):
        answer = console.get(url).content.decode()
        assert code not in answer
        assert invitation.code not in answer


def test_an_invitations_password_is_hashed_and_may_be_taken_away(rows, console):
    url = page("tenants.subaccountinvitation", "password", rows.acme.invitation.pk)

    console.post(url, {"password1": "open sesame", "password2": "open sesame"})
    hashed = the_one(SubAccountInvitation, pk=rows.acme.invitation.pk).password
    console.post(url, {"password1": "", "password2": "", "sent": "1"})

    assert hashed.startswith("argon2$")
    assert the_one(SubAccountInvitation, pk=rows.acme.invitation.pk).password is None


@pytest.mark.parametrize("schema", ['{"a": 1}', '[{"id": "x"}]', '[{"id": 1, "type": "t", "label": "l"}]', '["x"]'])
def test_a_forms_fields_are_held_to_the_apis_rule(schema, cast, console):
    form = {"name": "F", "slug": "f", "title": "F", "submit_button_text": "S", "success_message": "T"}
    form |= {"wake_up_interval": 30, "schema": schema}

    response = console.post(page("forms.formtemplate", "add"), form)

    assert list(response.context["adminform"].form.errors) == ["schema"]


def test_a_changed_status_stamps_its_date(rows, console):
    contact = rows.acme.contact
    form = {"full_name": "Joan", "email": "joan@x.example", "phone": "1", "services": "x", "source": "website"}

    console.post(
        page("crm.contactsubmission", "change", contact.pk), form | {"status": "CLOSED_WON", "priority": "LOW"}
    )

    changed = the_one(ContactSubmission, pk=contact.pk)
    assert changed.status == "CLOSED_WON"
    assert None not in (changed.followed_up_at, changed.closed_at)


def test_empty_text_of_a_nullable_column_is_null(rows, cast, console):
    console.post(page("crm.lead", "add"), lead_form(cast, notes="", email="", company=""))

    made = the_one(Lead, name="Joan")
    assert (made.notes, made.email, made.company) == (None, None, None)


def test_a_strategy_and_a_booking_are_made_and_changed(rows, cast, console):
    texts = ("ai_name", "ai_role", "conversation_tone", "qualification_questions", "objection_handling")
    form = dict.fromkeys((*texts, "closing_strategy"), "x") | {"name": "New", "prompt_template": cast.template.pk}
    form |= {"sub_account": cast.acme.pk, "regular_user": cast.alice.pk}
    booking = {"regular_user": cast.alice.pk, "booking_type": "demo", "status": "confirmed"}
    booking["details"] = '{"time": "09:00"}'

    console.post(page("agents.strategy", "add"), form)
    console.post(page("crm.booking", "change", rows.acme.booking.pk), booking)

    assert the_one(Strategy, name="New").sub_account_id == cast.acme.pk
    assert the_one(Booking, pk=rows.acme.booking.pk).status == "confirmed"
