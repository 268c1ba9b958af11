"""Incidents: written down in spite of a rollback, once for the same thing, told by e-mail, and of what was changed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from django.db import connection
from django.test import override_settings
from procrastinate.contrib.django import app
from procrastinate.testing import InMemoryConnector

from crm.conversations import append_message, find_broken_messages
from crm.models import Lead
from crm.tests.factories import LeadFactory
from loctelli.database.ports import free_port
from security import incidents, jobs
from security.choices import IncidentType, Severity
from security.encryption import DecryptionFailed
from security.models import ConversationMessage, SecurityIncident
from tenants.scope import system_scope, tenant_scope


def all_incidents() -> list[SecurityIncident]:
    with system_scope("test"):
        return list(SecurityIncident.objects.order_by("created_at"))


def report(**changes) -> None:
    incidents.report(
        changes.pop("type", IncidentType.PROMPT_INJECTION),
        **{"severity": Severity.LOW, "description": "A test.", "metadata": {"address": "192.0.2.1"}, **changes},
    )


def test_an_incident_outlives_the_request_that_is_rolled_back(cast):
    def fail_after_reporting() -> None:
        with tenant_scope(cast.acme.pk):
            report(sub_account_id=cast.acme.pk, user_id=cast.alice.pk)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_reporting()

    (incident,) = all_incidents()
    assert (incident.sub_account_id, incident.user_id, incident.severity) == (cast.acme.pk, cast.alice.pk, "LOW")
    assert incident.metadata == {"address": "192.0.2.1", "count": 1}


@pytest.mark.django_db
def test_the_same_again_is_counted_with_what_is_new_and_the_worst_severity():
    report()
    report(metadata={"address": "192.0.2.2"})
    report(severity=Severity.HIGH)

    (incident,) = all_incidents()
    assert (incident.severity, incident.metadata["count"]) == ("HIGH", 3)
    assert incident.metadata["others"] == {"address": ["192.0.2.2"]}


@pytest.mark.django_db
def test_a_stranger_cannot_grow_what_is_kept():
    for number in range(30):
        report(metadata={"address": f"192.0.2.{number}"})

    (incident,) = all_incidents()
    assert (incident.metadata["count"], len(incident.metadata["others"]["address"])) == (30, 20)


def test_another_account_type_or_time_is_another_incident(cast, settings):
    report(user_id=cast.alice.pk)
    report(user_id=cast.mallory.pk)
    report(type=IncidentType.ENCODING_ATTACK)
    settings.INCIDENT_WINDOW_SECONDS = 0
    report(user_id=cast.alice.pk)

    assert len(all_incidents()) == 4


@pytest.mark.django_db(transaction=True)
def test_parallel_reports_make_one_row_with_the_right_count():
    barrier = threading.Barrier(8)

    def work(_) -> None:
        try:
            barrier.wait()
            for _ in range(5):
                report()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    (incident,) = all_incidents()
    assert incident.metadata["count"] == 40


def test_resolving_keeps_who_when_and_the_note_and_the_next_one_is_new(ada):
    report()
    (incident,) = all_incidents()

    with system_scope("test"):
        assert incidents.resolve(incident, by=ada, note="A customer's test.")
        assert not incidents.resolve(incident, by=ada, note="Again.")
    report()

    resolved, fresh = all_incidents()
    assert (resolved.resolved, resolved.resolved_by, resolved.metadata["note"]) == (
        True,
        ada.email,
        "A customer's test.",
    )
    assert resolved.resolved_at is not None
    assert not fresh.resolved


class Kept(Message):
    """Keeps the messages a mail server takes."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = []

    def handle_message(self, message) -> None:
        self.messages.append(message)


@pytest.fixture
def mail_server():
    """Run a real SMTP server in a thread; yield what it received."""
    kept = Kept()
    port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=port,
            EMAIL_HOST_USER="",
            EMAIL_HOST_PASSWORD="",
            EMAIL_USE_TLS=False,
            EMAIL_USE_SSL=False,
            INCIDENT_ALERT_EMAILS=["watch@agency.example"],
            INCIDENT_ALERT_SEVERITY="HIGH",
        ):
            yield kept.messages
    finally:
        controller.stop()


