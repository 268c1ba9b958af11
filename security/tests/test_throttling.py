import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import RequestFactory

from loctelli.errors import DomainError
from loctelli.tests.alongside import finish, launch
from security import throttling
from security.throttling import (
    Rate,
    Throttled,
    ThrottledTooLate,
    Verdict,
    client_address,
    hit,
    hit_each,
    rate_limit_headers,
    spend,
)
from tenants.scope import system_scope, tenant_scope


@pytest.fixture
def key(request) -> str:
    """A key of this test's own: the counters are no model's, so no test empties them."""
    return f"{request.node.nodeid} {time.time_ns()}"


def rows() -> list[tuple]:
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT key, hits FROM throttle_counters")
        return cursor.fetchall()


def test_a_rate_is_read():
    assert Rate.parse("600/60") == Rate(600, 60)
    assert str(Rate(600, 60)) == "600/60"


@pytest.mark.parametrize(
    "text", ["", "600", "0/60", "600/0", "-1/60", "600/86401", "600/60s", "٣/60", "6e2/60", " 1/1"]
)
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="is no rate"):
        Rate.parse(text)


@pytest.mark.django_db
def test_hits_are_let_through_up_to_the_limit(key):
    verdicts = [hit(key, Rate(2, 60)) for _ in range(4)]

    assert [verdict.allowed for verdict in verdicts] == [True, True, False, False]
    assert [verdict.remaining for verdict in verdicts] == [1, 0, 0, 0]
    assert all(50 <= verdict.reset_seconds <= 60 for verdict in verdicts)


@pytest.mark.django_db
def test_one_hit_too_many_to_spend_is_refused_by_the_name_of_its_policy(key):
    spend("guesses", key, Rate(1, 60))

    with pytest.raises(Throttled) as refused:
        spend("guesses", key, Rate(1, 60))

    assert refused.value.headers["RateLimit"].startswith('"guesses";r=0;t=')


@pytest.mark.django_db
def test_keys_and_rates_are_counted_apart(key):
    assert not [hit(key, Rate(1, 60)) for _ in range(2)][-1].allowed

    assert hit(key + "2", Rate(1, 60)).allowed
    assert hit(key, Rate(1, 61)).allowed


@pytest.mark.django_db
def test_a_window_that_is_over_begins_anew(key):
    assert not [hit(key, Rate(1, 3)) for _ in range(2)][-1].allowed

    time.sleep(3.1)

    assert hit(key, Rate(1, 3)) == Verdict(allowed=True, limit=1, remaining=0, reset_seconds=3, window_seconds=3)


@pytest.mark.django_db
def test_hits_refused_do_not_put_the_end_of_the_window_off(key):
    hit(key, Rate(1, 60))
    time.sleep(1.1)

    assert hit(key, Rate(1, 60)).reset_seconds < 60


@pytest.mark.django_db(transaction=True)
def test_parallel_hits_are_counted_exactly(key):
    rate = Rate(100, 60)

    def hits(_: int) -> list[Verdict]:
        try:
            return [hit(key, rate) for _ in range(60)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        verdicts = [verdict for batch in threads.map(hits, range(8)) for verdict in batch]

    assert len(verdicts) == 480
    assert sum(verdict.allowed for verdict in verdicts) == 100
    assert sorted(verdict.remaining for verdict in verdicts if verdict.allowed) == list(range(100))
    assert hit(key, Rate(481, 60)).remaining == 480


@pytest.mark.django_db(transaction=True)
def test_a_hit_counts_whatever_becomes_of_the_request(key, acme):
    hit(key, Rate(5, 60))
    with tenant_scope(acme.pk):
        transaction.set_rollback(True)

    assert hit(key, Rate(5, 60)).remaining == 3


@pytest.mark.django_db(transaction=True)
def test_two_requests_of_one_tenant_do_not_wait_for_each_other(key, acme):
    hit(key, Rate(5, 60))
    counted = threading.Event()

    def other_request() -> None:
        try:
            hit(key, Rate(5, 60))
            counted.set()
        finally:
            connection.close()

    with tenant_scope(acme.pk):
        thread = threading.Thread(target=other_request)
        thread.start()
        thread.join(timeout=30)
        assert counted.is_set()


@pytest.mark.django_db(transaction=True)
def test_a_hit_inside_a_transaction_is_a_mistake(key, acme):
    with tenant_scope(acme.pk), pytest.raises(ThrottledTooLate):
        hit(key, Rate(5, 60))
    with transaction.atomic(), pytest.raises(ThrottledTooLate):
        hit(key, Rate(5, 60))


@pytest.mark.django_db
def test_no_key_is_stored_in_clear(key):
    before = set(rows())
    hit(f"login:account:alice@acme.example 203.0.113.7 {key}", Rate(5, 60))

    ((name, hits),) = set(rows()) - before
    assert re.fullmatch("[0-9a-f]{64}", name)
    assert hits == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM throttle_counters",
        "DELETE FROM throttle_counters",
        "UPDATE throttle_counters SET hits = 1",
        "INSERT INTO throttle_counters VALUES ('x', now(), 1, now())",
        "TRUNCATE throttle_counters",
    ],
)
def test_a_tenant_can_neither_read_nor_reset_the_counters(acme, statement):
    refusal = pytest.raises(ProgrammingError, match="permission denied")
    with tenant_scope(acme.pk), connection.cursor() as cursor, refusal:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_a_table_of_the_callers_own_does_not_stand_in_for_the_counters(key):
    with connection.as_owner(), connection.cursor() as cursor:
        # The application's own role may not even make one.
        cursor.execute("CREATE TEMPORARY TABLE throttle_counters (LIKE throttle_counters INCLUDING INDEXES)")
        hit(key, Rate(5, 60))
        cursor.execute("SELECT count(*) FROM throttle_counters")
        in_their_table = cursor.fetchone()[0]

    assert in_their_table == 0
    assert hit(key, Rate(5, 60)).remaining == 3


