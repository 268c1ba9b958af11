import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from rest_framework import exceptions

from accounts.models import User
from crm.models import ContactSubmission, Lead
from loctelli.api import errors
from loctelli.errors import Conflict, DomainError, StillReferenced
from tenants.models import SubAccount
from tenants.scope import system_scope, tenant_scope


class OutOfTea(DomainError):
    code = "out_of_tea"
    status = 409
    detail = "There is no tea."
    headers = {"Retry-After": "60"}


def answer(exception: Exception, method: str = "POST"):
    request = RequestFactory().generic(method, "/api/v1/x/")
    return errors.exception_handler(exception, {"request": request})


def test_a_domain_error_is_answered_with_its_code_status_and_headers():
    response = answer(OutOfTea())

    assert response.status_code == 409
    assert response.headers["Retry-After"] == "60"
    assert response.data == {"code": "out_of_tea", "detail": "There is no tea.", "errors": []}


def test_nested_errors_are_answered_by_path():
    detail = {
        "name": ["Wrong."],
        "booking": {"details": {"date": [exceptions.ErrorDetail("Missing.", code="required")]}},
        "slots": [{}, {"from": ["Late."]}],
        "non_field_errors": ["Both."],
    }
    response = answer(exceptions.ValidationError(detail))

    assert response.data["code"] == "validation_error"
    assert [(error["path"], error["code"]) for error in response.data["errors"]] == [
        ("name", "invalid"),
        ("booking.details.date", "required"),
        ("slots.1.from", "invalid"),
        ("", "invalid"),
    ]


def test_a_models_own_validation_is_answered_by_path():
    response = answer(ValidationError({"name": ValidationError("Too %(what)s.", code="long", params={"what": "long"})}))

    assert response.status_code == 400
    assert response.data["errors"] == [{"path": "name", "code": "long", "detail": "Too long."}]


def test_rest_frameworks_errors_have_our_codes_unless_somebody_chose_another():
    plain, chosen = answer(exceptions.NotFound()), answer(exceptions.PermissionDenied("Join first.", code="onboarding"))
    throttled = answer(exceptions.Throttled(wait=2.5))

    assert plain.data["code"] == "not_found"
    assert (chosen.data["code"], chosen.data["detail"]) == ("onboarding", "Join first.")
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "3")


def test_what_is_nobodys_fault_is_left_to_django():
    assert answer(RuntimeError()) is None
    assert answer(IntegrityError("without a cause")) is None


def test_outside_of_views_the_api_answers_in_the_same_shape_and_pages_do_not():
    api, page = RequestFactory().get("/api/v1/x/"), RequestFactory().get("/elsewhere/")

    for handler, status, code in [
        (lambda request: errors.bad_request(request, ValueError()), 400, "bad_request"),
        (lambda request: errors.permission_denied(request, ValueError()), 403, "permission_denied"),
        (lambda request: errors.not_found(request, ValueError()), 404, "not_found"),
        (errors.server_error, 500, "server_error"),
    ]:
        assert handler(api).status_code == status
        assert json.loads(handler(api).content)["code"] == code
        assert handler(page).status_code == status
        assert handler(page).headers["Content-Type"].startswith("text/html")


def refusal_of(write, method: str = "POST") -> DomainError:
    """Return what the client is told of a write that PostgreSQL refuses."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write()
    error = errors.as_domain_error(refused.value, {"request": RequestFactory().generic(method, "/")})
    assert error is not None
    return error


def test_a_refused_deletion_says_what_still_needs_the_row(one):
    with system_scope("a test"):
        ContactSubmission.objects.create(
            sub_account=one.sub_account, full_name="x", email="x@x.x", phone="1", services="x"
        )

        error = refusal_of(lambda: SubAccount.objects.filter(pk=one.sub_account.pk).delete(), "DELETE")

    assert isinstance(error, StillReferenced)
    assert (error.status, error.code) == (409, "still_referenced")
    assert "contact submissions" in error.detail


def test_counts_of_what_refers_to_a_row_are_errors_of_their_own():
    response = answer(StillReferenced(counts={"form_submissions": 12}))

    assert response.data["errors"] == [
        {"path": "form_submissions", "code": "still_referenced", "detail": "12 form submissions"}
    ]


def test_a_constraint_that_row_security_keeps_silent_about_still_names_its_field(one, two):
    with tenant_scope(one.sub_account.pk):
        error = refusal_of(lambda: User.objects.filter(pk=one.user.pk).update(email=two.user.email))

    assert error.errors == [{"path": "email", "code": "unique", "detail": "This is already taken."}]


def test_a_reference_that_leads_nowhere_names_its_field(one, two):
    with tenant_scope(one.sub_account.pk):
        error = refusal_of(
            lambda: Lead.objects.create(name="x", regular_user_id=two.user.pk, strategy_id=one.strategy.pk)
        )

    assert [(found["path"], found["code"]) for found in error.errors] == [("regular_user_id", "does_not_exist")]


def test_a_missing_value_names_its_column(one):
    with tenant_scope(one.sub_account.pk):
        error = refusal_of(lambda: User.objects.filter(pk=one.user.pk).update(name=None))

    assert [(found["path"], found["code"]) for found in error.errors] == [("name", "required")]


def test_a_check_says_its_sentence(one):
    with tenant_scope(one.sub_account.pk):
        error = refusal_of(lambda: User.objects.filter(pk=one.user.pk).update(booking_enabled=2))

    assert error.errors == [{"path": "booking_enabled", "code": "invalid", "detail": "Must be 0 or 1."}]


def test_a_conflict_has_a_sentence_of_its_own():
    assert answer(Conflict("Taken at that time.")).data["detail"] == "Taken at that time."
