"""The audit trail: what is written is recorded, field by field and by whom; nobody changes an entry."""

from contextlib import AbstractContextManager
from datetime import timedelta
from importlib import import_module

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.pruning import prune
from accounts.tests.factories import UserFactory
from crm.conversations import append_message
from crm.models import Booking, Lead
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from security.models import AuditEntry
from tenants import trail
from tenants.access import Access, Recording
from tenants.audit import find_breaches
from tenants.models import SubAccount
from tenants.scope import acting, system_scope, tenant_scope

LEADS, ENTRIES = "/api/v1/leads/", "/api/v1/audit-entries/"


def entries(model: str = "crm.lead", **conditions) -> list[AuditEntry]:
    with system_scope("test"):
        return list(AuditEntry.objects.filter(model=model, **conditions).order_by("created_at"))


def changes(model: str = "crm.lead", action: str = "update", **conditions) -> list[dict]:
    return [entry.changes for entry in entries(model, action=action, **conditions)]


@pytest.fixture
def lead(cast) -> Lead:
    with system_scope("test"):
        return LeadFactory(strategy=cast.acme_strategy, name="Grace", email="grace@x.example")


# Over the API


def test_a_change_over_the_api_says_who_what_and_from_where(cast, lead, as_alice):
    answer = as_alice.patch(
        f"{LEADS}{lead.pk}/", {"status": "closed", "name": "Grace"}, headers={"X-Request-ID": "request-0001"}
    )

    assert answer.status_code == 200
    (entry,) = entries(action="update")
    assert entry.changes == {"status": ["lead", "closed"]}
    assert (entry.actor_type, entry.actor_id, entry.actor_name) == ("user", str(cast.alice.pk), "Alice")
    assert (entry.object_id, entry.object_name, entry.sub_account_id) == (str(lead.pk), "Grace", cast.acme.pk)
    assert (entry.address, entry.request_id) == ("127.0.0.1", "request-0001")


def test_creations_and_deletions_hold_all_fields(cast, as_alice):
    made = as_alice.post(
        LEADS, {"name": "Joan", "regular_user_id": cast.alice.pk, "strategy_id": cast.acme_strategy.pk}
    ).json()
    assert as_alice.delete(f"{LEADS}{made['id']}/").status_code == 204

    created, deleted = entries(object_id=str(made["id"]))
    assert (created.action, created.changes["name"]) == ("create", [None, "Joan"])
    assert (deleted.action, deleted.changes["name"], deleted.object_name) == ("delete", ["Joan", None], "Joan")
    assert deleted.actor_name == "Alice"


def test_what_is_refused_is_not_recorded(lead, as_alice):
    assert as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed", "strategy_id": 10**9}).status_code == 400
    assert as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "lead"}).status_code == 200

    assert changes() == []


def test_one_person_s_name_does_not_stick_to_the_next_change(cast, lead, as_alice):
    as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed"})

    with system_scope("a nightly job"):
        Lead.objects.filter(pk=lead.pk).update(status="lead")

    assert [(entry.actor_type, entry.actor_name) for entry in entries(action="update")] == [
        ("user", "Alice"),
        ("system", "a nightly job"),
    ]


def test_reading_records_nothing_and_a_write_takes_one_statement_more(lead, as_alice):
    as_alice.get(f"{LEADS}{lead.pk}/")
    with CaptureQueriesContext(connection) as reading:
        as_alice.get(f"{LEADS}{lead.pk}/")
    with CaptureQueriesContext(connection) as writing:
        as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed"})

    assert [query["sql"] for query in reading if "audit" in query["sql"]] == []
    assert len([query for query in writing if "audit" in query["sql"]]) == 1


# Every other way of writing


def test_updates_of_many_rows_are_recorded_row_by_row(cast, lead):
    with tenant_scope(cast.acme.pk):
        other = LeadFactory(strategy=cast.acme_strategy)
        Lead.objects.update(status="closed")

    assert changes(object_id=str(lead.pk)) == changes(object_id=str(other.pk)) == [{"status": ["lead", "closed"]}]


