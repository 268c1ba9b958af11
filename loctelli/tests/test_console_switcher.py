"""The switcher: finds a sub-account, narrows the console to it, and stays."""

import pytest
from django.apps import apps
from django.urls import reverse

from accounts.tests.factories import AdminUserFactory
from loctelli.tests.console_cast import LABELS, limited_admin, page, signed_in, text
from tenants.console.narrowing import rows_of
from tenants.models import SubAccount
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory

SWITCHER = reverse("admin:switcher")
AUTOCOMPLETE = reverse("admin:autocomplete")


def narrow(client, sub_account, back="/console/"):
    return client.post(SWITCHER, {"sub_account": sub_account.pk if sub_account else "", "next": back})


def offered(client, field, model="booking", **query):
    query |= {"app_label": "crm", "model_name": model, "field_name": field}
    return {item["text"] for item in client.get(AUTOCOMPLETE, query).json()["results"]}


def test_it_offers_the_sub_accounts_whose_name_holds_what_was_typed(cast, console):
    with system_scope("test"):
        SubAccountFactory(name="Acme of the North", is_active=False)

    said = text(console.get(SWITCHER, {"q": " acme "}))

    assert said == "Acme Acme of the North inactive"
    assert "No sub-account's name holds “nobody”" in text(console.get(SWITCHER, {"q": "nobody"})).replace("&#x27;", "'")


def test_of_many_it_offers_twenty_and_says_that_there_are_more(cast, console):
    with system_scope("test"):
        SubAccountFactory.create_batch(25)

    html = console.get(SWITCHER).content.decode()

    assert html.count('name="sub_account"') == 20
    assert "There are more" in html


def test_it_leads_back_to_where_one_was_and_never_to_another_site(cast, console):
    back = narrow(console, cast.acme, "/console/crm/lead/")
    elsewhere = narrow(console, cast.acme, "https://evil.example/")

    assert (back.status_code, back.url) == (302, "/console/crm/lead/")
    assert elsewhere.url == "/console/"


@pytest.mark.parametrize("label", LABELS)
def test_it_narrows_every_list(label, rows, cast, console):
    model = apps.get_model(label)
    with system_scope("test"):
        own = set(model._base_manager.filter(rows_of(model, cast.acme.pk)).values_list("pk", flat=True))
    narrow(console, cast.acme)

    listed = console.get(page(label, "changelist")).context["cl"].queryset

    with system_scope("test"):
        assert set(listed.values_list("pk", flat=True)) <= own


@pytest.mark.parametrize("label", ["crm.lead", "crm.booking", "accounts.user", "security.securityincident"])
def test_narrowed_a_list_holds_the_one_and_not_the_other(label, rows, cast, console):
    model = apps.get_model(label)
    narrow(console, cast.acme)

    listed = console.get(page(label, "changelist")).context["cl"].queryset

    with system_scope("test"):
        owners = set(listed.values_list("sub_account_id", flat=True))
        assert model._base_manager.filter(sub_account_id=cast.globex.pk).exists()
    assert owners == {cast.acme.pk}


def test_narrowed_a_list_says_so_and_leaves_the_column_out(rows, cast, console):
    narrow(console, cast.acme)

    said = text(console.get(page("crm.lead", "changelist")))

    assert "Only Acme is shown" in said
    assert "Sub-account" not in said.split("Filters")[1].split("Lead of Acme")[0]


def test_it_narrows_the_choices_of_forms_and_fills_in_whose_a_new_row_is(rows, cast, console):
    everybodys = offered(console, "lead")
    narrow(console, cast.acme)

    form = console.get(page("crm.booking", "add")).context["adminform"].form

    assert everybodys == {"Lead of Acme · Acme", "Lead of Globex · Globex"}
    assert offered(console, "lead") == {"Lead of Acme"}
    assert offered(console, "sub_account") == {"Acme"}
    assert form.initial["sub_account"] == cast.acme.pk


def test_the_choices_for_a_row_are_those_of_its_own_sub_account(rows, cast, console):
    narrow(console, cast.acme)

    html = console.get(page("crm.booking", "change", rows.globex.booking.pk)).content.decode()

    assert f"{AUTOCOMPLETE}?sub_account={cast.globex.pk}" in html
    assert offered(console, "lead", sub_account=cast.globex.pk) == {"Lead of Globex"}
    assert offered(console, "lead", sub_account=cast.globex.pk, term="globex") == {"Lead of Globex"}
    assert offered(console, "lead", sub_account=cast.globex.pk, term="acme") == set()


def test_a_row_of_another_sub_account_opens_by_its_address_and_says_whose_it_is(rows, cast, console):
    narrow(console, cast.acme)

    said = text(console.get(page("crm.lead", "change", rows.globex.lead.pk)))

    assert "This belongs to Globex . Lists and choices elsewhere show only Acme" in said
    assert "Show Globex" in said


def test_it_stays_over_signing_out_and_in_and_is_each_admins_own(cast, console, ada):
    with system_scope("test"):
        grace = AdminUserFactory()
    narrow(console, cast.acme)
    console.logout()

    again, hers = signed_in(ada), signed_in(grace)

    assert "Only Acme is shown" in text(again.get("/console/"))
    assert "is shown, beside" not in text(hers.get("/console/"))


def test_it_lets_go_again_by_choice_and_when_the_sub_account_is_deleted(cast, console):
    with system_scope("test"):
        closing = SubAccountFactory(name="Closing")
    narrow(console, cast.acme)
    narrow(console, None)
    let_go = text(console.get("/console/"))
    narrow(console, closing)
    with system_scope("test"):
        SubAccount.objects.filter(pk=closing.pk).delete()

    deleted = console.get("/console/")

    assert "is shown, beside" not in let_go
    assert deleted.status_code == 200
    assert "is shown, beside" not in text(deleted)


def test_whoever_may_not_see_sub_accounts_is_not_offered_it(rows, cast):
    limited = signed_in(limited_admin("crm"))

    assert "Choose a sub-account" not in limited.get("/console/").content.decode()
    assert limited.get(SWITCHER).status_code == 403
    assert narrow(limited, cast.acme).status_code == 403
    assert narrow(limited, None).status_code == 302


@pytest.mark.parametrize("choice", ["x", "99999999999999999999999", "-1", "\0"])
def test_a_choice_that_is_none_is_not_found(choice, cast, console):
    assert console.post(SWITCHER, {"sub_account": choice}).status_code in (400, 404)


@pytest.mark.parametrize("query", ["q=%00zz", "q=" + "x" * 5000, "q=%25_%5C"])
def test_a_hostile_name_is_found_nowhere(query, cast, console):
    assert "name holds" in text(console.get(f"{SWITCHER}?{query}"))


def test_it_asks_for_nothing_but_get_and_post(cast, console):
    assert console.delete(SWITCHER).status_code == 405
