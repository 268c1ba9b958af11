"""Serializers of a kind share their fields, but for those that know whose request it is."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from crm.models import Lead
from crm.serializers import LeadSerializer
from loctelli.tests.api_world import lift_throttles
from loctelli.tests.cast import client_of
from tenants.scope import system_scope

LEADS = "/api/v1/leads/"
# What it was called with, by which alone Django REST framework copies a serializer, and how many came before it.
MADE_ANEW = dict.fromkeys(("_args", "_kwargs", "_creation_counter"))


def test_fields_are_shared_but_for_those_that_look_rows_up_or_keep_a_body():
    one, another = (LeadSerializer.of_body({}, partial=False, context={"view": view}) for view in ("one", "another"))

    shared = {name for name in one.fields if one.fields[name] is another.fields[name]}

    assert set(one.fields) - shared == {"regular_user_id", "strategy_id", "sub_account_id", "booking"}
    assert one.fields["strategy_id"].context == {"view": "one"}
    assert another.fields["booking"].fields["regular_user_id"].context == {"view": "another"}


@pytest.mark.parametrize("partial", [False, True])
def test_a_serializer_of_a_body_is_what_django_rest_framework_makes_of_it(partial):
    body, context = {"name": "Zoë"}, {"view": None}

    made, usual = (
        LeadSerializer.of_body(body, partial=partial, context=context),
        LeadSerializer(data=body, partial=partial, context=context),
    )

    assert {**vars(made), **MADE_ANEW} == {**vars(usual), **MADE_ANEW}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], {"non_field_errors": ["invalid"]}),
        ({}, {"name": ["required"], "regular_user_id": ["required"], "strategy_id": ["required"]}),
        ({"name": None}, {"name": ["null"]}),
        ({"name": " \n "}, {"name": ["blank"]}),
        ({"name": 5}, {"name": ["invalid"]}),
        ({"name": "n" * 256}, {"name": ["max_length"]}),
        ({"name": "a\x00b"}, {"name": ["null_characters_not_allowed"]}),
        ({"name": "a\ud800b"}, {"name": ["surrogate_characters_not_allowed"]}),
        ({"email": "nobody"}, {"email": ["invalid"]}),
        (
            {"id": 5, "nickname": "Z", "phone": 1},
            {"phone": ["invalid"], "id": ["read_only"], "nickname": ["unknown_field"]},
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_said_by_field(body, errors):
    serializer = LeadSerializer.of_body(body, partial=bool(body), context={})

    assert not serializer.is_valid()
    assert {name: [found.code for found in details] for name, details in serializer.errors.items()} == errors


def test_white_space_around_text_is_left_out():
    serializer = LeadSerializer.of_body({"name": "  Zoë\n", "notes": None}, partial=True, context={})

    assert serializer.is_valid()
    assert serializer.validated_data == {"name": "Zoë", "notes": None}


@pytest.mark.django_db(transaction=True)
def test_businesses_that_write_at_the_same_time_refer_to_nothing_but_their_own(cast, settings):
    lift_throttles(settings)
    of = {
        "acme": (client_of(cast.alice), cast.alice, cast.acme_strategy, cast.globex_strategy),
        "globex": (client_of(cast.mallory), cast.mallory, cast.globex_strategy, cast.acme_strategy),
    }

    def writes(name: str) -> list[int]:
        client, person, own, foreign = of[name]
        try:
            return [
                client.post(LEADS, {"name": name, "regular_user_id": person.pk, "strategy_id": strategy.pk}).status_code
                for _ in range(40)
                for strategy in (own, foreign)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(writes, ["acme", "globex"] * 2))

    assert answers == [[201, 400] * 40] * 4
    with system_scope("test"):
        made = set(Lead.objects.values_list("name", "sub_account_id", "strategy_id"))
    assert made == {
        ("acme", cast.acme.pk, cast.acme_strategy.pk),
        ("globex", cast.globex.pk, cast.globex_strategy.pk),
    }