def test_reassignment_notes_activation_and_duplicates_are_recorded(cast, lead, as_alice):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
        submission = ContactSubmissionFactory(sub_account=cast.acme)
    alice, strategy = cast.alice.pk, cast.acme_strategy.pk

    calls = [
        as_alice.post(f"/api/v1/users/{alice}/reassign/", {"user_id": bob.pk}),
        as_alice.post(f"/api/v1/contact-submissions/{submission.pk}/notes/", {"content": "Called back."}),
        as_alice.post(f"/api/v1/prompt-templates/{cast.template.pk}/activate/"),
        as_alice.post(f"/api/v1/strategies/{strategy}/duplicate/", {}),
    ]

    assert [answer.status_code for answer in calls] == [200, 201, 200, 201]
    assert changes() == [{"regular_user_id": [alice, bob.pk]}]
    ((before, after),) = [change["notes"] for change in changes("crm.contactsubmission")]
    assert (before, after[0]["content"]) == (None, "Called back.")
    assert len(changes("agents.subaccountprompttemplate", "create")) == 1
    assert [change["name"][1] for change in changes("agents.strategy", "create", actor_name="Alice")] == [
        f"{cast.acme_strategy.name} (copy)"
    ]


def test_a_deletion_is_one_entry_with_the_counts_of_what_went_along(cast, lead, as_alice):
    with system_scope("test"):
        bob = UserFactory(name="Bob", sub_account=cast.acme)
        theirs = LeadFactory.create_batch(2, strategy=cast.acme_strategy, regular_user=bob)
        booking = BookingFactory(lead=lead, regular_user=bob)
        kept = BookingFactory(lead=theirs[0], regular_user=cast.alice)
        append_message(theirs[0], role="user", content="Hello")

    answer = as_alice.delete(f"/api/v1/users/{bob.pk}/?cascade=true")

    assert answer.status_code == 204
    (entry,) = entries("accounts.user", action="delete")
    assert entry.deleted_along == {"leads": 2, "bookings": 1, "conversation_messages": 1}
    assert entries(action="delete") == []
    assert entries("crm.booking", action="delete") == []
    # What stays without what it referred to was changed.
    assert changes("crm.booking", object_id=str(kept.pk)) == [{"lead_id": [theirs[0].pk, None]}]
    assert changes("crm.booking", object_id=str(booking.pk)) == []


def test_each_deletion_of_a_transaction_gets_its_own_counts(cast, lead):
    with system_scope("test"):
        people = [UserFactory(sub_account=cast.acme) for _ in range(2)]
        for number, person in enumerate(people, 1):
            LeadFactory.create_batch(number, strategy=cast.acme_strategy, regular_user=person)
        for person in people:
            person.delete()
        Booking.objects.filter(pk=BookingFactory(lead=lead).pk).delete()

    assert [entry.deleted_along for entry in entries("accounts.user", action="delete")] == [{"leads": 1}, {"leads": 2}]
    assert [entry.deleted_along for entry in entries("crm.booking", action="delete")] == [None]


def test_the_trail_outlives_a_deleted_sub_account(cast, lead):
    with system_scope("test"):
        SubAccount.objects.get(pk=cast.acme.pk).delete()

    (entry,) = entries("tenants.subaccount", action="delete")
    assert entry.sub_account_id == cast.acme.pk
    assert entry.deleted_along["leads"] == 1
    assert len(entries(action="create", object_id=str(lead.pk))) == 1


def test_a_moved_user_is_told_of_in_both_sub_accounts_and_in_neither_where_else(cast):
    with system_scope("test"):
        bob = UserFactory(sub_account=cast.acme)
        User.objects.filter(pk=bob.pk).update(sub_account=cast.globex)

    here, there = entries("accounts.user", action="update", object_id=str(bob.pk))
    assert (here.sub_account_id, here.changes) == (cast.acme.pk, {"sub_account_id": [cast.acme.pk, None]})
    assert (there.sub_account_id, there.changes) == (cast.globex.pk, {"sub_account_id": [None, cast.globex.pk]})


def test_messages_and_stamps_are_no_changes(cast, lead):
    with tenant_scope(cast.acme.pk):
        append_message(lead, role="user", content="Hello")
        Lead.objects.filter(pk=lead.pk).update(updated_at=timezone.now())

    assert changes() == []
    assert entries("security.conversationmessage") == []


# Secrets


