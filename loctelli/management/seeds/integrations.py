"""The outside services that can be connected, each with the JSON Schema of what a connection needs."""

from typing import Any

from accounts.models import AdminUser
from integrations.models import IntegrationTemplate

GOHIGHLEVEL = "GoHighLevel"
WEBHOOK = "Webhook"

DRAFT = "https://json-schema.org/draft/2020-12/schema"
WEB_ADDRESS = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2048}
GOHIGHLEVEL_ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}

TEMPLATES: list[dict[str, Any]] = [
    {
        "name": GOHIGHLEVEL,
        "display_name": "GoHighLevel CRM",
        "description": "Keeps leads and bookings in step with a GoHighLevel location and its calendar.",
        "category": "CRM",
        "icon": "hub",
        "api_version": "2021-07-28",
        "setup_instructions": """\
1. In GoHighLevel open the sub-account (location) of this client, then Settings > Private Integrations.
2. Create a private integration and give it the scopes to view and edit contacts, view calendars, and view and edit \
calendar events. Copy the token; GoHighLevel shows it only once. It is the API key here.
3. The location ID is part of the address while the sub-account is open: …/v2/location/<location ID>/…. It is also \
under Settings > Business Profile.
4. To book into a calendar, copy its ID from Settings > Calendars. Without one, no bookings are sent.
5. Only if you connect through a Marketplace app of your own: enter that app's client ID and client secret as well.""",
        "config_schema": {
            "$schema": DRAFT,
            "title": "GoHighLevel connection",
            "type": "object",
            "properties": {
                "apiKey": {
                    "title": "API key",
                    "description": "Token of a private integration of this location.",
                    "type": "string",
                    "minLength": 8,
                    "maxLength": 4096,
                    "secret": True,
                },
                "locationId": {
                    **GOHIGHLEVEL_ID,
                    "title": "Location ID",
                    "description": "The GoHighLevel sub-account that belongs to this client.",
                },
                "calendarId": {
                    **GOHIGHLEVEL_ID,
                    "title": "Calendar ID",
                    "description": "Where bookings are entered; leave it out to send none.",
                },
                "webhookUrl": {
                    **WEB_ADDRESS,
                    "title": "Webhook address",
                    "description": "Where GoHighLevel reports changes to.",
                },
                "apiVersion": {
                    "title": "API version",
                    "description": "Sent as the Version header.",
                    "type": "string",
                    "format": "date",
                    "default": "2021-07-28",
                },
                "baseUrl": {
                    **WEB_ADDRESS,
                    "title": "API address",
                    "description": "Change it only when GoHighLevel tells you to.",
                    "default": "https://services.leadconnectorhq.com",
                },
                "webhookId": {
                    "title": "Webhook ID",
                    "description": "The number GoHighLevel gave the webhook.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                },
                "clientId": {
                    "title": "Client ID",
                    "description": "Of a Marketplace app, when connecting by OAuth.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "secret": True,
                },
                "clientSecret": {
                    "title": "Client secret",
                    "description": "Of the same Marketplace app.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "secret": True,
                },
            },
            "required": ["apiKey", "locationId"],
            "dependentRequired": {"clientId": ["clientSecret"], "clientSecret": ["clientId"]},
            "additionalProperties": False,
        },
    },
    {
        "name": WEBHOOK,
        "display_name": "Webhook",
        "description": "Reports what happens to leads and bookings to a web address of your own, as signed JSON.",
        "category": "Automation",
        "icon": "webhook",
        "setup_instructions": """\
1. Prepare an https address that takes POST requests with a JSON body and answers them with a 2xx status.
2. Enter it here. If it needs an Authorization header, enter the header's whole value, such as "Bearer …".
3. Choose the events to be told of, or none to be told of all.
4. Keep the webhook secret of this integration on your side and check each request's signature with it.""",
        "config_schema": {
            "$schema": DRAFT,
            "title": "Webhook",
            "type": "object",
            "properties": {
                "url": {**WEB_ADDRESS, "title": "Address", "description": "Where the requests are sent."},
                "authorization": {
                    "title": "Authorization",
                    "description": "Value of the Authorization header to send along.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 4096,
                    "secret": True,
                },
                "events": {
                    "title": "Events",
                    "description": 'What to report, such as "lead.created"; everything when left out.',
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[a-z_]+\\.[a-z_]+$", "maxLength": 64},
                    "minItems": 1,
                    "maxItems": 50,
                    "uniqueItems": True,
                },
            },
            "required": ["url"],
            "additionalProperties": False,
        },
    },
]


def is_empty() -> bool:
    """Return whether there is no integration template at all."""
    return not IntegrationTemplate.objects.exists()


def create_missing(admin: AdminUser) -> list[IntegrationTemplate]:
    """Create those templates whose names nobody uses; return them."""
    taken = set(IntegrationTemplate.objects.values_list("name", flat=True))
    return [
        IntegrationTemplate.objects.create(created_by_admin=admin, is_active=True, **template)
        for template in TEMPLATES
        if template["name"] not in taken
    ]
