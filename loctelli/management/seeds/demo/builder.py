"""Turns the description of a demo business into rows. Runs in the system scope and names the sub-account each time."""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils import timezone

from accounts.models import AdminUser, User
from agents.models import PromptTemplate, Strategy, SubAccountPromptTemplate
from agents.services import activate_prompt_template
from crm.conversations import append_message, iso
from crm.models import Booking, ContactSubmission, Lead
from crm.notes import Note
from forms.choices import SubmissionStatus
from forms.models import FormSubmission, FormTemplate
from integrations.models import Integration, IntegrationTemplate
from loctelli.management.seeds import integrations, prompts
from loctelli.management.seeds.demo.business import Agent, Business, Enquiry, Meeting, Person, Prospect, Response
from loctelli.management.seeds.demo.calendar import Calendar
from loctelli.management.seeds.demo.dialogue import conversation
from loctelli.management.seeds.demo.shared_forms import shared_forms
from security.config_secrets import Place, seal_secrets
from security.fields import assign_row_id
from security.models import SecurityIncident
from tenants.models import SubAccount

STARTED_DAYS_AGO = 120


def create_business(business: Business, *, admin: AdminUser, password: str) -> list[User]:
    """Create a demo business with all that belongs to it; return its users, who all have this password."""
    prompts.create_missing(admin)
    integrations.create_missing(admin)
    return _Builder(business, admin, password).build()


