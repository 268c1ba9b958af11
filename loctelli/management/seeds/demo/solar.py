"""Copperleaf Solar, an installer of rooftop solar in Phoenix, Arizona."""

from accounts.choices import UserRole
from crm.choices import ContactStatus, Priority
from forms.choices import SubmissionStatus
from loctelli.management.seeds.demo.business import Business, Connection, Enquiry, Person, Response
from loctelli.management.seeds.demo.shared_forms import CALLBACK
from loctelli.management.seeds.demo.solar_agents import AGENTS
from loctelli.management.seeds.demo.solar_leads import BEN, MAYA, MEETINGS, PRIYA, PROSPECTS, QUOTED
from loctelli.management.seeds.demo.solar_scripts import SCRIPTS
from loctelli.management.seeds.integrations import GOHIGHLEVEL, WEBHOOK
from loctelli.management.seeds.prompts import SALES_AGENT, SCHEDULER
from security.choices import IncidentType, Severity

ROOF_CHECK = "copperleaf-roof-check"

PEOPLE = (
    Person("Maya Torres", MAYA, UserRole.ADMIN, ("09:00", "16:00")),
    Person("Ben Whitaker", BEN, UserRole.MANAGER, ("08:00", "18:00")),
    Person("Priya Nair", PRIYA, UserRole.USER, ("09:00", "17:00")),
)

FORMS = (
    {
        "slug": ROOF_CHECK,
        "name": "Roof check",
        "description": "On the website's front page: does my roof suit solar?",
        "title": "Does your roof suit solar?",
        "subtitle": "Six questions, two minutes. You hear from us within a working day.",
        "submit_button_text": "Check my roof",
        "success_message": "Thank you! Ava from our team will text you shortly.",
        "wake_up_interval": 30,
        "schema": [
            {"id": "name", "type": "text", "label": "Name", "required": True, "max_length": 120},
            {"id": "email", "type": "email", "label": "E-mail", "placeholder": "you@example.com", "required": True},
            {"id": "phone", "type": "phone", "label": "Mobile phone", "help": "For text messages.", "required": True},
            {
                "id": "home",
                "type": "radio",
                "label": "Where do you live?",
                "required": True,
                "options": [
                    {"value": "own_house", "label": "In my own house"},
                    {"value": "rented", "label": "In a rented home"},
                    {"value": "flat", "label": "In a flat I own"},
                ],
            },
            {
                "id": "roof",
                "type": "select",
                "label": "What kind of roof is it?",
                "required": True,
                "options": [
                    {"value": "tile", "label": "Tile"},
                    {"value": "shingle", "label": "Shingle"},
                    {"value": "flat", "label": "Flat"},
                    {"value": "unknown", "label": "I don't know"},
                ],
                "show_if": {"field": "home", "equals": "own_house"},
            },
            {
                "id": "summer_bill",
                "type": "number",
                "label": "Electric bill in a summer month, in dollars",
                "required": True,
                "min": 0,
                "max": 5000,
            },
            {"id": "bill", "type": "file", "label": "A recent bill, if at hand", "required": False},
            {"id": "consent", "type": "consent", "label": "You may text me about my request.", "required": True},
        ],
    },
)

