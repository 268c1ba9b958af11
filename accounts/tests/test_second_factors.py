"""Authenticator apps: a code is good for its time and one use, a secret is never stored readably."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts import second_factors
from accounts.second_factors import WrongCode
from accounts.tests.authenticator import code_of, enrol
from accounts.tests.factories import AdminUserFactory
from security import platform_secrets
from security.keys import DecryptionFailed
from security.models import RecoveryCode, SecondFactor, SecurityIncident
from security.throttling import Throttled
from tenants import qr
from tenants.scope import system_scope


def test_the_app_is_asked_for_once_its_first_code_was_right(ada, clock):
    secret = second_factors.begin_enrolment(ada)
    with system_scope("test"):
        before = second_factors.has_second_factor(ada)
    with pytest.raises(WrongCode):
        second_factors.confirm_enrolment(ada, code_of(secret, steps=5))

    second_factors.confirm_enrolment(ada, code_of(secret))

    with system_scope("test"):
        assert (before, second_factors.has_second_factor(ada)) == (False, True)


def test_the_secret_stays_the_same_while_it_is_set_up_and_changes_after_a_time(ada, clock):
    first, again = second_factors.begin_enrolment(ada), second_factors.begin_enrolment(ada)
    with system_scope("test"):
        SecondFactor.objects.update(created_at="2020-01-01T00:00:00Z")

    later = second_factors.begin_enrolment(ada)

    assert first == again
    assert later != first


@pytest.mark.parametrize(
    ("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)], ids=lambda value: str(value)
)
def test_a_code_is_good_one_step_before_and_after_its_own(steps, accepted, ada, enrolled):
    code = code_of(enrolled[0], steps=steps)

    assert is_accepted(ada, code) == accepted


def another_admin():
    with system_scope("test"):
        return AdminUserFactory()


def is_accepted(admin, code: str) -> bool:
    try:
        second_factors.check_code(admin, code)
    except WrongCode:
        return False
    return True


def test_a_code_is_good_once_and_no_earlier_one_after_it(ada, enrolled):
    secret = enrolled[0]

    found = [is_accepted(ada, code_of(secret, steps=steps)) for steps in (0, 0, -1, 1, 1)]

    assert found == [True, False, False, True, False]


def test_the_code_of_the_enrolment_is_spent(ada, clock):
    secret, _ = enrol(ada)

    assert not is_accepted(ada, code_of(secret))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1e5", " ", "\x00" * 6])
def test_what_is_no_code_is_wrong(code, ada, enrolled):
    assert not is_accepted(ada, code)


def test_a_code_may_be_typed_in_groups(ada, enrolled):
    code = code_of(enrolled[0])

    assert is_accepted(ada, f" {code[:3]} {code[3:]} ")


def test_each_of_ten_recovery_codes_lets_in_once(ada, enrolled):
    codes = enrolled[1]

    first = [is_accepted(ada, code.upper().replace("-", " ").replace("O", "0")) for code in codes[:6]]
    second = [is_accepted(ada, code) for code in codes[:6]]

    assert len(set(codes)) == 10
    assert (first, second) == ([True] * 6, [False] * 6)
    with system_scope("test"):
        assert second_factors.recovery_codes_left(ada) == 4


def test_new_recovery_codes_take_the_place_of_the_old_ones(ada, enrolled):
    with system_scope("test"):
        new = second_factors.replace_recovery_codes(ada)

    assert [is_accepted(ada, enrolled[1][0]), is_accepted(ada, new[0])] == [False, True]


def test_a_code_of_somebody_elses_app_is_wrong(ada, enrolled, clock):
    with system_scope("test"):
        other = AdminUserFactory()
    enrol(other)

    assert not is_accepted(other, code_of(enrolled[0]))
    assert not is_accepted(other, enrolled[1][0])


def test_tries_are_counted_right_ones_too(ada, enrolled, settings):
    settings.SECOND_FACTOR_THROTTLE = "3/3600"  # one of which went to the enrolment, under another rate
    tries = [is_accepted(ada, "000000") for _ in range(3)]

    with pytest.raises(Throttled):
        second_factors.check_code(ada, code_of(enrolled[0]))

    assert tries == [False] * 3


def test_neither_secret_nor_recovery_codes_are_stored_readably(ada, enrolled):
    secret, codes = enrolled
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(f)::text FROM second_factors f")
        stored = cursor.fetchall()
        cursor.execute("SELECT row_to_json(c)::text FROM recovery_codes c")
        stored = str([*stored, *cursor.fetchall()])

    assert "ring:v1:" in stored
    found = [word for word in (secret, secret.lower(), *codes) if word in stored or word.replace("-", "") in stored]
    assert found == []


def test_a_secret_copied_to_another_admins_row_does_not_open(ada, enrolled, clock):
    with system_scope("test"):
        other = AdminUserFactory()
    enrol(other)
    with system_scope("test"):
        stolen = SecondFactor.objects.get(admin=other).secret
        SecondFactor.objects.filter(admin=ada).update(secret=stolen)

    with pytest.raises(DecryptionFailed):
        second_factors.check_code(ada, "123456")


def test_a_removed_app_takes_its_recovery_codes_along(ada, enrolled):
    with system_scope("test"):
        removed = second_factors.remove_second_factor(ada), second_factors.remove_second_factor(ada)
        left = RecoveryCode.objects.count(), SecondFactor.objects.count()

    assert removed == (True, False)
    assert left == (0, 0)
    assert not is_accepted(ada, enrolled[1][0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_many_requests_with_one_code_one_gets_through(kind, transactional_db, ada, enrolled):
    code = code_of(enrolled[0]) if kind == "app" else enrolled[1][0]

    def attempt(_):
        try:
            return is_accepted(ada, code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attempt, range(12)))

    assert sorted(found) == [False] * 11 + [True]


@pytest.mark.django_db(transaction=True)
def test_a_code_that_two_have_found_right_is_spent_by_one(ada, enrolled, monkeypatch):
    """Both have read the app's last code before either spends the next: the one UPDATE decides."""
    both, secret_of = Barrier(2), second_factors._secret_of

    def wait_for_the_other(factor) -> str:
        both.wait(60)
        return secret_of(factor)

    def accepted(code: str) -> bool:
        try:
            return is_accepted(ada, code)
        finally:
            connection.close()

    monkeypatch.setattr(second_factors, "_secret_of", wait_for_the_other)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(accepted, [code_of(enrolled[0])] * 2))

    assert sorted(results) == [False, True]


