"""The console's actions on ticked rows and on a row's own page."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import PASSWORD, AdminUserFactory, UserFactory
from agents.models import Strategy, SubAccountPromptTemplate
from agents.tests.factories import PromptTemplateFactory
from crm.models import Booking, ContactSubmission, Lead
from crm.tests.factories import LeadFactory
from forms.models import FormSubmission
from loctelli.tests.console_cast import limited_admin, page, signed_in, text
from security.models import AccountLockout
from tenants.models import SubAccount
from tenants.scope import system_scope


def act(client, label, action, *rows, **form):
    """Tick rows, choose an action, and answer its page with what is given."""
    keys = {"action": action, "_selected_action": [row.pk for row in rows]}
    values = {f"with-{name}": value for name, value in form.items()}
    return client.post(page(label, "changelist"), {**keys, "confirmed": "1", **values}, follow=True)


def now(row, *names):
    with system_scope("test"):
        return type(row)._base_manager.values_list(*names, flat=len(names) == 1).get(pk=row.pk)


def test_assigning_asks_for_a_person_and_leaves_rows_of_other_sub_accounts_alone(rows, cast, console):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
    url, both = page("crm.lead", "changelist"), [rows.acme.lead.pk, rows.globex.lead.pk]

    asked = text(console.post(url, {"action": "assign", "_selected_action": both}))
    empty = text(act(console, "crm.lead", "assign", rows.acme.lead))
    done = text(act(console, "crm.lead", "assign", rows.acme.lead, rows.globex.lead, person=bob.pk))

    assert "Assign: 2 leads" in asked
    assert "Lead of Globex" in asked
    assert "This field is required" in empty
    assert "1 was assigned." in done
    assert "1 row was left as it is: it belongs to another sub-account than that person." in done
    assert now(rows.acme.lead, "regular_user_id") == bob.pk
    assert now(rows.globex.lead, "regular_user_id") == cast.mallory.pk


def test_of_one_sub_account_only_its_own_people_can_be_chosen(rows, cast, console):
    refused = text(act(console, "crm.lead", "assign", rows.acme.lead, person=cast.mallory.pk))

    assert "Select a valid choice" in refused
    assert now(rows.acme.lead, "regular_user_id") == cast.alice.pk


@pytest.mark.parametrize(
    ("label", "model", "form", "fields"),
    [
        ("crm.lead", Lead, {"status": "qualified"}, {"status": "qualified"}),
        ("crm.booking", Booking, {"status": "confirmed"}, {"status": "confirmed"}),
        ("crm.contactsubmission", ContactSubmission, {"status": "CLOSED_WON"}, {"status": "CLOSED_WON"}),
        ("forms.formsubmission", FormSubmission, {"status": "contacted"}, {"status": "contacted"}),
    ],
)
def test_the_status_of_all_ticked_rows_changes(label, model, form, fields, rows, console):
    with system_scope("test"):
        ticked = list(model._base_manager.all())

    done = text(act(console, label, "change_status", *ticked, **form))
    again = text(act(console, label, "change_status", *ticked, **form))

    assert "2 were changed." in done
    assert "0 were changed." in again
    with system_scope("test"):
        assert model._base_manager.filter(**fields).count() == 2


def test_a_status_stamps_what_it_stands_for(rows, console):
    act(console, "crm.contactsubmission", "change_status", rows.acme.contact, status="CLOSED_LOST")
    act(console, "forms.formsubmission", "change_status", rows.acme.submission, status="contacted")

    assert None not in now(rows.acme.contact, "followed_up_at", "closed_at")
    assert None not in now(rows.acme.submission, "reviewed_at", "contacted_at")


def test_a_stage_of_one_sub_account_is_not_another_ones(rows, cast, console):
    with system_scope("test"):
        SubAccount.objects.filter(pk=cast.acme.pk).update(settings={"lead_statuses": ["roof inspected"]})

    done = text(act(console, "crm.lead", "change_status", rows.acme.lead, rows.globex.lead, status="roof inspected"))
    unknown = text(act(console, "crm.lead", "change_status", rows.globex.lead, status="roof inspected"))

    assert "1 was changed." in done
    assert "its sub-account doesn't have that status" in done.replace("&#x27;", "'")
    assert "Select a valid choice" in unknown
    assert now(rows.globex.lead, "status") == "lead"


def test_priority_changes_and_a_submission_is_nobodys_again(rows, cast, console):
    act(console, "forms.formsubmission", "change_priority", rows.acme.submission, priority="URGENT")
    act(console, "crm.contactsubmission", "assign", rows.acme.contact, person=cast.alice.pk)
    assigned = now(rows.acme.contact, "assigned_to_id")

    act(console, "crm.contactsubmission", "assign", rows.acme.contact, person="")

    assert now(rows.acme.submission, "priority") == "URGENT"
    assert assigned == cast.alice.pk
    assert now(rows.acme.contact, "assigned_to_id") is None


def test_what_must_stay_active_does(rows, cast, console, ada):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)

    users = text(act(console, "accounts.user", "deactivate", cast.alice, cast.system, bob)).replace("&#x27;", "'")
    sub_accounts = text(act(console, "tenants.subaccount", "deactivate", cast.onboarding, cast.globex))

    assert "1 was deactivated." in users
    assert "the system user stays active." in users
    assert "would be left without an active admin" in users
    assert [now(user, "is_active") for user in (cast.alice, cast.system, bob)] == [True, True, False]
    assert "ONBOARDING, where new people wait, stays active." in sub_accounts
    assert (now(cast.onboarding, "is_active"), now(cast.globex, "is_active")) == (True, False)


def test_switching_admins_off_takes_a_step_up_and_never_oneself(cast, console, ada, clock):
    with system_scope("test"):
        bo = AdminUserFactory()
    clock.shift(timedelta(minutes=11))

    refused = text(act(console, "accounts.adminuser", "deactivate", bo))
    before = now(bo, "is_active")
    console.post(reverse("console:step_up"), {"password": PASSWORD})
    done = text(act(console, "accounts.adminuser", "deactivate", bo, ada)).replace("&#x27;", "'")

    assert "Nothing was done yet." in refused
    assert before
    assert "you can't deactivate your own account." in done
    assert (now(bo, "is_active"), now(ada, "is_active")) == (False, True)


def test_a_strategy_is_copied_into_another_sub_account_with_its_prompt_template(rows, cast, console):
    with system_scope("test"):
        template = PromptTemplateFactory(created_by_admin=cast.ada)
        Strategy.objects.filter(pk=cast.acme_strategy.pk).update(prompt_template=template)

    done = text(act(console, "agents.strategy", "copy", cast.acme_strategy, sub_account=cast.globex.pk, name="Ours"))
    elsewhere = text(
        act(console, "agents.strategy", "copy", cast.acme_strategy, sub_account=cast.globex.pk, person=cast.alice.pk)
    )

    assert "1 was copied." in done
    assert "This person belongs to another sub-account." in elsewhere
    with system_scope("test"):
        copy = Strategy.objects.get(name="Ours")
        choice = SubAccountPromptTemplate.objects.get(sub_account=cast.globex, prompt_template=template)
        assert (copy.sub_account_id, copy.regular_user_id, copy.prompt_template_id, copy.is_active) == (
            cast.globex.pk,
            cast.mallory.pk,
            template.pk,
            False,
        )
        assert copy.qualification_questions == cast.acme_strategy.qualification_questions
        assert not choice.is_active
        assert not copy.leads.exists()


def test_what_says_that_strategies_were_copied_leads_to_the_copies(rows, cast, console):
    with system_scope("test"):
        Strategy.objects.filter(pk=cast.globex_strategy.pk).update(name="<b>Bold</b>")

    done = act(console, "agents.strategy", "copy", cast.acme_strategy, cast.globex_strategy, sub_account=cast.acme.pk)

    with system_scope("test"):
        copies = Strategy.objects.filter(name__endswith=" (copy)", sub_account=cast.acme).order_by("pk")
        expected = [(page("agents.strategy", "change", copy.pk), copy.name) for copy in copies]
    named = re.findall(r'<a class="underline" href="([^"]+)">([^<]+)</a>', done.content.decode())
    assert [(address, unescape(name)) for address, name in named] == expected
    assert len(expected) == 2


def test_the_active_prompt_template_is_replaced_from_either_side(rows, cast, console):
    with system_scope("test"):
        template = PromptTemplateFactory(created_by_admin=cast.ada, is_active=True)
        withdrawn = PromptTemplateFactory(created_by_admin=cast.ada, is_active=False)

    act(console, "agents.prompttemplate", "choose_template", template, sub_account=cast.acme.pk)
    with system_scope("test"):
        first = SubAccountPromptTemplate.objects.get(sub_account=cast.acme, is_active=True).prompt_template
    refused = text(act(console, "agents.prompttemplate", "choose_template", withdrawn, sub_account=cast.acme.pk))
    two = text(act(console, "agents.prompttemplate", "choose_template", template, withdrawn, sub_account=cast.acme.pk))
    act(console, "agents.subaccountprompttemplate", "make_active", rows.acme.chosen)

    assert first == template
    assert "available any more" in refused
    assert "choose one." in two
    with system_scope("test"):
        assert SubAccountPromptTemplate.objects.get(sub_account=cast.acme, is_active=True).pk == rows.acme.chosen.pk


def test_a_rows_own_page_has_buttons_that_ask_first(rows, cast, console):
    with system_scope("test"):
        AccountLockout.objects.create(email=cast.alice.email, account_type="user", failed_attempts=7)
    url = reverse("console:accounts_user_do", args=[cast.alice.pk, "unlock"])

    shown = console.get(page("accounts.user", "change", cast.alice.pk)).content.decode()
    asked = text(console.get(url))
    done = console.post(url, {"action": "unlock", "confirmed": "1"}, follow=True)

    assert url in shown
    assert "Unlock: 1 user" in asked
    assert "1 account unlocked." in text(done)
    assert done.redirect_chain[-1][0] == page("accounts.user", "change", cast.alice.pk)
    assert "Unlocked the account." in text(console.get(page("accounts.user", "history", cast.alice.pk)))


def test_a_users_page_says_what_keeps_them_from_signing_in(cast, console):
    url = page("accounts.user", "change", cast.alice.pk)
    free = text(console.get(url))
    with system_scope("test"):
        AccountLockout.objects.create(
            email=cast.alice.email, account_type="user", failed_attempts=7, locked_until="2999-01-01T00:00Z"
        )
        SubAccount.objects.filter(pk=cast.acme.pk).update(is_active=False)
        User.objects.filter(pk=cast.alice.pk).update(is_active=False)

    locked = text(console.get(url))

    assert "Nothing stands in the way." in free
    assert "Locked until 2999-01-01 00:00 UTC after 7 failed tries" in locked
    assert "The sub-account Acme is deactivated." in locked
    assert "The account is deactivated." in locked


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_action_one_may_not_use_is_not_there(method, rows, cast):
    client = signed_in(limited_admin("crm.view_lead", "agents.view_strategy"))
    urls = [
        reverse("console:crm_lead_do", args=[rows.acme.lead.pk, "assign"]),
        reverse("console:agents_strategy_do", args=[cast.acme_strategy.pk, "copy"]),
        reverse("console:accounts_user_do", args=[cast.alice.pk, "deactivate"]),
    ]

    answers = [getattr(client, method)(url, {"confirmed": "1"}) for url in urls]
    shown = client.get(page("crm.lead", "change", rows.acme.lead.pk)).content.decode()
    act(client, "crm.lead", "change_status", rows.acme.lead, status="qualified")

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert "/do/" not in shown
    assert now(rows.acme.lead, "status") == "lead"


def test_markup_in_a_name_stays_text(cast, console):
    with system_scope("test"):
        lead = LeadFactory(strategy=cast.acme_strategy, name="<script>alert(1)</script>")

    asked = console.get(reverse("console:crm_lead_do", args=[lead.pk, "assign"])).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in asked
    assert "<script>alert(1)" not in asked


def test_an_invitation_is_handed_over_as_code_link_and_qr(cast, console, settings):
    add = page("tenants.subaccountinvitation", "add")
    form = {"sub_account": cast.acme.pk, "is_active": "on", "max_uses": "3"}
    without = console.post(add, form)
    settings.FRONTEND_INVITATION_URL = "https://app.example.com/join?code={code}"

    made = console.post(add, form)

    code = made.context["code"]
    assert f"https://app.example.com/join?code={code}" in made.content.decode()
    assert "It lets 3 people in." in text(made)
    assert "<svg" in made.content.decode()
    assert "app.example.com" not in without.content.decode()
    assert "picture of the code" in text(without)
    shown = console.get(page("tenants.subaccount", "change", cast.acme.pk)).content.decode()
    assert f"{add}?sub_account={cast.acme.pk}" in shown
