"""The audit trail is complete: every recorded model through every door of the ORM, and no SQL of one's own past it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.tests.factories import AdminUserFactory, UserFactory
from agents.models import SubAccountPromptTemplate
from agents.tests.factories import PromptTemplateFactory, StrategyFactory
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from loctelli.database.fields import cuid
from security import platform_secrets
from security.models import (
    AccountLockout,
    AuditEntry,
    ConsoleSession,
    KnownDevice,
    RecoveryCode,
    RefreshToken,
    SecondFactor,
)
from security.tests.factories import SecurityIncidentFactory
from tenants.models import RecordedModel, RecordedQuerySet
from tenants.scope import act_as, system_scope
from tenants.tests.factories import SubAccountFactory, SubAccountInvitationFactory
from tenants.trail import plan_of

RECORDED = {model._meta.label: model for model in apps.get_models() if plan_of(model)}
NOW = timezone.now()


def second_factor(cast) -> SecondFactor:
    key = cuid()
    place = {"table": "second_factors", "column": "secret", "row_id": key}
    return SecondFactor(id=key, admin=AdminUserFactory(), secret=platform_secrets.seal("secret", **place))


def token(cast) -> RefreshToken:
    key = cuid()
    return RefreshToken(
        id=key, user_id=cast.alice.pk, account_type="user", family=key, token_hash=key.encode().hex().ljust(64, "0"),
        stamp="-", ip_address="203.0.113.9", expires_at=NOW, session_expires_at=NOW,
    )  # fmt: skip


# How a row of each model is made, unsaved, and a column of it that may change to some value.
Door = tuple[Callable[[Any], models.Model], str, Any]
DOORS: dict[str, Door] = {
    "accounts.AdminUser": (lambda cast: AdminUserFactory.build(), "name", "Anew"),
    "accounts.User": (lambda cast: UserFactory.build(sub_account=cast.acme), "name", "Anew"),
    "agents.PromptTemplate": (lambda cast: PromptTemplateFactory.build(created_by_admin=cast.ada), "name", "Anew"),
    "agents.Strategy": (
        lambda cast: StrategyFactory.build(
            regular_user=cast.alice, sub_account=cast.acme, prompt_template=cast.template
        ),
        "name",
        "Anew",
    ),
    "agents.SubAccountPromptTemplate": (
        lambda cast: SubAccountPromptTemplate(
            sub_account=cast.acme, prompt_template=PromptTemplateFactory(created_by_admin=cast.ada), is_active=False
        ),
        "is_active",
        True,
    ),
    "crm.Booking": (
        lambda cast: BookingFactory.build(
            lead=None, regular_user=cast.alice, sub_account=cast.acme, booking_type="meeting"
        ),
        "details",
        {"date": "2027-02-01"},
    ),
    "crm.ContactSubmission": (
        lambda cast: ContactSubmissionFactory.build(sub_account=cast.acme),
        "full_name",
        "Anew",
    ),
    "crm.Lead": (lambda cast: LeadFactory.build(strategy=cast.acme_strategy), "name", "Anew"),
    "forms.FormSubmission": (
        lambda cast: FormSubmissionFactory.build(
            form_template=FormTemplateFactory(sub_account=cast.acme, created_by_admin=cast.ada),
            form_owner_id=cast.acme.pk,
        ),
        "data",
        {"name": "Anew"},
    ),
    "forms.FormTemplate": (
        lambda cast: FormTemplateFactory.build(sub_account=cast.acme, created_by_admin=cast.ada),
        "title",
        "Anew",
    ),
    "integrations.Integration": (
        lambda cast: IntegrationFactory.build(
            sub_account=cast.acme,
            integration_template=IntegrationTemplateFactory(created_by_admin=cast.ada),
            created_by_admin=cast.ada,
        ),
        "name",
        "Anew",
    ),
    "integrations.IntegrationTemplate": (
        lambda cast: IntegrationTemplateFactory.build(created_by_admin=cast.ada),
        "display_name",
        "Anew",
    ),
    "security.AccountLockout": (
        lambda cast: AccountLockout(email=f"{cuid()}@x.example", account_type="user"),
        "failed_attempts",
        3,
    ),
    "security.ConsoleSession": (lambda cast: ConsoleSession(session_key=cuid(), expire_date=NOW), "user_agent", "Anew"),
    "security.KnownDevice": (
        lambda cast: KnownDevice(user_id=cast.alice.pk, account_type="user", ip_address="203.0.113.9"),
        "failed_attempts",
        3,
    ),
    "security.RecoveryCode": (
        lambda cast: RecoveryCode(admin=cast.ada, code_hash=cuid().encode().hex().ljust(64, "0")),
        "used_at",
        NOW,
    ),
    "security.RefreshToken": (token, "revoked_at", NOW),
    "security.SecondFactor": (second_factor, "confirmed_at", NOW),
    "security.SecurityIncident": (
        lambda cast: SecurityIncidentFactory.build(sub_account_id=cast.acme.pk),
        "resolved",
        True,
    ),
    "tenants.SubAccount": (lambda cast: SubAccountFactory.build(created_by_admin=cast.ada), "name", "Anew"),
    "tenants.SubAccountInvitation": (
        lambda cast: SubAccountInvitationFactory.build(sub_account=cast.acme, created_by_admin=cast.ada),
        "max_uses",
        3,
    ),
}


class Trail:
    """What is recorded of a model from one look to the next, as (action, changed columns but stamps, key)."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model, self.seen = model, set(AuditEntry.objects.values_list("pk", flat=True))

    def news(self) -> list[tuple[str, str]]:
        """Return (action, key) of what has come since the last look."""
        found = AuditEntry.objects.filter(model=self.model._meta.label_lower).exclude(pk__in=self.seen)
        news = list(found.order_by("action", "object_id"))
        self.seen |= {entry.pk for entry in news}
        return [(entry.action, entry.object_id) for entry in news]


