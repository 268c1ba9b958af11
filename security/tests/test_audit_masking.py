"""What the audit trail does not show, and which tables it does not follow."""

from django.apps import apps
from django.db import connection

from accounts.models import User
from crm.tests.factories import LeadFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from security.tests.trail_entries import changes
from tenants import trail
from tenants.access import Access, Recording
from tenants.scope import system_scope


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


def test_a_text_that_quotes_what_looks_like_ciphertext_is_recorded_as_it_is(cast):
    quoted = 'They wrote "enc:v1:abc\\" and "ring:v1:def"'
    with system_scope("test"):
        LeadFactory(strategy=cast.acme_strategy, notes=quoted, conversation_state={"said": 'enc:v1:"x\\'})

    (created,) = changes(action="create")
    assert created["notes"] == [None, quoted]
    assert created["conversation_state"] == [None, {"said": "***"}]
