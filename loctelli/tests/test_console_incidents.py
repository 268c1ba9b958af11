"""The console's queue: incidents are found, looked into and resolved."""

from django.urls import reverse

from loctelli.tests.console_cast import act, limited_admin, page, signed_in, text
from security.models import AuthAttempt
from security.tests.factories import SecurityIncidentFactory
from tenants.scope import system_scope


def test_an_incident_is_resolved_with_a_note_and_says_by_whom(rows, console, ada):
    incidents = rows.acme.incident, rows.globex.incident

    asked = act(console, "security.securityincident", "resolve", *incidents)
    empty = act(console, "security.securityincident", "resolve", *incidents, confirmed="1", **{"with-note": " "})
    with system_scope("test"):
        rows.acme.incident.refresh_from_db()
        before = rows.acme.incident.resolved
    done = act(
        console, "security.securityincident", "resolve", *incidents, confirmed="1", **{"with-note": "A test of ours."}
    )

    assert "What happened, and what was done about it." in text(asked)
    assert "This field is required" in text(empty)
    assert before is False
    assert "2 incidents resolved" in text(done)
    with system_scope("test"):
        for incident in incidents:
            incident.refresh_from_db()
            assert (incident.resolved, incident.resolved_by) == (True, ada.email)
    shown = text(console.get(page("security.securityincident", "change", rows.acme.incident.pk)))
    assert "A test of ours." in shown


def test_the_note_of_an_incident_that_was_resolved_stays(rows, console):
    act(
        console,
        "security.securityincident",
        "resolve",
        rows.acme.incident,
        confirmed="1",
        **{"with-note": "The first."},
    )

    again = act(
        console,
        "security.securityincident",
        "resolve",
        rows.acme.incident,
        confirmed="1",
        **{"with-note": "The second."},
    )

    assert "0 incidents resolved" in text(again)
    assert "The first." in text(console.get(page("security.securityincident", "change", rows.acme.incident.pk)))


def test_an_incident_is_resolved_from_its_own_page_by_those_who_may(rows, console, ada):
    incident = rows.acme.incident
    shown = console.get(page("security.securityincident", "change", incident.pk)).content.decode()
    url = reverse("console:security_securityincident_do", args=[incident.pk, "resolve"])

    refused = signed_in(limited_admin("security.view_securityincident")).post(
        url, {"confirmed": "1", "with-note": "Mine."}
    )
    asked = console.get(url)
    done = console.post(url, {"confirmed": "1", "with-note": "A test of ours."}, follow=True)
    gone = console.get(reverse("console:security_securityincident_do", args=["nothing", "resolve"]))

    assert url in shown
    assert (refused.status_code, asked.status_code, gone.status_code) == (404, 200, 404)
    assert "A test of ours." in text(done)
    with system_scope("test"):
        incident.refresh_from_db()
    assert incident.resolved_by == ada.email


def test_related_attempts_are_one_click_away(cast, console):
    with system_scope("test"):
        for address in ("198.51.100.1", "198.51.100.2"):
            AuthAttempt.objects.create(
                email=f"eve-{address}@x.example", account_type="user", success=False, ip_address=address
            )
        incident = SecurityIncidentFactory(
            user_id=cast.alice.pk, metadata={"ip_address": "198.51.100.1", "email": "eve-198.51.100.2@x.example"}
        )
    shown = console.get(page("security.securityincident", "change", incident.pk)).content.decode()
    attempts = page("security.authattempt", "changelist")
    links = [f"{attempts}?q=198.51.100.1", f"{attempts}?q=eve-198.51.100.2%40x.example"]

    found = [text(console.get(link)) for link in links]

    assert [link for link in [*links, page("accounts.user", "change", cast.alice.pk)] if link not in shown] == []
    assert ["eve-198.51.100.1@" in listed for listed in found] == [True, False]
    assert ["eve-198.51.100.2@" in listed for listed in found] == [False, True]


def test_incidents_are_filtered(rows, console):
    with system_scope("test"):
        SecurityIncidentFactory(severity="CRITICAL", description="The house is on fire", sub_account_id=None)
    url = page("security.securityincident", "changelist")

    found = ["on fire" in text(console.get(url + tail)) for tail in ("", "?severity__exact=CRITICAL", "?resolved=1")]

    assert found == [True, True, False]
