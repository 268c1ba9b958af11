"""What `manage.py seed` writes, and above all what it leaves alone."""

import io
import threading

import jsonschema_rs
import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.choices import AdminRole, UserRole
from accounts.models import AdminUser, User
from accounts.tests.factories import AdminUserFactory, UserFactory
from agents.models import PromptTemplate
from crm.models import Lead
from crm.tests.factories import LeadFactory
from integrations.models import IntegrationTemplate
from loctelli.management.seeds import integrations, platform
from loctelli.management.seeds.passwords import generate_password
from tenants.models import SubAccount
from tenants.scope import system_scope
from tenants.tests.factories import SubAccountFactory

pytestmark = pytest.mark.django_db

OUR_APPS = ("tenants", "security", "accounts", "agents", "crm", "forms", "integrations")


@pytest.fixture(autouse=True)
def first_admin(settings):
    settings.ADMIN_EMAIL = "Ada@Loctelli.example"
    settings.ADMIN_PASSWORD = "a long and quiet afternoon"


def seed(**options) -> str:
    out = io.StringIO()
    call_command("seed", stdout=out, **options)
    return out.getvalue()


def dump() -> dict[str, list[tuple]]:
    """Return every row of every table of ours, as the columns hold them."""
    with system_scope("test"), connection.cursor() as cursor:
        rows = {}
        for model in apps.get_models():
            if model._meta.app_label in OUR_APPS:
                cursor.execute(f"SELECT to_jsonb(t)::text FROM {model._meta.db_table} t ORDER BY 1")
                rows[model._meta.db_table] = cursor.fetchall()
        return rows


def test_seed_makes_the_documented_defaults():
    output = seed()

    with system_scope("test"):
        admin, onboarding, user = AdminUser.objects.get(), SubAccount.objects.get(), User.objects.get()
        prompts = set(PromptTemplate.objects.filter(is_active=True).values_list("name", flat=True))
        services = set(IntegrationTemplate.objects.filter(is_active=True).values_list("name", flat=True))
    assert (admin.email, admin.role) == ("ada@loctelli.example", AdminRole.SUPER_ADMIN)
    assert check_password("a long and quiet afternoon", admin.password)
    assert (onboarding.pk, onboarding.name, onboarding.created_by_admin_id) == (1, "ONBOARDING", admin.pk)
    assert (user.pk, user.email, user.role, user.sub_account_id) == (1, "user@loctelli.com", UserRole.SYSTEM, 1)
    assert not user.has_usable_password()
    assert prompts == {"Sales agent", "Customer support", "Appointment scheduler"}
    assert services == {"GoHighLevel", "Webhook"}
    assert output.splitlines()[-1] == (
        "Seeded: the first admin ada@loctelli.example, ONBOARDING, the system user, "
        "3 prompt templates, 2 integration templates."
    )
    assert "afternoon" not in output


def test_seeding_twice_changes_nothing():
    seed(demo=True)
    before = dump()

    output = seed(demo=True)

    assert dump() == before
    assert output == "Seeded: everything was there already.\n"


def test_seeding_leaves_live_data_as_it_is():
    seed()
    with system_scope("test"):
        template = PromptTemplate.objects.get(name="Sales agent")
        template.name, template.is_active = "Our own agent", False
        template.save()
        PromptTemplate.objects.get(name="Customer support").delete()
        LeadFactory()
        AdminUser.objects.filter(email="ada@loctelli.example").update(email="changed@loctelli.example", is_active=False)
    before = dump()

    seed()

    assert dump() == before


def test_the_demo_leaves_live_data_as_it_is():
    seed()
    with system_scope("test"):
        LeadFactory()
        PromptTemplate.objects.filter(name="Sales agent").update(is_active=False)
    before = dump()

    seed(demo=True)

    after = dump()
    assert {table: [row for row in before[table] if row not in after[table]] for table in before} == {
        table: [] for table in before
    }


def test_rows_made_after_seeding_never_collide():
    seed(demo=True)

    with system_scope("test"):
        business = SubAccountFactory()
        user = UserFactory(sub_account=business)
        lead = LeadFactory(strategy__regular_user=user, strategy__sub_account=business)

        assert SubAccount.objects.exclude(pk=business.pk).filter(pk__gte=business.pk).count() == 0
        assert User.objects.exclude(pk=user.pk).filter(pk__gte=user.pk).count() == 0
        assert Lead.objects.exclude(pk=lead.pk).filter(pk__gte=lead.pk).count() == 0