def test_secrets_are_masked(cast, ada):
    with system_scope("test"):
        template = IntegrationTemplateFactory(created_by_admin=ada)
        row = IntegrationFactory.build(
            sub_account=cast.acme,
            integration_template=template,
            created_by_admin=ada,
            webhook_secret="whsec-planted",
            config={},
        )
        row.configure({"apiKey": "sk-planted", "locationId": "loc_1"})
        row.save()
        row.configure({"apiKey": "sk-planted-anew", "locationId": "loc_2"})
        row.save()
        User.objects.filter(pk=cast.alice.pk).update(password="argon2$planted")
        LeadFactory(strategy=cast.acme_strategy, message_history=[{"role": "user", "content": "planted words"}])

    (update,) = changes("integrations.integration")
    assert update["config"] == [{"apiKey": "***", "locationId": "loc_1"}, {"apiKey": "***", "locationId": "loc_2"}]
    assert changes("integrations.integration", "create")[0]["webhook_secret"] == [None, "***"]
    assert changes("accounts.user") == [{"password": ["***", "***"]}]
    assert changes(action="create")[-1]["message_history"] == [None, "***"]
    with system_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_entries e")
        written = cursor.fetchone()[0]
    assert [secret for secret in ("planted", "enc:v1:", "ring:v1:", "argon2") if secret in written] == []


# Columns that hold secrets or their hashes; whoever adds one sees here whether the trail would show it.
MASKED = {
    "accounts.AdminUser": ["password"],
    "accounts.User": ["password"],
    "integrations.Integration": ["webhook_secret"],
    "security.ConsoleSession": ["session_key"],
    "security.RecoveryCode": ["code_hash"],
    "security.RefreshToken": ["token_hash"],
    "security.SecondFactor": ["secret"],
    "security.ConversationMessage": ["encrypted_content", "integrity_hash", "salt", "iv"],
    "tenants.SubAccountInvitation": ["code", "password"],
}


def test_every_secret_column_is_masked():
    for label, columns in MASKED.items():
        model = apps.get_model(label)
        assert set(columns) <= set(trail.masked_columns(model)), label


def test_every_table_of_a_tenant_is_recorded_or_says_why_not():
    unrecorded = {
        model._meta.label
        for model in apps.get_models()
        if getattr(model, "access", None) in (Access.TENANT, Access.SUB_ACCOUNT, Access.SHARED, Access.CATALOGUE)
        and trail.recording_of(model) != Recording.ALWAYS
    }

    # Keys and answers are machinery; a conversation is a trail of its own, chained and append-only.
    assert unrecorded == {"tenants.IdempotencyKey", "security.DataKey", "security.ConversationMessage"}


# Who may write it


@pytest.fixture
def entry(lead) -> AuditEntry:
    return entries(action="create")[0]


FORBIDDEN = {
    "update": "UPDATE audit_entries SET actor_name = 'Nobody'",
    "truncate": "TRUNCATE audit_entries",
    "another time": "INSERT INTO audit_entries (created_at, model) VALUES ('2020-01-01', 'crm.lead')",
    "a key": "INSERT INTO audit_entries (id, model) VALUES ('c1', 'crm.lead')",
}
FORGED = """
    INSERT INTO audit_entries (sub_account_id, actor_type, actor_name, action, model, object_id, object_name, changes)
    VALUES (%s, 'user', 'Mallory', 'update', 'crm.lead', '1', 'Forged', '{}')
"""


def attempt(statement: str, *parameters: object, scope: AbstractContextManager) -> int:
    with scope, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
@pytest.mark.parametrize("as_system", [True, False], ids=["system", "tenant"])
def test_neither_tenant_nor_system_may_change_an_entry_or_say_when_it_was_written(cast, entry, statement, as_system):
    scope = system_scope("test") if as_system else tenant_scope(cast.acme.pk)

    with pytest.raises(ProgrammingError, match="permission denied") as refused:
        attempt(statement, scope=scope)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_a_tenant_adds_entries_about_itself_and_forges_none_of_another_s_or_the_platform_s(cast):
    globex = cast.globex.pk
    assert attempt(FORGED, globex, scope=tenant_scope(globex)) == 1

    for owner in (cast.acme.pk, None):
        with pytest.raises(ProgrammingError, match="violates row-level security"):
            attempt(FORGED, owner, scope=tenant_scope(globex))
    assert [entry.sub_account_id for entry in entries(object_name="Forged")] == [globex]


def test_a_tenant_may_not_delete_and_the_system_only_what_is_old(cast, entry):
    with pytest.raises(ProgrammingError, match="permission denied"):
        attempt("DELETE FROM audit_entries", scope=tenant_scope(cast.acme.pk))
    with system_scope("test"):
        assert AuditEntry.objects.all().delete()[0] == 0
        assert AuditEntry.objects.filter(pk=entry.pk).exists()


