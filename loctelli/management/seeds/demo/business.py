"""What a demo business consists of: plain descriptions, in days before or after the day of seeding.

People and leads are referred to by their e-mail address, strategies, scripts and forms by their keys.
"""

from dataclasses import dataclass, field
from typing import Any

from accounts.choices import UserRole
from crm.choices import BookingStatus, BookingType, ContactStatus, LeadStatus, Priority
from forms.choices import SubmissionStatus


@dataclass(frozen=True)
class Person:
    """A user; `hours` are the local hours on weekdays in which the person can be booked, None for not at all."""

    name: str
    email: str
    role: UserRole
    hours: tuple[str, str] | None = None


@dataclass(frozen=True)
class Agent:
    """A strategy: who owns it, which prompt template it starts from, and its texts."""

    owner: str
    prompt_template: str
    texts: dict[str, Any]
    is_active: bool = True


@dataclass(frozen=True)
class Script:
    """A conversation, one message a line: `lead: …`, `agent: …`, or `agent, 2 days later: …`.

    {first}, {agent}, {meeting} and the lead's own facts are filled in. `state` is where it leaves the lead.
    """

    state: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Meeting:
    """A booking `in_days` from the day of seeding (negative: before), moved off the weekend, at a local time."""

    kind: BookingType
    status: BookingStatus
    in_days: int
    at: str
    minutes: int
    location: str
    notes: str = ""
    with_person: str = ""


@dataclass(frozen=True)
class Prospect:
    """A lead that came in so many days ago; `script` names its conversation, "" for none yet."""

    name: str
    owner: str
    days_ago: int
    status: LeadStatus | str
    script: str = ""
    facts: dict[str, str] = field(default_factory=dict, kw_only=True)
    agent: str = field(default="", kw_only=True)  # "" for the business's first one
    company: str | None = field(default=None, kw_only=True)
    position: str | None = field(default=None, kw_only=True)
    notes: str | None = field(default=None, kw_only=True)
    # What was said elsewhere before the lead was imported: (role, text) pairs.
    history: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    # The first is the one the conversation agrees on.
    meetings: tuple[Meeting, ...] = field(default=(), kw_only=True)

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@example.com"


@dataclass(frozen=True, kw_only=True)
class Enquiry:
    """A contact submission; notes are (author, text) pairs."""

    name: str
    email: str
    phone: str
    services: str
    message: str
    days_ago: int
    status: ContactStatus = ContactStatus.NEW
    priority: Priority = Priority.MEDIUM
    assigned_to: str = ""
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Response:
    """A form submission; notes are (author, text) pairs."""

    form: str
    data: dict[str, Any]
    days_ago: int
    status: SubmissionStatus = SubmissionStatus.NEW
    priority: Priority = Priority.MEDIUM
    assigned_to: str = ""
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Connection:
    """An integration, not switched on: its secrets are made up, and no demo shall call anybody."""

    template: str
    fields: dict[str, Any]
    config: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Business:
    """A client business; `key` is how `settings` names it."""

    key: str
    name: str
    description: str
    timezone: str
    phones: str  # how a lead's number is made of its place in the list
    settings: dict[str, Any]
    people: tuple[Person, ...]
    prompt_templates: tuple[str, ...]  # the chosen ones, the active one first
    agents: dict[str, Agent]
    scripts: dict[str, Script]
    prospects: tuple[Prospect, ...]
    meetings: tuple[Meeting, ...]  # those without a lead
    forms: tuple[dict[str, Any], ...]
    enquiries: tuple[Enquiry, ...]
    responses: tuple[Response, ...]
    connections: tuple[Connection, ...]
    incidents: tuple[tuple[str, dict[str, Any]], ...] = ()  # (lead, fields)
