import json

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory

from loctelli import health


def body(response):
    return json.loads(response.content)


def test_healthz_asks_nothing_of_anyone(client):
    response = client.get("/healthz")

    assert (response.status_code, body(response)) == (200, {"status": "ok"})


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "nobody.example"])
def test_a_load_balancer_may_ask_under_any_name(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200
    assert client.get("/api/v1/leads/", headers={"Host": host}).status_code == 400


def test_readyz_names_a_worker_that_is_silent(client, db):
    response = client.get("/readyz")

    answer = body(response)
    assert response.status_code == 503
    assert answer["code"] == "not_ready"
    assert answer["checks"] == {"database": "ok", "migrations": "ok", "worker": "silent"}
    assert response["Retry-After"] == "5"


@pytest.mark.django_db(transaction=True)
def test_readyz_is_content_with_a_worker_that_reported_lately(client):
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")

    response = client.get("/readyz")

    assert response.status_code == 200
    assert body(response)["checks"] == {"database": "ok", "migrations": "ok", "worker": "ok"}


@pytest.mark.django_db(transaction=True)
def test_readyz_names_a_worker_that_has_stopped_reporting(client):
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '31 seconds')")

    response = client.get("/readyz")

    assert body(response)["checks"]["worker"] == "silent"


@pytest.mark.django_db(transaction=True)
def test_readyz_names_a_missing_migration(client):
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'crm' AND name = '0001_initial' RETURNING applied")
        applied = cursor.fetchone()
    try:
        response = client.get("/readyz")
    finally:
        with connection.as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('crm', '0001_initial', %s)", applied
            )

    assert body(response)["checks"]["migrations"] == "missing"


@pytest.mark.parametrize("path", ["/api/v1/leads/", "/readyz"])
def test_an_outage_is_a_503_in_the_api_s_error_shape(path):
    response = health.outage_response(RequestFactory().get(path))

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert body(response) == {
        "code": "database_unavailable",
        "detail": "The database can't be reached right now; try again in a few seconds.",
        "errors": [],
    }


def test_an_outage_is_a_page_for_a_person():
    response = health.outage_response(RequestFactory().get("/console/"))

    assert (response.status_code, response["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert b"Back in a moment" in response.content


@pytest.mark.parametrize(("error", "status"), [(OperationalError("gone"), 503), (ZeroDivisionError("ours"), 500)])
def test_an_outage_in_any_middleware_is_noticed_and_other_failures_stay_what_they_are(error, status, settings, caplog):
    from django.core.handlers.exception import convert_exception_to_response

    def inner_middleware(request):
        raise error

    middleware = health.DatabaseOutageMiddleware(convert_exception_to_response(inner_middleware))

    response = middleware(RequestFactory().get("/api/v1/leads/"))

    assert response.status_code == status


def test_a_request_that_succeeds_is_left_alone():
    middleware = health.DatabaseOutageMiddleware(lambda request: HttpResponse("fine"))

    assert middleware(RequestFactory().get("/api/v1/leads/")).content == b"fine"
