"""The form that belongs to no business: every sub-account may use it."""

from typing import Any

from accounts.models import AdminUser
from forms.models import FormTemplate

CALLBACK = "request-a-callback"

SHARED_FORMS: tuple[dict[str, Any], ...] = (
    {
        "slug": CALLBACK,
        "name": "Request a callback",
        "description": "A short form for any business: who to call, when, and what about.",
        "title": "We'll call you back",
        "subtitle": "Leave your number and tell us when it suits you.",
        "submit_button_text": "Call me back",
        "success_message": "Thank you. We'll call you at the time you chose.",
        "schema": [
            {"id": "name", "type": "text", "label": "Your name", "required": True, "max_length": 120},
            {"id": "phone", "type": "phone", "label": "Phone number", "required": True},
            {
                "id": "when",
                "type": "radio",
                "label": "When suits you best?",
                "required": True,
                "options": [
                    {"value": "morning", "label": "Morning"},
                    {"value": "afternoon", "label": "Afternoon"},
                    {"value": "evening", "label": "Evening"},
                ],
            },
            {"id": "topic", "type": "textarea", "label": "What is it about?", "required": False, "max_length": 1000},
            {"id": "consent", "type": "consent", "label": "You may call me about this request.", "required": True},
        ],
    },
)


def shared_forms(admin: AdminUser) -> list[FormTemplate]:
    """Return the shared forms that are still everyone's, creating those whose slug nobody uses."""
    for fields in SHARED_FORMS:
        if not FormTemplate.objects.filter(slug=fields["slug"]).exists():
            FormTemplate.objects.create(sub_account=None, created_by_admin=admin, **fields)
    slugs = [fields["slug"] for fields in SHARED_FORMS]
    return list(FormTemplate.objects.filter(slug__in=slugs, sub_account=None))
