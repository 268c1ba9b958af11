"""A lead's conversation in the console: decrypted on a page of its own, and each look at it is written down."""

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from accounts.models import AdminUser
from crm.models import Lead
from security import audit
from security.encryption import EncryptionError
from security.models import ConversationMessage
from tenants.console.display import as_json
from tenants.console.lists import Link
from tenants.console.model_admin import ConsoleAdmin

MESSAGES_A_PAGE = 100


class ConversationAdmin(ConsoleAdmin):
    """An admin of leads, whose pages lead to their conversations."""

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.conversation_view)
        return [path("<path:object_id>/conversation/", view, name="crm_lead_conversation"), *super().get_urls()]

    def related_links(self, request: HttpRequest, row: Lead) -> list[Link]:
        links = super().related_links(request, row)
        if self.may_view(request, "security.ConversationMessage"):
            links.insert(0, Link(_("Conversation"), reverse("admin:crm_lead_conversation", args=[row.pk])))
        return links

    def conversation_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what was said, oldest first, the latest page of it unless another one is asked for."""
        lead = self.viewable(request, object_id)
        if not self.may_view(request, "security.ConversationMessage"):
            raise PermissionDenied
        audit.record_view(lead, by=cast(AdminUser, request.user))
        messages = ConversationMessage.objects.filter(lead=lead).order_by("message_timestamp", "id")
        paginator = self.get_paginator(request, messages, MESSAGES_A_PAGE)
        page = paginator.get_page(request.GET.get("p", paginator.num_pages))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Conversation with %(lead)s") % {"lead": lead},
            "lead": lead,
            "original": lead,
            "opts": self.opts,
            "messages_said": [(message, content_of(message)) for message in page],
            "page": page,
            "imported": imported_history(lead),
        }
        return TemplateResponse(request, "console/conversation.html", context)


def content_of(message: ConversationMessage) -> str | None:
    """Return what a message says; None when no key of this installation opens it, or it was tampered with."""
    try:
        return message.content
    except EncryptionError:
        return None


def imported_history(lead: Lead) -> Any:
    """Return what a lead was imported with, to read; None for nothing, "" when it can't be decrypted."""
    try:
        return as_json(lead.message_history) if lead.message_history else None
    except EncryptionError:
        return ""