WRITTEN_BY_TRIGGERS = """
    CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER audit AFTER INSERT OR UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION audit_row('crm.lead');
    DROP POLICY tenant_insert ON audit_entries;
    CREATE POLICY trigger ON audit_entries FOR INSERT TO {owner} WITH CHECK (true);
"""


@pytest.mark.django_db(transaction=True)
def test_a_database_whose_triggers_wrote_the_trail_loses_them(settings):
    migration = import_module("security.migrations.0008_record_in_python")
    untouched = find_breaches()
    with connection.as_owner():
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN_BY_TRIGGERS.format(owner=settings.DATABASE_ROLES.owner))
        before = find_breaches()
        with connection.schema_editor() as editor:
            migration.drop_triggers(apps, editor)
            migration.renew_policies(apps, editor)

    assert "Table leads has the trigger audit." in before
    assert find_breaches() == untouched


def age(days: int) -> None:
    """Make all entries older, which takes the owner of the table."""
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY")
        cursor.execute("UPDATE audit_entries SET created_at = now() - make_interval(days => %s)", [days])
        cursor.execute("ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY")


@pytest.mark.django_db(transaction=True)
def test_pruning_forgets_entries_after_their_time(cast, settings):
    age(100)
    assert prune()["audit_entries"] == 0

    settings.KEEP_AUDIT_ENTRIES_DAYS = 99
    assert prune()["audit_entries"] > 0
    with system_scope("test"):
        old = timezone.now() - timedelta(days=99)
        assert not AuditEntry.objects.filter(created_at__lt=old).exists()


def test_a_tenant_sees_its_own_entries_only(cast, lead):
    with system_scope("test"):
        LeadFactory(strategy=cast.globex_strategy)

    with tenant_scope(cast.globex.pk):
        seen = set(AuditEntry.objects.values_list("sub_account_id", flat=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT sub_account_id FROM audit_entries")
            bare = {row[0] for row in cursor.fetchall()}
    assert seen == bare == {cast.globex.pk}


# Read over the API


def test_admins_read_and_filter_the_trail_of_their_business(cast, lead, as_alice, as_mallory):
    as_alice.patch(f"{LEADS}{lead.pk}/", {"status": "closed"})

    def found(query: str) -> list[tuple[str, str]]:
        answer = as_alice.get(f"{ENTRIES}?{query}")
        assert answer.status_code == 200
        return [(row["action"], row["model"]) for row in answer.json()["results"]]

    of_lead = f"model=crm.lead&object_id={lead.pk}"
    assert found(of_lead) == [("update", "crm.lead"), ("create", "crm.lead")]
    assert found(f"actor_type=user&actor_id={cast.alice.pk}") == [("update", "crm.lead")]
    assert found(f"{of_lead}&action=create") == [("create", "crm.lead")]
    assert found(f"{of_lead}&created_at__lt=2020-01-01T00:00:00Z") == []
    (update,) = as_alice.get(f"{ENTRIES}?{of_lead}&action=update").json()["results"]
    assert update["changes"] == {"status": ["lead", "closed"]}
    assert update["address"] == "127.0.0.1"
    assert as_alice.get(f"{ENTRIES}{update['id']}/").json() == update
    assert as_mallory.get(f"{ENTRIES}{update['id']}/").status_code == 404
    assert as_mallory.get(f"{ENTRIES}?{of_lead}").json()["results"] == []


def test_a_platform_admin_s_address_is_not_told(cast, lead, ada, as_alice):
    with acting(address="203.0.113.9", type="admin", id=ada.pk, name=ada.name), system_scope("console"):
        Lead.objects.filter(pk=lead.pk).update(status="closed")

    (row,) = as_alice.get(f"{ENTRIES}?actor_type=admin").json()["results"]
    assert (row["actor_name"], row["address"]) == (ada.name, None)


def test_nobody_writes_over_the_api_and_only_admins_read(cast, entry, as_alice, sign_in):
    address = f"{ENTRIES}{entry.pk}/"
    writes = [as_alice.post(ENTRIES, {}), as_alice.patch(address, {"action": "delete"}), as_alice.delete(address)]
    assert [answer.status_code for answer in writes] == [405, 405, 405]

    with system_scope("test"):
        manager = UserFactory(role="manager", sub_account=cast.acme)
    assert [sign_in(manager).get(path).status_code for path in (ENTRIES, address)] == [403, 403]
