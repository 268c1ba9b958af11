"""Generated rows of the other tables that grow: captured people, messages, the audit trail and incidents."""

from base64 import b64encode

from django.db import connection

from security.message_cipher import SALT_BYTES
from tenants.models import SubAccount
from tenants.scope import system_scope

# Shaped as ciphertext is; nobody can open it.
SEALED = {"content": b64encode(bytes(18)).decode(), "salt": b64encode(bytes(SALT_BYTES)).decode(), "iv": "A" * 16}
FORM = """
INSERT INTO form_templates (id, name, slug, schema, title, created_by_admin_id)
SELECT %(id)s, %(id)s, %(id)s, '[]', 'Generated', min(id) FROM admin_users
ON CONFLICT DO NOTHING
"""
# Through the first one comes one submission of a hundred.
RARE_FORM, FREQUENT_FORM = FORMS = ("crareform".ljust(25, "0"), "cfrequentform".ljust(25, "0"))
KEY = "'c' || lpad(to_hex(n + {place}::bigint * 16777216), 24, '0')"
TALKS = 300
# The columns of each table, and the values of its row number n.
ROWS = {
    "contact_submissions": (
        "id, full_name, email, phone, services, status, assigned_to_id, submitted_at",
        KEY + ", 'Person ' || n, n || '@x.example', '+1 555 ' || n, 'Kitchens', "
        "(ARRAY['NEW', 'CONTACTED', 'QUALIFIED', 'CLOSED_LOST'])[n %% 4 + 1], CASE n %% 100 WHEN 0 THEN {user} END, "
        "now() - n * interval '1 minute'",
    ),
    "form_submissions": (
        "id, form_template_id, form_owner_id, data, status, assigned_to_id, submitted_at",
        KEY + ", CASE n %% 100 WHEN 0 THEN '{rare}' ELSE '{frequent}' END, 0, "
        "jsonb_build_object('name', 'Person ' || n, 'phone', '+1 555 ' || n), "
        "(ARRAY['new', 'reviewed', 'contacted', 'processed'])[n %% 4 + 1], CASE n %% 100 WHEN 0 THEN {user} END, "
        "now() - n * interval '1 minute'",
    ),
    "conversation_messages": (
        "id, lead_id, role, encrypted_content, salt, iv, integrity_hash, message_timestamp",
        KEY + ", {lead} + n %% {talks}, 'user', '{content}', '{salt}', '{iv}', repeat('0', 64), "
        "now() - n * interval '1 minute'",
    ),
    "audit_entries": (
        "actor_type, actor_name, action, model, object_id, object_name, changes",
        "'user', 'x', 'update', 'crm.lead', {lead} + n, 'x', '{{}}'",
    ),
    "security_incidents": (
        "id, type, severity, description, created_at",
        KEY + ", 'VALIDATION_FAILURE', 'LOW', 'x', now() - n * interval '1 minute'",
    ),
}


def add_records(sub_account: SubAccount, number: int) -> None:
    """Give a generated sub-account so many rows of each of these tables, once."""
    with system_scope("generating: records"), connection.cursor() as cursor:
        if sub_account.contact_submissions.filter(services="Kitchens").exists():
            return
        cursor.executemany(FORM, [{"id": form} for form in FORMS])
        names = {
            **SEALED,
            "rare": RARE_FORM,
            "frequent": FREQUENT_FORM,
            "place": sub_account.pk,
            "user": sub_account.users.order_by("pk").values_list("pk", flat=True)[0],
            # The first of so many in a row.
            "lead": sub_account.leads.order_by("pk").values_list("pk", flat=True)[0],
            "talks": min(TALKS, sub_account.leads.count()),
        }
        for table, (columns, values) in ROWS.items():
            cursor.execute(
                f"INSERT INTO {table} (sub_account_id, {columns}) "
                f"SELECT %s, {values.format(**names)} FROM generate_series(1, %s) AS n",
                [sub_account.pk, number],
            )
