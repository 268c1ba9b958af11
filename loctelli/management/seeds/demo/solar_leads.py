"""Copperleaf Solar's leads: every stage from a first message to a signed agreement."""

from crm.choices import BookingStatus, BookingType, LeadStatus
from loctelli.management.seeds.demo.business import Meeting, Prospect

BEN, PRIYA, MAYA = "ben.whitaker@example.com", "priya.nair@example.com", "maya.torres@example.com"
QUOTED = "quoted"  # this sub-account's own stage


def _home(town: str, bill: str, roof: str = "ten years old, tile", timeline: str = "Before summer") -> dict[str, str]:
    return {"town": town, "bill": bill, "roof": roof, "timeline": timeline}


def _visit(status: BookingStatus, in_days: int, at: str, street: str, notes: str = "") -> Meeting:
    return Meeting(BookingType.CONSULTATION, status, in_days, at, 60, f"{street}, at the home", notes)


def _video(status: BookingStatus, in_days: int, at: str, notes: str = "") -> Meeting:
    return Meeting(BookingType.DEMO, status, in_days, at, 30, "Video call", notes)


LEAD, ACTIVE, INACTIVE = LeadStatus.LEAD, LeadStatus.ACTIVE, LeadStatus.INACTIVE
QUALIFIED, DISQUALIFIED = LeadStatus.QUALIFIED, LeadStatus.DISQUALIFIED
BOOKED, CLOSED = LeadStatus.BOOKED, LeadStatus.CLOSED

