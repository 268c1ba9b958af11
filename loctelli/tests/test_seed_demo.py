"""The demo businesses that `manage.py seed --demo` writes, and when it does not."""

from datetime import UTC, date, datetime

import jsonschema_rs
import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError
from django.db.models import F
from django.db.models.functions import Now

from accounts.choices import UserRole
from accounts.models import User
from accounts.tests.factories import UserFactory
from agents.models import Strategy, SubAccountPromptTemplate
from crm.choices import BookingStatus, BookingType, ContactStatus, LeadStatus
from crm.conversations import find_broken_messages
from crm.models import Booking, ContactSubmission, Lead
from forms.choices import SubmissionStatus
from forms.models import FormSubmission, FormTemplate
from integrations.models import Integration
from loctelli.management.seeds import demo
from loctelli.management.seeds.demo.calendar import Calendar
from loctelli.tests.test_seed import dump, seed
from security.config_secrets import Place, mask_secrets, unseal_secrets
from security.models import ConversationMessage
from tenants.models import ONBOARDING_ID, SubAccount
from tenants.scope import system_scope, tenant_scope
from tenants.tests.factories import SubAccountFactory

pytestmark = pytest.mark.django_db


DEMO_PASSWORD = "walnut ferry lantern"


@pytest.fixture(autouse=True)
def first_admin(settings):
    settings.ADMIN_EMAIL = "Ada@Loctelli.example"
    settings.ADMIN_PASSWORD = "a long and quiet afternoon"


def test_the_demo_shows_every_state_of_everything():
    output = seed(demo=True, demo_password=DEMO_PASSWORD)

    for business in demo.BUSINESSES:
        with system_scope("test"):
            sub_account = SubAccount.objects.get(name=business.name)
        with tenant_scope(sub_account.pk):
            users = User.objects.all()
            assert {user.role for user in users} == {UserRole.ADMIN, UserRole.MANAGER, UserRole.USER}
            assert all(check_password(DEMO_PASSWORD, user.password) for user in users)
            assert all(f"  {user.email} " in output for user in users)
            assert Strategy.objects.count() == 3
            assert Lead.objects.count() >= 25
            assert set(LeadStatus.values) <= set(Lead.objects.values_list("status", flat=True))
            assert set(Booking.objects.values_list("status", flat=True)) == set(BookingStatus.values)
            assert Integration.objects.count() >= 1
            assert SubAccountPromptTemplate.objects.filter(is_active=True).count() == 1
            assert set(FormTemplate.objects.values_list("sub_account_id", flat=True)) == {None, sub_account.pk}
            assert set(FormSubmission.objects.values_list("form_owner_id", flat=True)) == {0, sub_account.pk}
            assert ContactSubmission.objects.exclude(notes=None).exists()
            assert FormSubmission.objects.exclude(notes=None).exists()
    with system_scope("test"):
        assert set(ContactSubmission.objects.values_list("status", flat=True)) == set(ContactStatus.values)
        assert set(FormSubmission.objects.values_list("status", flat=True)) == set(SubmissionStatus.values)
        assert set(Booking.objects.values_list("booking_type", flat=True)) == set(BookingType.values)


def test_demo_conversations_are_whole_encrypted_and_in_the_past():
    seed(demo=True)

    with system_scope("test"):
        leads = Lead.objects.filter(conversation_messages__isnull=False).distinct()
        broken = {lead.name: find_broken_messages(lead) for lead in leads}
        late = ConversationMessage.objects.filter(message_timestamp__gt=Now())
        plain = ConversationMessage.objects.filter(encrypted_content__contains="Copperleaf")
        assert len(broken) > 45
        assert [name for name, messages in broken.items() if messages] == []
        assert (late.count(), plain.count()) == (0, 0)
        lead = Lead.objects.get(name="Edmund Price")
        assert lead.last_message.startswith("Lovely: ")
        assert "{" not in lead.last_message