def shown(row: models.Model) -> str:
    """Return a row's key as the trail shows it: that of a console session is a secret."""
    return "***" if row._meta.label == "security.ConsoleSession" else str(row.pk)


@pytest.mark.parametrize("label", sorted(RECORDED))
def test_every_recorded_model_is_recorded_through_every_door(cast, label):
    model, (make, column, value) = RECORDED[label], DOORS[label]
    rows: Any = model._default_manager
    with system_scope("test"):
        act_as(type="admin", id=cast.ada.pk, name="Ada")
        first, second, third = (make(cast) for _ in range(3))
        trail = Trail(model)

        first.save()
        assert trail.news() == [("create", shown(first))], "save() of a new row"
        former = getattr(first, column)
        setattr(first, column, value)
        first.save()
        assert trail.news() == [("update", shown(first))], "save() of a row just made"
        read = rows.get(pk=first.pk)
        setattr(read, column, former)
        read.save(update_fields=[column])
        assert trail.news() == [("update", shown(first))], "save() of a row that was read"
        rows.update_or_create(pk=first.pk, defaults={column: value})
        assert trail.news() == [("update", shown(first))], "update_or_create()"
        assert rows.filter(pk=first.pk).update(**{column: former}) == 1
        assert trail.news() == [("update", shown(first))], "update()"
        model._base_manager.filter(pk=first.pk).update(**{column: value})
        assert trail.news() == [("update", shown(first))], "update() by the base manager"
        setattr(read, column, former)
        rows.bulk_update([read], [column])
        assert trail.news() == [("update", shown(first))], "bulk_update()"
        models.Model.save_base(second, raw=True)
        assert trail.news() == [("create", shown(second))], "loaddata"
        rows.bulk_create([third])
        assert trail.news() == [("create", shown(third))], "bulk_create()"

        gone = [shown(row) for row in (first, second, third)]
        rows.get(pk=first.pk).delete()
        assert trail.news() == [("delete", gone[0])], "delete() of a row"
        rows.filter(pk=second.pk).delete()
        assert trail.news() == [("delete", gone[1])], "delete() of a queryset"
        rows.only("pk").get(pk=third.pk).delete()
        assert trail.news() == [("delete", gone[2])], "delete() of a row read in part"


def test_related_managers_are_recorded(cast):
    with system_scope("test"):
        lead, other = LeadFactory.create_batch(2, strategy=cast.acme_strategy)
        booking = BookingFactory(lead=None, regular_user=cast.alice, sub_account=cast.acme)
        trail = Trail(type(booking))
        doors: list[Callable[[], Any]] = [
            lambda: lead.bookings.add(booking),
            lambda: other.bookings.set([booking]),
            lambda: other.bookings.remove(booking),
            lambda: other.bookings.add(booking, bulk=False),
            lambda: other.bookings.clear(),
        ]

        for door in doors:
            door()
            assert trail.news() == [("update", str(booking.pk))]


def test_no_door_is_listed_for_what_is_not_recorded():
    assert DOORS.keys() == RECORDED.keys()


def test_every_recorded_model_records_by_every_manager_and_keeps_no_relation_that_could_not():
    """A manager of Django's own would write past the trail, and so would the table of a many-to-many relation."""
    others = [
        (label, manager.name)
        for label, model in RECORDED.items()
        for manager in [model._base_manager, *model._meta.managers]
        if not issubclass(model, RecordedModel) or not issubclass(manager._queryset_class, RecordedQuerySet)
    ]
    related = [label for label, model in RECORDED.items() if model._meta.many_to_many or model._meta.parents]

    assert (others, related) == ([], [])


# SQL of one's own

WRITING = re.compile(r"\b(?:INSERT\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM|MERGE\s+INTO|COPY)\s+\W?(\w+)")
# Parts of Django that write without asking the queryset's public methods.
PRIVATE = re.compile(r"\._raw_delete\(|\._update\(|\._insert\(|\.raw\(|UpdateQuery|DeleteQuery|InsertQuery")
# Files that write recorded tables with SQL of their own, each with its reason.
OWN_SQL = {
    "accounts/lockouts.py": "counts guesses: what an admin changes of a count goes through the model",
    "loctelli/offboarding/closing.py": "writes the closed sub-account's entry itself, with all that went along",
    "loctelli/management/generating/leads.py": "makes leads up by the hundred thousand, to measure with",
    "loctelli/management/generating/records.py": "makes up what stands beside those leads",
}
PRIVATE_PARTS = {
    "loctelli/database/writing.py": "is the UPDATE of Model.save(), which is recorded around it",
    "loctelli/offboarding/closing.py": "writes the closed sub-account's entry itself, with all that went along",
    "tenants/managers.py": "keeps save() from rows that belong to nobody, and hands on to Django's",
}


def sources() -> dict[str, str]:
    """Map each file of ours that runs in production, but for migrations, to its text."""
    found = {}
    for path in settings.BASE_DIR.glob("*/**/*.py"):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        parts = name.split("/")
        if parts[0].startswith((".", "var", "node_modules")) or {"tests", "migrations", "benchmarks"} & set(parts):
            continue
        found[name] = path.read_text()
    return found


def test_nothing_writes_recorded_tables_with_sql_of_its_own_without_saying_why():
    tables = {model._meta.db_table for model in RECORDED.values()}
    writers = {name for name, text in sources().items() if tables & set(WRITING.findall(text))}

    assert writers == OWN_SQL.keys()


def test_nothing_writes_past_the_public_methods_of_querysets_without_saying_why():
    assert {name for name, text in sources().items() if PRIVATE.search(text)} == PRIVATE_PARTS.keys()
