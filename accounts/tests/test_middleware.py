"""The binding of a request: it ends with its account, commits or rolls back as a whole, and is throttled before."""

import re

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.models import User
from accounts.tests.factories import issue_token
from tenants.models import IdempotencyKey, SubAccount
from tenants.scope import current_scope, is_bound, system_scope

ME, USERS = "/api/v1/me/", "/api/v1/users/"


def write_and_answer(request: HttpRequest, status: int) -> HttpResponse:
    """A view of a test: writes, then answers with a status."""
    User.objects.filter(pk=request.principal.pk).update(company="written")
    return HttpResponse(status=status)


def write_and_fail(request: HttpRequest) -> HttpResponse:
    User.objects.filter(pk=request.principal.pk).update(company="written")
    raise RuntimeError("after the write")


def tell_scope(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.sub_account_id', true)")
        return HttpResponse(f"{current_scope().sub_account_id} {cursor.fetchone()[0]}")


urlpatterns = [
    path("api/v1/", include("accounts.urls")),
    path("api/v1/answer/<int:status>/", write_and_answer),
    path("api/v1/fail/", write_and_fail),
    path("api/v1/scope/", tell_scope),
]


def change(model, pk: int, **values) -> None:
    with system_scope("test"):
        model.objects.filter(pk=pk).update(**values)


def company(user: User) -> str | None:
    with system_scope("test"):
        return User.objects.values_list("company", flat=True).get(pk=user.pk)


def bearer(user: User, **headers) -> Client:
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {issue_token(user)}", **headers})


def disable_user(cast) -> None:
    change(User, cast.alice.pk, is_active=False)


def disable_sub_account(cast) -> None:
    change(SubAccount, cast.acme.pk, is_active=False)


def move_user(cast) -> None:
    change(User, cast.ben.pk, sub_account_id=cast.globex.pk)


def change_password(cast) -> None:
    change(User, cast.alice.pk, password=make_password("another horse battery staple"))


def delete_user(cast) -> None:
    with system_scope("test"):
        User.objects.filter(pk=cast.alice.pk).delete()


@pytest.mark.django_db
@pytest.mark.parametrize("end", [disable_user, disable_sub_account, move_user, change_password, delete_user])
def test_a_token_ends_with_the_next_request_after_its_account_changed(cast, end):
    with system_scope("test"):
        # Somebody to whom nothing belongs yet, so that she can be moved.
        cast.ben = User.objects.create(name="Ben", email="ben@acme.example", password="!", sub_account=cast.acme)
    client = bearer(cast.ben if end is move_user else cast.alice)
    assert client.get(ME).status_code == 200

    end(cast)

    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert client.patch(ME, {"company": "x"}, content_type="application/json").status_code == 401


@pytest.mark.django_db
def test_a_disabled_user_who_is_enabled_again_goes_on_with_the_same_token(alice):
    client = bearer(alice)
    change(User, alice.pk, is_active=False)
    refused = client.get(ME).status_code

    change(User, alice.pk, is_active=True)

    assert (refused, client.get(ME).status_code) == (401, 200)


@pytest.mark.django_db
def test_a_role_taken_away_is_gone_with_the_next_request(alice):
    client = bearer(alice)
    allowed = client.delete(f"{USERS}999/").status_code

    change(User, alice.pk, role="user")

    assert (allowed, client.delete(f"{USERS}999/").status_code) == (404, 403)


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_an_answer_of_400_or_more_takes_everything_back(alice, status):
    assert bearer(alice).get(f"/api/v1/answer/{status}/").status_code == status
    assert company(alice) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", [200, 201, 204, 301, 399])
def test_any_other_answer_keeps_it(alice, status):
    assert bearer(alice).get(f"/api/v1/answer/{status}/").status_code == status
    assert company(alice) == "written"


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls(__name__)
def test_a_failure_takes_everything_back_and_leaves_the_connection_bound_to_nobody(alice):
    assert bearer(alice).get("/api/v1/fail/").status_code == 500

    assert company(alice) is None
    assert not is_bound()


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_python_and_postgresql_are_bound_to_the_tokens_sub_account(cast):
    answers = {bearer(user).get("/api/v1/scope/").content.decode() for user in (cast.alice, cast.mallory)}

    assert answers == {f"{pk} {pk}" for pk in (cast.acme.pk, cast.globex.pk)}


@pytest.mark.django_db
def test_a_refused_write_frees_its_idempotency_key(alice):
    client = bearer(alice, **{"Idempotency-Key": "k1"})

    refused = client.post(f"{USERS}invite/", {"name": "x"}, content_type="application/json")

    assert refused.status_code == 400
    with system_scope("test"):
        assert IdempotencyKey.objects.count() == 0


@pytest.mark.django_db
def test_past_the_throttle_nothing_happens_but_an_answer_that_says_when_to_come_back(alice, mallory, settings):
    settings.API_THROTTLE, settings.SUB_ACCOUNT_THROTTLE = "2/60", "9/60"
    client = bearer(alice)
    first, second = client.get(ME), client.get(ME)

    refused = client.patch(ME, {"company": "x"}, content_type="application/json")

    assert [re.sub(r";t=\d+", "", answer.headers["RateLimit"]) for answer in (first, second)] == [
        '"api";r=1, "sub_account";r=8',
        '"api";r=0, "sub_account";r=7',
    ]
    assert first.headers["RateLimit-Policy"] == '"api";q=2;w=60, "sub_account";q=9;w=60'
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"] == f'"api";r=0;t={refused.headers["Retry-After"]}'
    assert refused.headers["RateLimit-Policy"] == '"api";q=2;w=60'
    assert company(alice) is None
    assert bearer(mallory).get(ME).status_code == 200


@pytest.mark.django_db
def test_a_user_is_throttled_whichever_token_is_used(alice, settings):
    settings.API_THROTTLE = "1/60"

    assert [bearer(alice).get(ME).status_code for _ in range(2)] == [200, 429]


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "queries"), [("/healthz", 0), ("/nowhere", 0), ("/api/v1/auth/login/", 1)])
def test_elsewhere_a_token_binds_nothing(alice, address, queries, django_assert_num_queries):
    client = bearer(alice)

    with django_assert_num_queries(queries):  # the throttle's count
        client.get(address)


@pytest.mark.django_db
def test_a_bound_request_costs_its_scope_its_throttle_its_user_and_the_row(alice, django_assert_num_queries):
    client = bearer(alice)
    client.get(ME)

    # Count, savepoint, binding, the user, the row itself, release, and unbinding: in a test's transaction.
    with django_assert_num_queries(7):
        client.get(ME)
