"""Rows written with bare SQL: a row of every table for two sub-accounts, without any model of ours.

In this world a row's id says whose it is: acme's rows all have the number ACME (or "c" and it), globex's all GLOBEX,
and what belongs to nobody ADMIN or CATALOGUE. The numbers are far from those that PostgreSQL gives out by itself.
"""

from contextlib import contextmanager
from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction

from loctelli.tests.expected_schema import TABLES
from tenants.scope import system_scope

ACME, GLOBEX = 1_000_011, 1_000_022
ADMIN = CATALOGUE = 2_000_000
NOBODY = 9_000_000
SPARE_TEMPLATES = 10

CONVERSATION = {
    "encrypted_content": "A" * 24,
    "salt": "A" * 22 + "==",
    "iv": "A" * 16,
    "integrity_hash": "0" * 64,
}
fresh = count(1)


def cuid(number):
    return f"c{number}"


def key_of(table, tenant):
    """Return the id of a tenant's row in the world."""
    return cuid(tenant) if TABLES[table].columns["id"].type == "text" else tenant


def required(table, tenant=ACME):
    """Return a new row with its required columns alone: those of the expectations that an INSERT can't leave out.

    What the row belongs to and refers to is the tenant's own; what must be unique is new. The sub-account is given too,
    for nothing is bound.
    """
    number = next(fresh)
    return {
        "admin_users": {"name": "Ada", "email": f"ada{number}@example.com", "password": "hash"},
        "subaccounts": {"name": "Acme", "created_by_admin_id": ADMIN},
        "users": {
            "name": "Alice",
            "email": f"alice{number}@example.com",
            "password": "hash",
            "sub_account_id": tenant,
        },
        "prompt_templates": {"name": "Sales", "base_system_prompt": "You are", "created_by_admin_id": ADMIN},
        "subaccount_prompt_templates": {"sub_account_id": tenant, "prompt_template_id": prompt_template(number)},
        "strategies": {
            "sub_account_id": tenant,
            "regular_user_id": tenant,
            "prompt_template_id": CATALOGUE,
            "name": "Solar",
            "ai_name": "Sol",
            "ai_role": "Adviser",
            "conversation_tone": "Warm",
            "qualification_questions": "Roof?",
            "objection_handling": "Listen",
            "closing_strategy": "Book",
        },
        "leads": {"sub_account_id": tenant, "regular_user_id": tenant, "strategy_id": tenant, "name": "John Doe"},
        "bookings": {
            "sub_account_id": tenant,
            "regular_user_id": tenant,
            "booking_type": "meeting",
            "details": '{"date": "2026-03-01"}',
        },
        "contact_submissions": {
            "id": cuid(f"contact{number}"),
            "sub_account_id": tenant,
            "full_name": "Jane Roe",
            "email": "jane@example.com",
            "phone": "1",
            "services": "solar",
        },
        "form_templates": {
            "id": cuid(f"form{number}"),
            "name": "Quote",
            "slug": f"quote{number}",
            "schema": "[]",
            "title": "Get a quote",
            "sub_account_id": tenant,
            "created_by_admin_id": ADMIN,
        },
        "form_submissions": {
            "id": cuid(f"submission{number}"),
            "sub_account_id": tenant,
            "form_template_id": cuid(tenant),
            "form_owner_id": tenant,
            "data": "{}",
        },
        "integration_templates": {
            "name": "GoHighLevel",
            "display_name": "GoHighLevel CRM",
            "category": "CRM",
            "config_schema": "{}",
            "created_by_admin_id": ADMIN,
        },
        "integrations": {
            "sub_account_id": tenant,
            "integration_template_id": CATALOGUE,
            "name": "Our CRM",
            "config": "{}",
            "created_by_admin_id": ADMIN,
        },
        "subaccount_invitations": {
            "id": cuid(f"invitation{number}"),
            "sub_account_id": tenant,
            "code": f"code{number}",
            "created_by_admin_id": ADMIN,
        },
        "conversation_messages": {
            "id": cuid(f"message{number}"),
            "sub_account_id": tenant,
            "lead_id": tenant,
            "role": "user",
            "message_timestamp": "2026-03-01T12:00:00Z",
            **CONVERSATION,
        },
        "security_incidents": {
            "id": cuid(f"incident{number}"),
            "type": "PROMPT_INJECTION",
            "severity": "LOW",
            "description": "Ignore all",
        },
        "auth_attempts": {
            "id": cuid(f"attempt{number}"),
            "email": "alice@example.com",
            "account_type": "user",
            "success": True,
            "ip_address": "127.0.0.1",
        },
        "account_lockouts": {
            "id": cuid(f"lockout{number}"),
            "email": f"alice{number}@example.com",
            "account_type": "user",
        },
        "password_history": {
            "id": cuid(f"history{number}"),
            "user_id": tenant,
            "account_type": "user",
            "password_hash": "hash",
        },
        "refresh_tokens": {
            "id": cuid(f"token{number}"),
            "user_id": tenant,
            "account_type": "user",
            "token_hash": f"{number:064x}",
            "expires_at": "2026-03-01T12:00:00Z",
            "ip_address": "127.0.0.1",
            "family": cuid(f"token{number}"),
            "stamp": "stamp",
            "session_expires_at": "2026-03-01T12:00:00Z",
        },
    }[table]


