"""Thousands of generated requests by several tenants at once, over all endpoints: nobody gets at another's."""

import pytest

from loctelli.tests.isolation_requests import endpoints_sent, send_requests
from loctelli.tests.isolation_world import build_world
from tenants.access import Access

REQUESTS, THREADS, TENANTS, ROWS = 5_000, 4, 5, 6


@pytest.mark.django_db(transaction=True)
def test_five_thousand_requests_neither_show_nor_change_nor_reach_what_is_anothers():
    world = build_world(*[ROWS] * TENANTS)

    findings = send_requests(world, requests=REQUESTS, threads=THREADS, seed=1)

    assert findings.errors == []
    assert findings.leaks == []
    assert findings.foreign_writes == []
    assert findings.cross_references == []
    assert len(findings.sent) == REQUESTS
    answered = {endpoint for endpoint, status in findings.sent if status < 300}
    assert [str(endpoint) for endpoint in endpoints_sent() if endpoint not in answered] == []
    hidden = {endpoint for endpoint, status in findings.sent if status == 404}
    hiding = [each for each in endpoints_sent() if each.is_detail and each.model.access != Access.CATALOGUE]
    assert [str(endpoint) for endpoint in hiding if endpoint not in hidden] == []