ENQUIRIES = (
    Enquiry(
        name="Nora Gallagher",
        email="nora.gallagher@example.com",
        phone="+1 480 555 0141",
        services="Rooftop solar",
        message="We're building in Queen Creek and want solar planned in from the start. Do you work with builders?",
        days_ago=1,
        priority=Priority.HIGH,
    ),
    Enquiry(
        name="Isaac Bloom",
        email="isaac.bloom@example.com",
        phone="+1 480 555 0142",
        services="Battery",
        message="Another company installed our panels in 2017 and is gone. Would you add a battery to it?",
        days_ago=3,
        status=ContactStatus.CONTACTED,
        assigned_to=PRIYA,
        notes=((PRIYA, "Asked for photos of panel and inverter."),),
    ),
    Enquiry(
        name="Patricia Voss",
        email="patricia.voss@example.com",
        phone="+1 480 555 0143",
        services="Rooftop solar",
        message="Homeowners' association, 24 houses, interested in a group offer.",
        days_ago=12,
        status=ContactStatus.PROPOSAL_SENT,
        priority=Priority.URGENT,
        assigned_to=MAYA,
        notes=(
            (BEN, "Called: the board decides on the 15th. Wants one price for all roofs of one type."),
            (MAYA, "Proposal for three roof types sent."),
        ),
    ),
    Enquiry(
        name="Gordon Teague",
        email="gordon.teague@example.com",
        phone="+1 480 555 0144",
        services="Service",
        message="My inverter beeps. Serial number on request.",
        days_ago=20,
        status=ContactStatus.CLOSED_WON,
        assigned_to=BEN,
        notes=((BEN, "Fan replaced under warranty; signed up for the yearly check."),),
    ),
    Enquiry(
        name="Lily Sandoval",
        email="lily.sandoval@example.com",
        phone="+1 480 555 0145",
        services="Rooftop solar",
        message="Please send prices.",
        days_ago=35,
        status=ContactStatus.UNRESPONSIVE,
        priority=Priority.LOW,
        assigned_to=PRIYA,
        notes=((PRIYA, "Three tries by phone and mail, no answer."),),
    ),
)

RESPONSES = (
    Response(
        form=ROOF_CHECK,
        data={
            "name": "Grace Holloway",
            "email": "grace.holloway@example.com",
            "phone": "+1 602 555 0100",
            "home": "own_house",
            "roof": "tile",
            "summer_bill": 260,
            "consent": True,
        },
        days_ago=1,
    ),
    Response(
        form=ROOF_CHECK,
        data={
            "name": "Rosa Villanueva",
            "email": "rosa.villanueva@example.com",
            "phone": "+1 602 555 0112",
            "home": "own_house",
            "roof": "tile",
            "summer_bill": 380,
            "consent": True,
        },
        days_ago=5,
        status=SubmissionStatus.PROCESSED,
        priority=Priority.HIGH,
        assigned_to=BEN,
        notes=((BEN, "Lead created, Ava is on it."),),
    ),
    Response(
        form=ROOF_CHECK,
        data={
            "name": "Owen Marsh",
            "email": "owen.marsh@example.com",
            "phone": "+1 602 555 0117",
            "home": "rented",
            "summer_bill": 170,
            "consent": True,
        },
        days_ago=19,
        status=SubmissionStatus.ARCHIVED,
        priority=Priority.LOW,
        assigned_to=BEN,
    ),
    Response(
        form=CALLBACK,
        data={
            "name": "Harriet Stone",
            "phone": "+1 480 555 0146",
            "when": "evening",
            "topic": "Bird nests",
            "consent": True,
        },
        days_ago=2,
        status=SubmissionStatus.CONTACTED,
        assigned_to=PRIYA,
        notes=((PRIYA, "Called at six: wants bird guards. Quote follows."),),
    ),
)

SOLAR = Business(
    key="copperleaf-solar",
    name="Copperleaf Solar",
    description="Rooftop solar and batteries for homes in the Phoenix area. A demo business.",
    timezone="America/Phoenix",
    phones="+1 602 555 01{:02}",
    settings={"lead_statuses": [QUOTED], "website": "https://copperleaf.example.com"},
    people=PEOPLE,
    prompt_templates=(SALES_AGENT, SCHEDULER),
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
            {"name": "GoHighLevel", "description": "Waits for a real token.", "status": "pending"},
            {
                "apiKey": "demo-token-that-opens-nothing",
                "locationId": "DEMOlocation0001",
                "calendarId": "DEMOcalendar0001",
            },
        ),
        Connection(
            WEBHOOK,
            {
                "name": "Planning software",
                "status": "error",
                "error_message": "copperleaf.example.com does not exist. Enter the address of your own system.",
            },
            {
                "url": "https://copperleaf.example.com/hooks/loctelli",
                "authorization": "Bearer demo-token-that-opens-nothing",
                "events": ["lead.created", "booking.created"],
            },
        ),
    ),
    incidents=(
        (
            "casey.drummond@example.com",
            {
                "type": IncidentType.PROMPT_INJECTION,
                "severity": Severity.MEDIUM,
                "description": "The lead asked the agent to ignore its instructions and to name other customers. "
                "Refused.",
            },
        ),
    ),
)