def optional(table, tenant):
    """Return the optional references of a row of the world, and the template it has chosen."""
    return {
        "users": {"created_by_admin_id": ADMIN},
        "bookings": {"lead_id": tenant},
        "contact_submissions": {"assigned_to_id": tenant},
        "form_submissions": {"assigned_to_id": tenant},
        "subaccount_prompt_templates": {"prompt_template_id": CATALOGUE},
    }.get(table, {})


def prompt_template(number):
    """Return one of the catalogue's templates that no sub-account of the world has chosen yet."""
    return CATALOGUE + number % SPARE_TEMPLATES + 1


# Parents before children.
OF_TENANTS = (
    "subaccounts",
    "users",
    "strategies",
    "leads",
    "bookings",
    "contact_submissions",
    "form_templates",
    "form_submissions",
    "integrations",
    "subaccount_prompt_templates",
    "subaccount_invitations",
    "conversation_messages",
)


@contextmanager
def world():
    """Create the world in a transaction of the system's, which ends undone."""
    with system_scope("bare SQL"):
        create_world()
        yield
        transaction.set_rollback(True)


def create_world():
    """Insert an admin, a catalogue, and a row of every table for acme and for globex, all references filled."""
    insert("admin_users", id=ADMIN, **required("admin_users"))
    for number in range(CATALOGUE, CATALOGUE + SPARE_TEMPLATES + 1):
        insert("prompt_templates", id=number, **required("prompt_templates"))
    insert("integration_templates", id=CATALOGUE, **required("integration_templates"))
    for tenant in (ACME, GLOBEX):
        for table in OF_TENANTS:
            insert(table, **required(table, tenant) | optional(table, tenant) | {"id": key_of(table, tenant)})


def insert(table, **values):
    """Insert a row and return it as PostgreSQL stored it."""
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    return execute(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING *", *values.values())[0]


def update(table, key, **values):
    """Update one row."""
    assignments = ", ".join(f"{name} = %s" for name in values)
    execute(f"UPDATE {table} SET {assignments} WHERE id = %s", *values.values(), key)


def execute(statement, *parameters):
    """Execute a statement and return its rows as dicts."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        if cursor.description is None:
            return []
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def undone():
    """Undo what the block does, so that one test may try many things."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def refused(kind, **diagnosis):
    """Expect PostgreSQL to refuse the block's statement with this error and these fields of its report."""
    with pytest.raises(IntegrityError) as error, undone():
        yield
    report = error.value.__cause__
    assert isinstance(report, kind), report
    assert {name: getattr(report.diag, name) for name in diagnosis} == diagnosis
