"""A world of several tenants in which every text says whose it is: a row in the wrong hands gives itself away."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection, models

from accounts.choices import UserRole
from accounts.models import SYSTEM_USER_EMAIL, SYSTEM_USER_ID, User
from accounts.tests.factories import AdminUserFactory, UserFactory, issue_token
from agents.tests.factories import PromptTemplateFactory, StrategyFactory, SubAccountPromptTemplateFactory
from crm.conversations import append_message
from crm.tests.factories import BookingFactory, ContactSubmissionFactory, LeadFactory
from forms.models import FormTemplate
from forms.tests.factories import FormSubmissionFactory, FormTemplateFactory
from integrations.tests.factories import IntegrationFactory, IntegrationTemplateFactory
from security.choices import MessageRole
from security.models import AuditEntry
from security.tests.factories import SecurityIncidentFactory
from tenants.constraints import Reference
from tenants.models import ONBOARDING_ID, SubAccount
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory
from tenants.walls import declared_row_security

TAG = re.compile(r"owned-by-(\d+)")


def tag(sub_account_id: int) -> str:
    return f"owned-by-{sub_account_id}-"


def owners(text: str) -> set[int]:
    """Return the sub-accounts whose texts these are."""
    return {int(number) for number in TAG.findall(text)}


@dataclass
class Actor:
    """A user who sends requests."""

    user_id: int
    sub_account_id: int
    role: str
    email: str
    token: str


@dataclass
class World:
    """The tenants, those who act for them, and the keys of their rows: {model: {sub-account: [keys]}}.

    Rows of nobody's are those of sub-account None.
    """

    tenants: list[int] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    keys: dict[type[models.Model], dict[int | None, list]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, row: models.Model) -> models.Model:
        self.keys[type(row)][getattr(row, "sub_account_id", None)].append(row.pk)
        return row

    def actors_with(self, role: str) -> list[Actor]:
        return [actor for actor in self.actors if actor.role == role]


def build_world(*rows: int) -> World:
    """Commit a world with a tenant for each number: so many rows of everything it has."""
    world = World()
    with system_scope("a world for tests"):
        ada = AdminUserFactory(name="Ada")
        onboarding = SubAccount.objects.create(id=ONBOARDING_ID, name="ONBOARDING", created_by_admin=ada)
        User.objects.create(
            id=SYSTEM_USER_ID, name="System", email=SYSTEM_USER_EMAIL, role=UserRole.SYSTEM, sub_account=onboarding
        )
        everyones_form = world.add(FormTemplateFactory(sub_account=None, created_by_admin=ada))
        for number in rows:
            sub_account = SubAccountFactory(created_by_admin=ada)
            sub_account.name = f"{tag(sub_account.pk)}business"
            sub_account.save()
            world.tenants.append(sub_account.pk)
            world.keys[SubAccount][sub_account.pk].append(sub_account.pk)
            for role in (UserRole.ADMIN, UserRole.MANAGER, UserRole.USER):
                world.actors.append(_actor(sub_account, role))
            for _ in range(number):
                _populate(world, sub_account, everyones_form)
        for entry in AuditEntry.objects.filter(sub_account_id__in=world.tenants):
            world.add(entry)
    return world


def _actor(sub_account: SubAccount, role: UserRole) -> Actor:
    name = f"{tag(sub_account.pk)}{role}"
    user = UserFactory(name=name, email=f"{name}@business.example", role=role, sub_account=sub_account)
    return Actor(user.pk, sub_account.pk, role, user.email, str(issue_token(user)))


def _populate(world: World, sub_account: SubAccount, everyones_form: FormTemplate) -> None:
    """Add one row of everything a tenant has, and of the catalogues that these point at."""
    own, ada = tag(sub_account.pk), sub_account.created_by_admin
    of_business = {"sub_account": sub_account}
    template = world.add(PromptTemplateFactory(created_by_admin=ada))
    service = world.add(IntegrationTemplateFactory(created_by_admin=ada))
    world.add(SubAccountPromptTemplateFactory(prompt_template=template, **of_business))
    user = world.add(UserFactory(name=f"{own}user", email=f"{own}{template.pk}@business.example", **of_business))
    strategy = world.add(StrategyFactory(name=f"{own}strategy", regular_user=user, prompt_template=template))
    lead = world.add(LeadFactory(name=f"{own}lead", email=f"{own}@lead.example", strategy=strategy))
    world.add(append_message(lead, role=MessageRole.USER, content=f"{own}message"))
    world.add(BookingFactory(lead=lead, details={"note": f"{own}booking"}))
    world.add(ContactSubmissionFactory(full_name=f"{own}person", assigned_to=user, **of_business))
    slug = f"{own}{template.pk}"
    form = world.add(FormTemplateFactory(name=f"{own}form", slug=slug, created_by_admin=ada, **of_business))
    for each in (form, everyones_form):
        data = {"name": f"{own}sender"}
        world.add(FormSubmissionFactory(form_template=each, data=data, assigned_to=user, **of_business))
    config = {"locationId": f"{own}location"}
    world.add(IntegrationFactory(name=f"{own}crm", integration_template=service, config=config, **of_business))
    incident = {"sub_account_id": sub_account.pk, "lead_id": lead.pk, "user_id": user.pk}
    world.add(SecurityIncidentFactory(description=f"{own}incident", **incident))


# What the database says afterwards.


def foreign_writes() -> list[str]:
    """Return the rows whose text is another tenant's than the row."""
    found = []
    with system_scope("a test looks for foreign writes"), connection.cursor() as cursor:
        for table, constraint in sorted(declared_row_security().items()):
            cursor.execute(f"SELECT {constraint.column}, to_jsonb(t)::text FROM {table} t")
            for sub_account_id, text in cursor.fetchall():
                found += [f"{table} of {sub_account_id}: {text}"] if owners(text) - {sub_account_id} else []
    return found


def cross_references() -> list[str]:
    """Return the references that lead from one tenant's row to another's."""
    found = []
    with system_scope("a test looks for cross-tenant references"), connection.cursor() as cursor:
        for model, constraint in tenant_references():
            reference, target = (
                model._meta.get_field(constraint.field),
                model._meta.get_field(constraint.field).related_model,
            )
            cursor.execute(
                f"SELECT source.id, target.id FROM {model._meta.db_table} source JOIN {target._meta.db_table} target "
                f"ON target.id = source.{reference.column} WHERE target.sub_account_id <> source.sub_account_id"
            )
            found += [
                f"{model._meta.db_table} {pair[0]} -> {target._meta.db_table} {pair[1]}" for pair in cursor.fetchall()
            ]
    return found


def tenant_references() -> list[tuple[type[models.Model], Reference]]:
    """Return the references between tenants' rows: (model, constraint)."""
    return [
        (model, constraint)
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, Reference) and constraint.scope
    ]


def owner_of(model: type[models.Model], key: int | str) -> int | None:
    """Return the sub-account a row belongs to; None for nobody's, and for a row that is gone."""
    columns = {each.column for each in model._meta.local_fields}
    if model is SubAccount:
        return int(key)
    if "sub_account_id" not in columns:
        return None
    return model._base_manager.filter(pk=key).values_list("sub_account_id", flat=True).first()
