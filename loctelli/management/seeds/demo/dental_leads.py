"""Lantern Lane Dental's leads: from a first question to a finished treatment plan."""

from crm.choices import BookingStatus, BookingType, LeadStatus
from loctelli.management.seeds.demo.business import Meeting, Prospect

ELEANOR, TOM, SOFIA = "eleanor.marsh@example.com", "tom.okafor@example.com", "sofia.lindqvist@example.com"

LEAD, ACTIVE, INACTIVE = LeadStatus.LEAD, LeadStatus.ACTIVE, LeadStatus.INACTIVE
QUALIFIED, DISQUALIFIED = LeadStatus.QUALIFIED, LeadStatus.DISQUALIFIED
BOOKED, CLOSED = LeadStatus.BOOKED, LeadStatus.CLOSED


def _wish(wish: str, last_visit: str = "About two years ago", timeline: str = "before the summer") -> dict[str, str]:
    return {"wish": wish, "last_visit": last_visit, "timeline": timeline}


def _visit(status: BookingStatus, in_days: int, at: str, minutes: int = 40, notes: str = "") -> Meeting:
    return Meeting(BookingType.CONSULTATION, status, in_days, at, minutes, "12 Lantern Lane, surgery 2", notes)


PROSPECTS = (
    Prospect("Imogen Hale", SOFIA, 1, LEAD, "opening", facts=_wish("a check-up")),
    Prospect("Rahul Mehta", TOM, 1, LEAD, "opening", facts=_wish("whitening")),
    Prospect("Bethan Pryce", SOFIA, 1, LEAD, notes="Came by on foot, asked for a leaflet. Wants to be e-mailed."),
    Prospect("Callum Reid", TOM, 2, LEAD, "opening", facts=_wish("aligners")),
    Prospect("Agnes Dubois", SOFIA, 2, ACTIVE, "active", facts=_wish("becoming a patient", "Last spring, in Lyon")),
    Prospect("Leo Fairbanks", TOM, 3, ACTIVE, "active", facts=_wish("becoming a patient", "Hm, before the children")),
    Prospect("Yusuf Demir", SOFIA, 4, ACTIVE, "nervous", facts=_wish("a check-up", "It has been at least eight years")),
    Prospect("Martha Quill", SOFIA, 5, ACTIVE, "nervous", facts=_wish("a crown", "Not since 2015")),
    Prospect(
        "George Ashdown",
        ELEANOR,
        4,
        ACTIVE,
        "recall_sent",
        agent="recall",
        facts=_wish("a check-up", "fourteen months ago"),
        notes="Patient since 2016.",
        history=(
            ("assistant", "Your hygienist appointment is confirmed for Monday at 9:00."),
            ("user", "Could we make it 9:30? Train trouble."),
            ("assistant", "Done, 9:30 it is."),
        ),
    ),
    Prospect("Freya Nilsson", TOM, 28, INACTIVE, "quiet", facts=_wish("whitening")),
    Prospect("Oscar Bright", SOFIA, 36, INACTIVE, "quiet", facts=_wish("aligners")),
    Prospect("Dilys Morgan", TOM, 44, INACTIVE, "quiet", facts=_wish("a check-up")),
    Prospect("Hannah Levy", TOM, 5, QUALIFIED, "qualified", facts=_wish("aligners", "In January", "before my wedding")),
    Prospect(
        "Marcus Oyelaran", SOFIA, 7, QUALIFIED, "qualified", facts=_wish("aligners", "Half a year ago", "this winter")
    ),
    Prospect(
        "Chloe Barrett",
        TOM,
        8,
        QUALIFIED,
        "qualified",
        facts=_wish("whitening", "Three months ago", "before a photo shoot"),
        company="Barrett Casting",
        position="Director",
        notes="Asks about a company arrangement for her actors.",
    ),
    Prospect("Stefan Wolski", SOFIA, 6, QUALIFIED, "urgent", notes="Seen the same day, root treatment planned."),
    Prospect("Kayleigh Simms", SOFIA, 12, DISQUALIFIED, "nhs", facts=_wish("a check-up")),
    Prospect("Brian Toller", TOM, 18, DISQUALIFIED, "nhs", facts=_wish("dentures")),
    Prospect("Nadia Rahimi", SOFIA, 25, DISQUALIFIED, "nhs", facts=_wish("a filling")),
    Prospect(
        "Edmund Price",
        TOM,
        5,
        BOOKED,
        "booked",
        facts=_wish("becoming a patient"),
        meetings=(_visit(BookingStatus.CONFIRMED, 2, "09:40"),),
    ),
    Prospect(
        "Amara Nwosu",
        SOFIA,
        6,
        BOOKED,
        "booked",
        facts=_wish("becoming a patient", "A year ago or so"),
        meetings=(_visit(BookingStatus.PENDING, 3, "14:20", notes="Waits for the shift plan."),),
    ),
    Prospect(
        "Peggy Larkin",
        ELEANOR,
        8,
        BOOKED,
        "recall",
        agent="recall",
        meetings=(_visit(BookingStatus.CONFIRMED, 6, "11:00", 50, "With the hygienist."),),
    ),
    Prospect(
        "Theo Castellan",
        SOFIA,
        11,
        BOOKED,
        "booked",
        facts=_wish("a check-up", "Too long ago"),
        meetings=(
            _visit(BookingStatus.NO_SHOW, -4, "16:00", notes="Forgot; called himself the day after."),
            _visit(BookingStatus.CONFIRMED, 7, "16:00"),
        ),
    ),
    Prospect(
        "Winifred Stokes",
        ELEANOR,
        20,
        BOOKED,
        "recall",
        agent="recall",
        meetings=(
            _visit(BookingStatus.CANCELLED, -6, "10:20", 50, "Cancelled because of a cold."),
            _visit(BookingStatus.CONFIRMED, 9, "10:20", 50),
        ),
    ),
    Prospect(
        "Jasper Coyle",
        TOM,
        52,
        CLOSED,
        "closed",
        facts=_wish("aligners", timeline="this year"),
        meetings=(_visit(BookingStatus.COMPLETED, -47, "17:30", 30, "Plan accepted, 22 steps."),),
    ),
    Prospect(
        "Ruth Abernathy",
        SOFIA,
        66,
        CLOSED,
        "closed",
        facts=_wish("aligners", timeline="before my fortieth"),
        meetings=(_visit(BookingStatus.COMPLETED, -60, "18:00", 30, "Plan accepted, 18 steps."),),
    ),
)

MEETINGS = (
    Meeting(
        BookingType.MEETING,
        BookingStatus.CONFIRMED,
        1,
        "08:15",
        30,
        "12 Lantern Lane, staff room",
        "Team meeting.",
        with_person=ELEANOR,
    ),
    Meeting(
        BookingType.DEMO,
        BookingStatus.COMPLETED,
        -5,
        "13:00",
        45,
        "12 Lantern Lane, surgery 1",
        "New scanner shown by its maker.",
        with_person=ELEANOR,
    ),
)
