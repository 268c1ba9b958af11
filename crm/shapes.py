"""What the JSON of leads and bookings holds."""

from django.utils.translation import gettext_noop as _

from loctelli.shapes import TIME_OF_DAY, Shape

REMARKS = {"type": "array", "maxItems": 200, "items": {"type": "string", "minLength": 1, "maxLength": 2000}}
WORDS = {"type": ["string", "null"], "maxLength": 500}
CONVERSATION_STATE = Shape(
    {
        "type": "object",
        "x-open": True,
        "properties": {
            "stage": {
                "title": _("Stage"),
                "type": "string",
                "enum": [
                    "discovery",
                    "qualification",
                    "objection_handling",
                    "closing",
                    "booked",
                    "handed_off",
                ],
                "x-labels": {
                    "discovery": _("Discovery"),
                    "qualification": _("Qualification"),
                    "objection_handling": _("Objection handling"),
                    "closing": _("Closing"),
                    "booked": _("Booked"),
                    "handed_off": _("Handed off"),
                },
            },
            "qualified": {"title": _("Qualified"), "type": ["boolean", "null"]},
            "budget": {"title": _("Budget"), **WORDS},
            "timeline": {"title": _("Timeline"), **WORDS},
            "decision_maker": {"title": _("Decision maker"), **WORDS},
            "pain_points": {"title": _("Pain points"), **REMARKS},
            "objections": {"title": _("Objections"), **REMARKS},
        },
    }
)
BOOKING_DETAILS = Shape(
    {
        "type": "object",
        "x-open": True,
        "properties": {
            "date": {"title": _("Date"), "type": "string", "format": "date"},
            "time": {"title": _("Time"), **TIME_OF_DAY},
            "timezone": {"title": _("Time zone"), "type": "string", "format": "timezone"},
            "duration_minutes": {"title": _("Minutes"), "type": "integer", "minimum": 1, "maximum": 1440},
            "location": {"title": _("Location"), "type": ["string", "null"], "maxLength": 2048},
            "notes": {"title": _("Notes"), "type": ["string", "null"], "maxLength": 10_000},
        },
    }
)
