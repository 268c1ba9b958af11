"""What a list is asked for is bounded: nothing scans or explodes that a client can name."""

import pytest

from crm.models import Lead
from loctelli.api import pagination
from tenants.scope import system_scope

ALL_STATUSES = "pending,confirmed,cancelled,completed,no_show"

REFUSED = {
    "leads/?page_size=201": ("page_size", "out_of_range"),
    "leads/?page_size=0": ("page_size", "out_of_range"),
    "leads/?ordering=notes": ("ordering", "invalid_ordering"),
    "leads/?ordering=name,-name": ("ordering", "invalid_ordering"),
    "leads/?cursor=x": ("cursor", "invalid_cursor"),
    "leads/?count=2": ("count", "invalid"),
    f"leads/?search={'x' * 201}": ("search", "max_length"),
    f"leads/?search={'a+' * 11}": ("search", "too_many_words"),
    "leads/?search=a%07b": ("search", "invalid_characters"),
    f"strategies/?search={'a+' * 11}": ("search", "too_many_words"),
    f"users/?search={'x' * 201}": ("search", "max_length"),
    "leads/?include=strategy.leads.strategy": ("include", "too_deep"),
    "leads/?include=nothing": ("include", "unknown_include"),
    "leads/?fields=strategy.regular_user.leads.name": ("fields", "too_deep"),
    f"leads/?status__in={','.join(['lead'] * 101)}": ("status__in", "too_many_values"),
    "leads/?status__in=lead,,active": ("status__in", "empty"),
    "bookings/?status__in=pending,nothing": ("status__in", "invalid_choice"),
    "bookings/?status=nothing": ("status", "invalid_choice"),
    "contact-submissions/?priority__in=LOW,nothing": ("priority__in", "invalid_choice"),
    f"leads/?email={'x' * 256}": ("email", "max_length"),
    "leads/?name__icontains=a": ("name__icontains", "unknown_parameter"),
    "leads/?limit=1000000": ("limit", "unknown_parameter"),
    "users/?include=strategies.leads&page_size=200": ("page_size", "too_many_rows"),
    f"leads/?id__in={','.join(['1'] * 10_000)}": ("id__in", "unknown_parameter"),
    "leads/?" + "&".join(f"status={number}" for number in range(200)): ("status", "repeated_parameter"),
    "leads/?strategy__name=a": ("strategy__name", "unknown_parameter"),
    "leads/?search=a%00b": ("", "invalid_characters"),
    "conversation-messages/?role=user": ("role", "needs_filter"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_would_scan_or_explode_is_refused_with_a_code(businesses, path):
    answer = businesses[0].get(path)

    assert answer.status_code == 400
    assert [(error["path"], error["code"]) for error in answer.json()["errors"]] == [REFUSED[path]]


def test_small_resources_are_searched_without_accents_too(businesses):
    acme, globex = businesses
    acme.send("PATCH", f"strategies/{acme.strategy.pk}/", {"name": "Zürich 50%_off", "tag": "Élan"})

    for text, number in {"zurich+elan": 1, "ZÜRICH": 1, "50%25": 1, "_": 1, "50_": 0, "zurich+nothing": 0}.items():
        assert (text, len(acme.get(f"strategies/?search={text}").json()["results"])) == (text, number)
        assert globex.get(f"strategies/?search={text}").json()["results"] == []


@pytest.mark.parametrize(
    "path",
    [
        "leads/?page_size=200",
        "leads/?page_size=200&include=bookings,strategy",
        "users/?include=strategies.leads",
        "leads/?status__in=lead,active",
        f"bookings/?status__in={ALL_STATUSES}",
        # The same again and again is the same once.
        f"leads/?include={','.join(['strategy.leads'] * 1000)}",
        f"leads/?search={'%25_%5C' * 40}",
        "conversation-messages/?role=user&lead_id=1",
        "leads/?created_at__gte=2026-02-01T00:00:00Z&created_at__lt=2026-01-01T00:00:00Z&count=true",
    ],
)
def test_what_is_within_its_bounds_is_answered(businesses, path):
    assert businesses[0].get(path).status_code == 200


def test_a_count_ends_at_its_bound_and_says_so(businesses, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_COUNT", 3)
    acme, globex = businesses
    with system_scope("test"):
        for business, number in ((acme, 4), (globex, 3)):
            references = {"sub_account": business.sub_account, "regular_user": business.user}
            for position in range(number):
                Lead.objects.create(name=f"Lead {position}", strategy=business.strategy, **references)

    def counted(business, query=""):
        page = business.get(f"leads/?count=true{query}").json()
        return page["count"], page["count_is_exact"]

    assert counted(acme) == counted(acme, "&search=lead") == counted(acme, "&status=lead") == (3, False)
    assert counted(globex) == counted(globex, "&search=lead") == (3, True)
    assert counted(acme, "&search=3") == (1, True)
    assert counted(acme, "&search=nobody") == (0, True)
    assert "count" not in acme.get("leads/").json()