def test_demo_meetings_are_where_the_conversation_put_them():
    seed(demo=True)

    with system_scope("test"):
        booking = Booking.objects.get(lead__name="Edmund Price")
        message = booking.lead.last_message
    day = date.fromisoformat(booking.details["date"])
    assert f"{day:%A}, {day:%B} {day.day} at {booking.details['time']}" in message
    assert day.weekday() < 5


@pytest.mark.parametrize("weekday", range(7))
def test_demo_meetings_are_ahead_or_behind_as_their_status_says_on_any_day(weekday):
    midnight = datetime(2027, 3, 1 + weekday, 0, 1, tzinfo=UTC)

    for business in demo.BUSINESSES:
        calendar = Calendar(now=midnight, zone=business.timezone)
        ahead = {BookingStatus.PENDING, BookingStatus.CONFIRMED}
        for prospect in business.prospects:
            for meeting in prospect.meetings:
                day = calendar.weekday(meeting.in_days)
                assert day.weekday() < 5
                assert (day > calendar.today) == (meeting.status in ahead)
                assert day > calendar.days_ago(prospect.days_ago).date()


def test_demo_integrations_hold_no_secret_in_the_clear_and_call_nobody():
    seed(demo=True)

    with system_scope("test"):
        for integration in Integration.objects.select_related("integration_template"):
            schema = integration.integration_template.config_schema
            place = Place(integration.sub_account_id, "integrations", integration.pk)
            config = unseal_secrets(integration.config, schema, place=place)

            assert "opens-nothing" not in str(integration.config)
            assert "opens-nothing" in str(config)
            jsonschema_rs.validator_for(schema, validate_formats=True).validate(config)
            assert {"set": True} in mask_secrets(integration.config, schema).values()
            assert integration.webhook_secret.startswith("whsec_")
            assert not integration.is_active


def test_every_lead_stays_within_its_sub_account():
    seed(demo=True)

    with system_scope("test"):
        strangers = Lead.objects.exclude(sub_account_id=F("strategy__sub_account_id"))
        assert strangers.count() == 0
        assert Lead.objects.filter(sub_account_id=ONBOARDING_ID).count() == 0


@pytest.mark.parametrize("change", ["renamed", "deleted but for its people", "deleted but for its form"])
def test_a_demo_business_of_which_anything_is_left_does_not_come_back(change):
    seed(demo=True)
    with system_scope("test"):
        solar = SubAccount.objects.get(name="Copperleaf Solar")
        elsewhere = SubAccountFactory()
        if change == "renamed":
            SubAccount.objects.filter(pk=solar.pk).update(name="Somebody's Solar")
        else:
            ContactSubmission.objects.filter(sub_account=solar).delete()
            FormSubmission.objects.filter(sub_account=solar).delete()
            forms = FormTemplate.objects.filter(sub_account=solar)
            if change.endswith("form"):
                forms.update(sub_account=elsewhere)
            else:
                forms.delete()
            solar.delete()
            if change.endswith("people"):
                UserFactory(email="maya.torres@example.com", sub_account=elsewhere)
    before = dump()

    seed(demo=True)

    assert dump() == before


def test_a_demo_business_that_is_gone_comes_back_whole():
    seed(demo=True)
    with system_scope("test"):
        solar = SubAccount.objects.get(name="Copperleaf Solar")
        leads = Lead.objects.filter(sub_account=solar).count()
        for model in (ContactSubmission, FormSubmission, FormTemplate):
            model.objects.filter(sub_account=solar).delete()
        solar.delete()

    output = seed(demo=True)

    with system_scope("test"):
        assert Lead.objects.filter(sub_account__name="Copperleaf Solar").count() == leads
    assert output.endswith("Seeded: the demo business Copperleaf Solar.\n")


def test_a_weak_demo_password_is_refused_and_nothing_is_written():
    with pytest.raises(CommandError, match="--demo-password is too weak"):
        seed(demo=True, demo_password="demo")

    assert not any(dump().values())
