"""Lantern Lane Dental, a private dental practice in London."""

from accounts.choices import UserRole
from crm.choices import ContactStatus, Priority
from forms.choices import SubmissionStatus
from loctelli.management.seeds.demo.business import Business, Connection, Enquiry, Person, Response
from loctelli.management.seeds.demo.dental_agents import AGENTS
from loctelli.management.seeds.demo.dental_leads import ELEANOR, MEETINGS, PROSPECTS, SOFIA, TOM
from loctelli.management.seeds.demo.dental_scripts import SCRIPTS
from loctelli.management.seeds.demo.shared_forms import CALLBACK
from loctelli.management.seeds.integrations import GOHIGHLEVEL
from loctelli.management.seeds.prompts import SALES_AGENT, SUPPORT

NEW_PATIENT = "lantern-lane-new-patient"

PEOPLE = (
    Person("Eleanor Marsh", ELEANOR, UserRole.ADMIN, ("09:00", "17:00")),
    Person("Tom Okafor", TOM, UserRole.MANAGER),
    Person("Sofia Lindqvist", SOFIA, UserRole.USER, ("10:00", "19:00")),
)

FORMS = (
    {
        "slug": NEW_PATIENT,
        "name": "New patient",
        "description": "Linked from the website's menu. Asks for nothing medical.",
        "title": "Become a patient",
        "subtitle": "Tell us how we can reach you; we find a time together.",
        "submit_button_text": "Send",
        "success_message": "Thank you. We'll write to you within a working day.",
        "requires_wake_up": True,
        "wake_up_interval": 25,
        "schema": [
            {"id": "name", "type": "text", "label": "Full name", "required": True, "max_length": 120},
            {"id": "email", "type": "email", "label": "E-mail", "required": True},
            {"id": "phone", "type": "phone", "label": "Phone", "placeholder": "020 7946 0000", "required": False},
            {
                "id": "reasons",
                "type": "multiselect",
                "label": "What is it about?",
                "required": True,
                "options": [
                    {"value": "check_up", "label": "Check-up"},
                    {"value": "pain", "label": "Pain"},
                    {"value": "whitening", "label": "Whitening"},
                    {"value": "aligners", "label": "Straighter teeth"},
                    {"value": "other", "label": "Something else"},
                ],
            },
            {
                "id": "urgent",
                "type": "radio",
                "label": "Is it urgent?",
                "help": "For swelling with fever or trouble breathing call 999.",
                "required": True,
                "options": [{"value": "today", "label": "Yes, today"}, {"value": "soon", "label": "In the next days"}],
                "show_if": {"field": "reasons", "contains": "pain"},
            },
            {"id": "preferred_date", "type": "date", "label": "A day that would suit you", "required": False},
            {
                "id": "comfort",
                "type": "rating",
                "label": "How do you feel about dentists?",
                "help": "1 is terrified, 5 is relaxed.",
                "required": False,
                "min": 1,
                "max": 5,
            },
            {"id": "consent", "type": "consent", "label": "You may contact me about my request.", "required": True},
        ],
    },
)

ENQUIRIES = (
    Enquiry(
        name="Delphine Okoro",
        email="delphine.okoro@example.com",
        phone="+44 20 7946 0301",
        services="Check-up",
        message="Family of four, two small children. Do you see children, and can we all come on one day?",
        days_ago=1,
        priority=Priority.HIGH,
    ),
    Enquiry(
        name="Alistair Munro",
        email="alistair.munro@example.com",
        phone="+44 20 7946 0302",
        services="Implants",
        message="I've been quoted for an implant elsewhere and would like a second opinion.",
        days_ago=4,
        status=ContactStatus.QUALIFIED,
        priority=Priority.HIGH,
        assigned_to=TOM,
        notes=((TOM, "Brings the X-rays. Wants the earliest time with Dr Marsh."),),
    ),
    Enquiry(
        name="Jodie Carver",
        email="jodie.carver@example.com",
        phone="+44 20 7946 0303",
        services="Whitening",
        message="How long does whitening last?",
        days_ago=6,
        status=ContactStatus.CONTACTED,
        assigned_to=SOFIA,
        notes=((SOFIA, "Explained home and in-practice whitening; she compares."),),
    ),
    Enquiry(
        name="Samir Haddad",
        email="samir.haddad@example.com",
        phone="+44 20 7946 0304",
        services="Aligners",
        message="Is there a monthly plan?",
        days_ago=24,
        status=ContactStatus.CLOSED_WON,
        assigned_to=TOM,
        notes=((TOM, "Sent the plan's terms."), (TOM, "Signed; scan next week.")),
    ),
    Enquiry(
        name="Petra Novak",
        email="petra.novak@example.com",
        phone="+44 20 7946 0305",
        services="Dentures",
        message="Do you repair dentures the same day?",
        days_ago=30,
        status=ContactStatus.CLOSED_LOST,
        priority=Priority.LOW,
        assigned_to=SOFIA,
        notes=((SOFIA, "Needed it the same day; sent her to the lab's own counter."),),
    ),
)

RESPONSES = (
    Response(
        form=NEW_PATIENT,
        data={
            "name": "Imogen Hale",
            "email": "imogen.hale@example.com",
            "phone": "+44 20 7946 0000",
            "reasons": ["check_up"],
            "comfort": 4,
            "consent": True,
        },
        days_ago=1,
    ),
    Response(
        form=NEW_PATIENT,
        data={
            "name": "Stefan Wolski",
            "email": "stefan.wolski@example.com",
            "phone": "+44 20 7946 0015",
            "reasons": ["pain"],
            "urgent": "today",
            "consent": True,
        },
        days_ago=6,
        status=SubmissionStatus.PROCESSED,
        priority=Priority.URGENT,
        assigned_to=TOM,
        notes=((TOM, "Called at once, came in at three."),),
    ),
    Response(
        form=NEW_PATIENT,
        data={
            "name": "Yusuf Demir",
            "email": "yusuf.demir@example.com",
            "reasons": ["check_up", "other"],
            "comfort": 1,
            "consent": True,
        },
        days_ago=4,
        status=SubmissionStatus.REVIEWED,
        assigned_to=SOFIA,
        notes=((SOFIA, "Very nervous: offer the talk only."),),
    ),
    Response(
        form=CALLBACK,
        data={"name": "Gwen Ellery", "phone": "+44 20 7946 0306", "when": "morning", "consent": True},
        days_ago=3,
        status=SubmissionStatus.CONTACTED,
        assigned_to=SOFIA,
    ),
)

DENTAL = Business(
    key="lantern-lane-dental",
    name="Lantern Lane Dental",
    description="A private dental practice in north London. A demo business.",
    timezone="Europe/London",
    phones="+44 20 7946 0{:03}",
    settings={"website": "https://lanternlane.example.com"},
    people=PEOPLE,
    prompt_templates=(SALES_AGENT, SUPPORT),
    agents=AGENTS,
    scripts=SCRIPTS,
    prospects=PROSPECTS,
    meetings=MEETINGS,
    forms=FORMS,
    enquiries=ENQUIRIES,
    responses=RESPONSES,
    connections=(
        Connection(
            GOHIGHLEVEL,
            {"name": "GoHighLevel", "description": "Disconnected when the demo was made.", "status": "disconnected"},
            {"apiKey": "demo-token-that-opens-nothing", "locationId": "DEMOlocation0002"},
        ),
    ),
)