PROSPECTS = (
    Prospect("Grace Holloway", PRIYA, 1, LEAD, "opening", facts=_home("Tempe", "$260")),
    Prospect("Luis Carranza", BEN, 1, LEAD, "opening", facts=_home("Glendale", "$310")),
    Prospect("Denise Abbott", PRIYA, 1, LEAD, ""),
    Prospect("Howard Pike", BEN, 2, LEAD, "opening", facts=_home("Mesa", "$180")),
    Prospect(
        "Alicia Fontaine", PRIYA, 2, ACTIVE, "discovery", facts=_home("Scottsdale", "$420", "five years old, tile")
    ),
    Prospect("Ray Dunmore", BEN, 3, ACTIVE, "discovery", facts=_home("Chandler", "$290", "shingle, maybe 12 years")),
    Prospect("Kim Tran", PRIYA, 3, ACTIVE, "discovery", facts=_home("Gilbert", "$350", "new, we built in 2021")),
    Prospect("Walter Osei", MAYA, 4, ACTIVE, "battery", agent="batteries", facts=_home("Peoria", "$140")),
    Prospect(
        "Janet Rowland",
        MAYA,
        6,
        ACTIVE,
        "battery",
        agent="batteries",
        facts=_home("Surprise", "$165"),
        notes="Customer since 2019, 7.2 kW. Prefers to be called in the morning.",
        history=(
            ("user", "Hello, the app shows an error since the storm."),
            (
                "assistant",
                "Thanks for telling us. A technician can come tomorrow between 9 and 11. Does that suit you?",
            ),
            ("user", "Yes, thank you!"),
            ("assistant", "Done: tomorrow between 9 and 11."),
        ),
    ),
    Prospect("Curtis Bell", BEN, 41, INACTIVE, "quiet", facts=_home("Avondale", "$230")),
    Prospect("Monique Sayer", PRIYA, 33, INACTIVE, "quiet", facts=_home("Phoenix", "$275")),
    Prospect("Dale Hutchins", PRIYA, 27, INACTIVE, "quiet", facts=_home("Goodyear", "$205")),
    Prospect("Rosa Villanueva", BEN, 5, QUALIFIED, "qualified", facts=_home("Mesa", "$380", "eight years old, tile")),
    Prospect(
        "Peter Lindgren", PRIYA, 6, QUALIFIED, "qualified", facts=_home("Tempe", "$340", "four years old", "In spring")
    ),
    Prospect(
        "Tanya Brooks",
        BEN,
        8,
        QUALIFIED,
        "qualified",
        facts=_home("Chandler", "$410", "flat roof, redone in 2020", "As soon as possible"),
        company="Brooks Family Dentistry",
        position="Owner",
        notes="Also asks about the practice's roof; that would be a commercial project.",
    ),
    Prospect("Sam Yellowhorse", PRIYA, 9, QUALIFIED, "qualified", facts=_home("Scottsdale", "$520", "tile, 2016")),
    Prospect("Brianna Cole", PRIYA, 14, DISQUALIFIED, "renter", facts=_home("Tempe", "$190")),
    Prospect("Owen Marsh", BEN, 19, DISQUALIFIED, "renter", facts=_home("Phoenix", "$170")),
    Prospect("Casey Drummond", BEN, 11, DISQUALIFIED, "injection", facts=_home("Phoenix", "$0"), notes="See incident."),
    Prospect(
        "Angela Pruitt",
        BEN,
        7,
        BOOKED,
        "booked",
        facts=_home("Gilbert", "$360", "six years old, tile"),
        meetings=(_visit(BookingStatus.CONFIRMED, 2, "10:00", "114 Saguaro Lane, Gilbert", "Both will be there."),),
    ),
    Prospect(
        "Miguel Santoro",
        PRIYA,
        6,
        BOOKED,
        "booked",
        facts=_home("Chandler", "$300", "nine years, shingle"),
        meetings=(_visit(BookingStatus.PENDING, 4, "15:00", "82 Ocotillo Court, Chandler"),),
    ),
    Prospect(
        "Helen Kowalczyk",
        PRIYA,
        10,
        BOOKED,
        "booked",
        facts=_home("Peoria", "$330", "tile, we bought in 2018"),
        meetings=(
            _visit(BookingStatus.CANCELLED, -3, "09:00", "7 Mesquite Drive, Peoria", "Cancelled: a child was ill."),
            _visit(BookingStatus.CONFIRMED, 5, "09:00", "7 Mesquite Drive, Peoria", "In place of the cancelled one."),
        ),
    ),
    Prospect(
        "Victor Amaya",
        MAYA,
        8,
        BOOKED,
        "battery_booked",
        agent="batteries",
        facts=_home("Mesa", "$150"),
        meetings=(_video(BookingStatus.CONFIRMED, 3, "11:30", "Send the meter data beforehand."),),
    ),
    Prospect(
        "Joanne Fitch",
        BEN,
        16,
        QUOTED,
        "quoted",
        facts=_home("Scottsdale", "$450"),
        meetings=(_visit(BookingStatus.COMPLETED, -7, "16:00", "29 Agave Street, Scottsdale", "8.4 kW proposed."),),
    ),
    Prospect(
        "Derek Whitlow",
        PRIYA,
        22,
        QUOTED,
        "quoted",
        facts=_home("Glendale", "$280"),
        meetings=(
            _visit(
                BookingStatus.NO_SHOW, -15, "13:00", "301 Cholla Way, Glendale", "Nobody at home; made up for since."
            ),
            _visit(BookingStatus.COMPLETED, -12, "13:00", "301 Cholla Way, Glendale"),
        ),
    ),
    Prospect(
        "Elena Marchetti",
        BEN,
        48,
        CLOSED,
        "closed",
        facts=_home("Phoenix", "$390", "seven years old"),
        meetings=(_visit(BookingStatus.COMPLETED, -44, "10:00", "55 Palo Verde Road, Phoenix", "Signed: 9.6 kW."),),
    ),
    Prospect(
        "Frank Adeyemi",
        PRIYA,
        62,
        CLOSED,
        "closed",
        facts=_home("Tempe", "$320", "new last year"),
        meetings=(_visit(BookingStatus.COMPLETED, -58, "14:00", "610 Juniper Avenue, Tempe", "Signed: 7.6 kW."),),
    ),
)

MEETINGS = (
    Meeting(
        BookingType.MEETING,
        BookingStatus.CONFIRMED,
        1,
        "08:30",
        45,
        "Office, Phoenix",
        "Week's visits with the crews.",
        with_person=BEN,
    ),
    Meeting(
        BookingType.MEETING,
        BookingStatus.PENDING,
        6,
        "12:00",
        60,
        "Office, Phoenix",
        "Inverter supplier.",
        with_person=MAYA,
    ),
)