def test_the_qr_code_names_issuer_account_and_secret_and_asks_nobody(ada):
    uri = second_factors.provisioning_uri(ada, "ABC")

    assert uri == "otpauth://totp/Loctelli%3Aada%40loctelli.example?secret=ABC&issuer=Loctelli&digits=6"
    drawn = qr.as_svg(uri)
    assert drawn.startswith("<svg")
    assert "http" not in drawn


def test_a_secret_that_was_changed_is_reported_and_a_recovery_code_still_lets_in(ada, enrolled, client):
    other = enrol(another_admin())
    with system_scope("test"):
        stolen = SecondFactor.objects.exclude(admin=ada).get().secret
        SecondFactor.objects.filter(admin=ada).update(secret=stolen)

    with pytest.raises(DecryptionFailed, match=r"second_factors\.secret"):
        second_factors.check_code(ada, code_of(other[0]))

    with system_scope("test"):
        incident = SecurityIncident.objects.get()
    assert (incident.type, incident.severity, incident.metadata["admin_id"]) == (
        "INTEGRITY_VIOLATION",
        "CRITICAL",
        ada.pk,
    )
    assert is_accepted(ada, enrolled[1][0])


def test_a_secret_that_waits_to_be_confirmed_and_was_changed_is_replaced(ada, clock):
    second_factors.begin_enrolment(ada)
    with system_scope("test"):
        SecondFactor.objects.update(secret=platform_secrets.seal("x", table="other", column="secret", row_id=1))

    secret = second_factors.begin_enrolment(ada)

    assert len(second_factors.confirm_enrolment(ada, code_of(secret))) == 10