@pytest.mark.django_db
def test_pruning_removes_the_counters_whose_window_is_over_and_no_other(key):
    with system_scope("test"):
        throttling.prune()
    for number in range(300):
        hit(f"{key} 2001:db8:{number:x}::/64 {'long' * 1000}", Rate(5, 1))
    hit(key, Rate(5, 60))
    grown = len(rows())

    time.sleep(1.1)
    with system_scope("test"):
        pruned = throttling.prune()

    assert (grown, pruned, len(rows())) == (301, 300, 1)
    assert hit(key, Rate(5, 60)).remaining == 3


HITTER = """
import sys
from security.throttling import Rate, hit_each
key, limit = sys.argv[1], int(sys.argv[2])
policies = {"user": (f"{key} user {sys.argv[3]}", Rate(limit, 600)), "all": (key, Rate(limit, 600))}
allowed = [all(verdict.allowed for verdict in hit_each(policies).values()) for _ in range(100)]
print(sum(allowed))
"""


@pytest.mark.django_db(transaction=True)
def test_hits_of_several_processes_are_counted_exactly(key):
    processes = [launch(HITTER, key, 250, number) for number in range(4)]

    allowed = [int(finish(process)) for process in processes]

    assert sum(allowed) == 250
    assert hit(key, Rate(250, 600)).allowed is False


@pytest.mark.django_db
def test_one_statement_counts_a_request_on_several_keys(key, django_assert_num_queries):
    with django_assert_num_queries(1):
        verdicts = hit_each({"user": (f"{key} 1", Rate(2, 6000)), "all": (key, Rate(3, 3000))})

    counted = {name: (v.limit, v.remaining, v.window_seconds) for name, v in verdicts.items()}
    assert counted == {"user": (2, 1, 6000), "all": (3, 2, 3000)}
    assert 5900 < verdicts["user"].reset_seconds <= 6000
    assert 2900 < verdicts["all"].reset_seconds <= 3000


@pytest.mark.django_db
def test_what_a_narrow_key_refuses_is_not_counted_on_a_wider_one(key):
    flood = [hit_each({"user": (f"{key} 1", Rate(2, 60)), "all": (key, Rate(4, 60))}) for _ in range(50)]
    colleague = [hit_each({"user": (f"{key} 2", Rate(9, 60)), "all": (key, Rate(4, 60))}) for _ in range(3)]

    assert [list(verdicts) for verdicts in flood] == [["user", "all"]] * 2 + [["user"]] * 48
    assert [verdicts["all"].allowed for verdicts in colleague] == [True, True, False]


ALLOWED = Verdict(allowed=True, limit=600, remaining=599, reset_seconds=60, window_seconds=60)
REFUSED = Verdict(allowed=False, limit=20, remaining=0, reset_seconds=41, window_seconds=60)


def test_the_headers_are_those_of_the_draft():
    assert rate_limit_headers({"api": ALLOWED, "login": REFUSED}) == {
        "RateLimit-Policy": '"api";q=600;w=60, "login";q=20;w=60',
        "RateLimit": '"api";r=599;t=60, "login";r=0;t=41',
    }


def test_a_refusal_says_when_to_come_back():
    refusal = Throttled({"api": ALLOWED, "login": REFUSED})

    assert isinstance(refusal, DomainError)
    assert (refusal.code, refusal.status) == ("throttled", 429)
    assert refusal.detail == "Too many requests: try again in 41 seconds."
    assert refusal.headers["Retry-After"] == "41"
    assert refusal.headers["RateLimit"] == '"api";r=599;t=60, "login";r=0;t=41'


@pytest.mark.parametrize(
    ("hops", "forwarded", "remote", "expected"),
    [
        (0, None, "203.0.113.7", "203.0.113.7"),
        (0, "198.51.100.1", "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1,10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, None, "10.0.0.1", "10.0.0.1"),
        (1, "6.6.6.6, unknown", "10.0.0.1", "10.0.0.1"),
        (1, "198.51.100.1:4711", "10.0.0.1", "198.51.100.1"),
        (1, "[2001:db8:1:2:3::4]:4711", "10.0.0.1", "2001:db8:1:2::/64"),
        (0, None, "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (0, None, "::ffff:203.0.113.7", "203.0.113.7"),
        (0, None, "fe80::1%eth0", "fe80::/64"),
        (0, None, "", "unknown"),
    ],
)
def test_a_client_is_known_by_the_address_the_trusted_proxies_saw(settings, hops, forwarded, remote, expected):
    settings.TRUSTED_PROXY_HOPS = hops
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **headers)

    assert client_address(request) == expected