@pytest.fixture
def deferred():
    """Keep what jobs are deferred in memory; yield a function that works them off."""
    connector = InMemoryConnector()
    with app.replace_connector(connector) as replaced:
        replaced.open()
        yield lambda: [
            jobs.send_incident_alert(**job["args"])
            for job in connector.jobs.values()
            if job["task_name"] == "security.send_incident_alert"
        ]


def test_bad_incidents_are_told_over_smtp_and_mild_ones_are_not(cast, mail_server, deferred):
    report(severity=Severity.MEDIUM)
    report(
        type=IncidentType.INTEGRITY_VIOLATION,
        severity=Severity.CRITICAL,
        description="Something changed.",
        sub_account_id=cast.acme.pk,
    )

    deferred()

    (message,) = mail_server
    assert (message["To"], message["Subject"]) == (
        "watch@agency.example",
        "[Loctelli] CRITICAL: INTEGRITY_VIOLATION",
    )
    told = message.get_payload(decode=True).decode()
    assert "Something changed." in told
    assert f"sub account id: {cast.acme.pk}" in told


@pytest.mark.django_db
def test_a_repetition_is_told_only_when_it_is_worse(mail_server, deferred):
    for severity in (Severity.HIGH, Severity.HIGH, Severity.CRITICAL, Severity.HIGH):
        report(severity=severity)

    deferred()

    assert len(mail_server) == 2


@pytest.mark.django_db
@override_settings(INCIDENT_ALERT_EMAILS=["watch@agency.example"], INCIDENT_ALERT_SEVERITY="LOW")
def test_an_alert_is_a_job_in_the_database():
    report()

    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'security.send_incident_alert'")
        assert cursor.fetchone() == (1,)


# Integrity


@pytest.fixture
def lead(cast) -> Lead:
    with tenant_scope(cast.acme.pk):
        lead = LeadFactory(strategy=cast.acme_strategy)
        for text in ("One", "Two"):
            append_message(lead, role="user", content=text)
        return Lead.objects.get(pk=lead.pk)


def test_a_message_taken_out_of_a_conversation_is_an_incident(cast, lead):
    with tenant_scope(cast.acme.pk):
        assert find_broken_messages(lead) == []
        ConversationMessage.objects.earliest("message_timestamp").delete()
        (broken,) = find_broken_messages(lead)

    (incident,) = all_incidents()
    assert (incident.type, incident.severity) == ("INTEGRITY_VIOLATION", "CRITICAL")
    assert (incident.sub_account_id, incident.lead_id) == (cast.acme.pk, lead.pk)
    assert incident.metadata["messages"] == [broken]


def test_a_changed_message_that_is_read_is_an_incident(cast, lead):
    with tenant_scope(cast.acme.pk):
        first, second = ConversationMessage.objects.order_by("message_timestamp")
        ConversationMessage.objects.filter(pk=first.pk).update(encrypted_content=second.encrypted_content)

    with pytest.raises(DecryptionFailed), tenant_scope(cast.acme.pk):
        ConversationMessage.objects.get(pk=first.pk).content  # noqa: B018

    (incident,) = all_incidents()
    assert incident.metadata["table"] == "conversation_messages"
    assert incident.metadata["row"] == first.pk


def test_a_changed_field_that_is_read_is_an_incident(cast, lead):
    with tenant_scope(cast.acme.pk):
        other = LeadFactory(strategy=cast.acme_strategy)
        append_message(other, role="user", content="Of another")
        stored = Lead.objects.values_list("last_message", flat=True).get(pk=other.pk)
        Lead.objects.filter(pk=lead.pk).update(last_message=stored)

    with pytest.raises(DecryptionFailed), tenant_scope(cast.acme.pk):
        Lead.objects.get(pk=lead.pk).last_message  # noqa: B018

    (incident,) = all_incidents()
    assert (incident.metadata["column"], incident.metadata["row"]) == ("last_message", lead.pk)
