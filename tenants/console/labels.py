"""The words the console has for fields, where those made from a column's name aren't the ones people use."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "sub_account": _("sub-account"),
    "sub_account_id": _("sub-account"),
    "regular_user": _("person"),
    "assigned_to": _("assigned to"),
    "created_by_admin": _("created by"),
    "created_at": _("created"),
    "updated_at": _("last changed"),
    "submitted_at": _("submitted"),
    "followed_up_at": _("followed up"),
    "closed_at": _("closed"),
    "reviewed_at": _("reviewed"),
    "contacted_at": _("contacted"),
    "resolved_at": _("resolved at"),
    "expires_at": _("expires"),
    "last_sync_at": _("last synchronised"),
    "last_login": _("last signed in"),
    "last_attempt_at": _("last attempt"),
    "message_timestamp": _("sent"),
    "is_active": _("active"),
    "ip_address": _("IP address"),
    "user_agent": _("browser or program"),
    "user_id": _("account's number"),
    "account_type": _("kind of account"),
    "custom_id": _("custom ID"),
    "calendar_id": _("calendar ID"),
    "location_id": _("location ID"),
    "assigned_user_id": _("assigned user's ID"),
    "lead_id": _("lead's number"),
    "message_id": _("message's ID"),
    "actor_id": _("actor's number"),
    "object_id": _("row's number"),
    "object_name": _("name"),
    "model": _("kind"),
    "actor_type": _("kind of actor"),
    "actor_name": _("by whom"),
    "timezone": _("time zone"),
    "booking_type": _("kind of meeting"),
    "booking_enabled": _("can be booked"),
    "bookings_time": _("times for bookings"),
    "icon": _("icon"),
    "api_version": _("API version"),
    "webhook_url": _("webhook URL"),
    "is_new_location": _("new place"),
    "is_new_device": _("new device"),
    "geo_location": _("place"),
    "requires_wake_up": _("wakes the server up"),
    "wake_up_interval": _("wake-up interval"),
    "base_system_prompt": _("base prompt"),
    "max_tokens": _("most tokens"),
    "delay_min": _("shortest delay"),
    "delay_max": _("longest delay"),
    "max_uses": _("most uses"),
    "current_uses": _("uses"),
    "success": _("successful"),
}


def label(model: type[models.Model]) -> None:
    """Give a model's fields their words. No column changes, so there is nothing to migrate."""
    for field in model._meta.local_fields:
        if field.name in LABELS and field._verbose_name is None:  # type: ignore[attr-defined]
            field.verbose_name = LABELS[field.name]