def test_a_sequence_behind_its_table_is_moved_past_it_and_never_back():
    seed()
    with system_scope("test"):
        greatest = UserFactory().pk + 3
        UserFactory(pk=greatest, sub_account_id=SubAccountFactory().pk)
        platform.advance_sequence(User)
        first = UserFactory().pk
        platform.advance_sequence(User)

        assert (first, UserFactory().pk) == (greatest + 1, greatest + 2)


def test_a_first_admin_is_made_up_only_when_that_was_asked_for(settings):
    settings.ADMIN_EMAIL = settings.ADMIN_PASSWORD = ""

    output = seed(generate_password=True)

    line = output.splitlines()[1]
    email, password = line.split()
    with system_scope("test"):
        admin = AdminUser.objects.get()
    assert (admin.email, admin.role) == (email, AdminRole.SUPER_ADMIN)
    assert check_password(password, admin.password)
    assert password not in seed(generate_password=True)


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("", "", "ADMIN_EMAIL is missing"),
        ("", "a long and quiet afternoon", "ADMIN_EMAIL is missing"),
        ("ada@loctelli.example", "", "ADMIN_PASSWORD is missing"),
        ("ada", "a long and quiet afternoon", "ADMIN_EMAIL is no e-mail address"),
        ("ada@loctelli.example", "eleven char", "ADMIN_PASSWORD is too weak"),
        ("ada@loctelli.example", "q1w2e3r4t5y6", "ADMIN_PASSWORD is too weak"),
        ("ada@loctelli.example", "ada@loctelli.example", "ADMIN_PASSWORD is too weak"),
    ],
)
def test_seeding_stops_with_one_sentence_when_the_first_admin_is_missing_or_weak(settings, email, password, sentence):
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = email, password

    with pytest.raises(CommandError, match=sentence) as refusal:
        seed()

    assert "set it to" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not password or password not in str(refusal.value).replace(email, "")
    assert not any(dump().values())


def test_an_ordinary_admin_is_not_raised_to_first_admin():
    with system_scope("test"):
        AdminUserFactory(email="ada@loctelli.example", role=AdminRole.ADMIN)

    with pytest.raises(CommandError, match="ADMIN_EMAIL belongs to an admin who is no super_admin"):
        seed()


def test_the_system_users_address_in_use_stops_seeding_with_a_sentence():
    with system_scope("test"):
        UserFactory(email="user@loctelli.com")

    with pytest.raises(CommandError, match=r"user@loctelli\.com, the system user's address, belongs to somebody else"):
        seed()


@pytest.mark.django_db(transaction=True)
def test_processes_that_seed_at_once_make_one_first_admin():
    outputs, failures = [], []

    def work():
        try:
            outputs.append(seed())
        except CommandError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sorted(output.count("ONBOARDING") for output in outputs) == [0, 0, 0, 1]
    with system_scope("test"):
        assert AdminUser.objects.count() == 1


@pytest.mark.parametrize("template", integrations.TEMPLATES, ids=lambda template: template["name"])
def test_an_integration_templates_schema_is_a_strict_json_schema(template):
    schema = template["config_schema"]

    jsonschema_rs.meta.validate(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert all(definition["description"] for definition in schema["properties"].values())


def test_gohighlevel_takes_the_documents_fields_and_seals_its_secrets():
    schema = integrations.TEMPLATES[0]["config_schema"]

    assert set(schema["properties"]) == {
        "apiKey", "locationId", "calendarId", "webhookUrl", "apiVersion", "baseUrl", "webhookId", "clientId",
        "clientSecret",
    }  # fmt: skip
    assert schema["required"] == ["apiKey", "locationId"]
    assert {name for name, definition in schema["properties"].items() if definition.get("secret")} == {
        "apiKey",
        "clientId",
        "clientSecret",
    }


def test_generated_passwords_are_strong_and_differ():
    passwords = {generate_password() for _ in range(100)}

    assert len(passwords) == 100
    assert all(len(password) == 23 for password in passwords)