class _Builder:
    def __init__(self, business: Business, admin: AdminUser, password: str) -> None:
        self.business, self.admin, self.password = business, admin, password
        self.calendar = Calendar(now=timezone.now(), zone=business.timezone)
        self.started = self.calendar.days_ago(STARTED_DAYS_AGO)

    def build(self) -> list[User]:
        business = self.business
        self.sub_account = SubAccount.objects.create(
            name=business.name,
            description=business.description,
            settings={"demo": business.key, "timezone": business.timezone, **business.settings},
            created_by_admin=self.admin,
            created_at=self.started,
        )
        self.users = {person.email: self._user(person) for person in business.people}
        self._choose_prompt_templates()
        self.strategies = {key: self._strategy(agent) for key, agent in business.agents.items()}
        self.leads = {}
        for number, prospect in enumerate(business.prospects):
            self.leads[prospect.email] = self._lead(prospect, number)
        for number, meeting in enumerate(business.meetings):
            self._booking(meeting, lead=None, owner=meeting.with_person, made=self.calendar.days_ago(9 + number))
        self.forms = self._forms()
        for number, enquiry in enumerate(business.enquiries):
            self._enquiry(enquiry, number)
        for number, response in enumerate(business.responses):
            self._response(response, number)
        self._integrations()
        for email, fields in business.incidents:
            lead = self.leads[email]
            SecurityIncident.objects.create(
                sub_account_id=self.sub_account.pk,
                lead_id=lead.pk,
                user_id=lead.regular_user_id,
                created_at=lead.created_at + timedelta(hours=1),
                **fields,
            )
        return list(self.users.values())

    def _user(self, person: Person) -> User:
        hours = None
        if person.hours:
            start, end = person.hours
            days = ("monday", "tuesday", "wednesday", "thursday", "friday")
            hours = {
                "weekly": {day: [{"start": start, "end": end}] for day in days},
                "overrides": [],
                "slot_minutes": 60,
                "buffer_minutes": 15,
                "notice_hours": 12,
                "horizon_days": 30,
            }
        return User.objects.create(
            name=person.name,
            email=person.email,
            password=make_password(self.password),
            role=person.role,
            company=self.business.name,
            timezone=self.business.timezone,
            bookings_time=hours,
            booking_enabled=int(hours is not None),
            sub_account=self.sub_account,
            created_by_admin=self.admin,
            created_at=self.started,
        )

    def _choose_prompt_templates(self) -> None:
        first, *others = (_by_name(PromptTemplate, name) for name in self.business.prompt_templates)
        if first.is_active:
            activate_prompt_template(self.sub_account, template=first)
        else:  # Platform admins have withdrawn it.
            others.append(first)
        for template in others:
            SubAccountPromptTemplate.objects.create(sub_account=self.sub_account, prompt_template=template)

    def _strategy(self, agent: Agent) -> Strategy:
        return Strategy.objects.create(
            sub_account=self.sub_account,
            regular_user=self.users[agent.owner],
            prompt_template=_by_name(PromptTemplate, agent.prompt_template),
            is_active=agent.is_active,
            created_at=self.started,
            **agent.texts,
        )

    def _lead(self, prospect: Prospect, number: int) -> Lead:
        came, script = self.calendar.days_ago(prospect.days_ago, number=number), self._script(prospect)
        lead = Lead.objects.create(
            name=prospect.name,
            email=prospect.email,
            phone=self.business.phones.format(number),
            company=prospect.company,
            position=prospect.position,
            custom_id=f"{self.business.key}-{number + 1:04}",
            timezone=self.business.timezone,
            sub_account=self.sub_account,
            regular_user=self.users[prospect.owner],
            strategy=self._strategy_of(prospect),
            status=prospect.status,
            notes=prospect.notes,
            message_history=[
                {"role": role, "content": text, "timestamp": iso(came - timedelta(days=30, minutes=-6 * index))}
                for index, (role, text) in enumerate(prospect.history)
            ]
            or None,
            conversation_state=self._state(prospect),
            created_at=came,
        )
        last = came
        for role, text, moment in conversation(script, came):
            append_message(lead, role=role, content=text, timestamp=moment)
            last = moment
        # Writing the conversation was not the last change of a lead that went quiet weeks ago.
        Lead.objects.filter(pk=lead.pk).update(updated_at=last)
        for meeting in prospect.meetings:
            self._booking(
                meeting, lead=lead, owner=meeting.with_person or prospect.owner, made=came + timedelta(hours=2)
            )
        return lead

    def _strategy_of(self, prospect: Prospect) -> Strategy:
        return self.strategies[prospect.agent or next(iter(self.strategies))]

    def _script(self, prospect: Prospect) -> str:
        if not prospect.script:
            return ""
        words = {
            "first": prospect.name.split()[0],
            "agent": self._strategy_of(prospect).ai_name,
            "meeting": self._words_for(prospect.meetings[0]) if prospect.meetings else "",
            **prospect.facts,
        }
        return self.business.scripts[prospect.script].text.format_map(words)

    def _state(self, prospect: Prospect) -> dict[str, Any] | None:
        if not prospect.script:
            return None
        script = self.business.scripts[prospect.script]
        return {**script.state, "timeline": prospect.facts["timeline"] if "{timeline}" in script.text else None}

    def _words_for(self, meeting: Meeting) -> str:
        day = self.calendar.weekday(meeting.in_days)
        return f"{day:%A}, {day:%B} {day.day} at {meeting.at}"

    def _booking(self, meeting: Meeting, *, lead: Lead | None, owner: str, made: datetime) -> None:
        day: date = self.calendar.weekday(meeting.in_days)
        details = {
            "date": day.isoformat(),
            "time": meeting.at,
            "timezone": self.business.timezone,
            "duration_minutes": meeting.minutes,
            "location": meeting.location,
        }
        Booking.objects.create(
            sub_account=self.sub_account,
            regular_user=self.users[owner],
            lead=lead,
            booking_type=meeting.kind,
            details={**details, "notes": meeting.notes} if meeting.notes else details,
            status=meeting.status,
            created_at=made,
        )

    def _forms(self) -> dict[str, FormTemplate]:
        forms = {form.slug: form for form in shared_forms(self.admin)}
        for fields in self.business.forms:
            forms[fields["slug"]] = FormTemplate.objects.create(
                sub_account=self.sub_account, created_by_admin=self.admin, created_at=self.started, **fields
            )
        return forms

    def _enquiry(self, enquiry: Enquiry, number: int) -> None:
        submitted = self.calendar.days_ago(enquiry.days_ago, number=number)
        ContactSubmission.objects.create(
            sub_account=self.sub_account,
            full_name=enquiry.name,
            email=enquiry.email,
            phone=enquiry.phone,
            services=enquiry.services,
            message=enquiry.message,
            status=enquiry.status,
            priority=enquiry.priority,
            assigned_to=self.users.get(enquiry.assigned_to),
            notes=self._notes(enquiry.notes, submitted),
            submitted_at=submitted,
            followed_up_at=self.calendar.since(submitted, 0.1) if enquiry.status.is_followed_up else None,
            closed_at=self.calendar.since(submitted, 0.9) if enquiry.status.is_closed else None,
        )

    def _response(self, response: Response, number: int) -> None:
        form = self.forms.get(response.form)
        if form is None:
            return  # Everyone's form that somebody has made their own since.
        submitted = self.calendar.days_ago(response.days_ago, number=number)
        contacted = response.status in (SubmissionStatus.CONTACTED, SubmissionStatus.PROCESSED)
        FormSubmission.objects.create(
            sub_account=self.sub_account,
            form_template=form,
            data=response.data,
            ip_address=f"203.0.113.{number + 10}",
            user_agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Firefox/128.0",
            status=response.status,
            priority=response.priority,
            assigned_to=self.users.get(response.assigned_to),
            notes=self._notes(response.notes, submitted),
            submitted_at=submitted,
            reviewed_at=self.calendar.since(submitted, 0.1) if response.status != SubmissionStatus.NEW else None,
            contacted_at=self.calendar.since(submitted, 0.4) if contacted else None,
        )

    def _notes(self, notes: tuple[tuple[str, str], ...], submitted: datetime) -> list[Note] | None:
        written = [
            Note(
                content=text,
                created_at=iso(self.calendar.since(submitted, number / (len(notes) + 1))),
                author_id=self.users[author].pk,
                author_name=self.users[author].name,
            )
            for number, (author, text) in enumerate(notes, start=1)
        ]
        return written or None

    def _integrations(self) -> None:
        for connection in self.business.connections:
            template = _by_name(IntegrationTemplate, connection.template)
            integration = Integration(
                sub_account=self.sub_account,
                integration_template=template,
                created_by_admin=self.admin,
                created_at=self.started,
                **connection.fields,
            )
            integration.webhook_secret = f"whsec_{secrets.token_urlsafe(32)}"
            place = Place(self.sub_account.pk, Integration._meta.db_table, assign_row_id(integration))
            integration.config = seal_secrets(connection.config, template.config_schema, place=place)
            integration.save(force_insert=True)


def _by_name(model: type[models.Model], name: str) -> Any:
    """Return the oldest row of a catalogue with this name."""
    return model._base_manager.filter(name=name).order_by("pk")[0]
