"""What a sub-account's settings hold."""

from django.utils.translation import gettext_noop as _

from loctelli.shapes import Shape

SETTINGS = Shape(
    {
        "type": "object",
        "x-open": True,
        "properties": {
            "website": {
                "title": _("Website"),
                "type": ["string", "null"],
                "format": "uri",
                "pattern": "^https?://",
                "maxLength": 2048,
            },
            "timezone": {
                "title": _("Time zone"),
                "description": _("Of the business, such as Europe/Berlin."),
                "type": ["string", "null"],
                "format": "timezone",
            },
            "lead_statuses": {
                "title": _("Stages of its own"),
                "description": _("What a lead's status can be here, beside the stages that every sub-account has."),
                "type": "array",
                "items": {"title": _("Stage"), "type": "string", "minLength": 1, "maxLength": 100},
                "uniqueItems": True,
                "maxItems": 100,
            },
        },
    }
)
