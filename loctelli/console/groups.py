"""The groups in which the console shows the document's models; a model of none of them isn't shown."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Group(NamedTuple):
    """A heading of the sidebar with its models, each with its icon."""

    slug: str
    name: Any
    models: dict[str, str]


GROUPS = (
    Group(
        "core",
        _("Core"),
        {
            "tenants.subaccount": "apartment",
            "accounts.user": "group",
            "accounts.adminuser": "shield_person",
        },
    ),
    Group(
        "business",
        _("Business"),
        {
            "crm.lead": "person_search",
            "crm.booking": "event",
            "agents.strategy": "smart_toy",
            "crm.contactsubmission": "contact_mail",
            "forms.formtemplate": "dynamic_form",
            "forms.formsubmission": "inbox",
        },
    ),
    Group(
        "integration",
        _("Integration"),
        {
            "integrations.integration": "cable",
            "integrations.integrationtemplate": "extension",
        },
    ),
    Group(
        "system",
        _("System"),
        {
            "agents.prompttemplate": "description",
            "agents.subaccountprompttemplate": "fact_check",
            "tenants.subaccountinvitation": "forward_to_inbox",
            "tenants.backgroundaction": "pending_actions",
            "offboarding.closing": "inventory_2",
        },
    ),
    Group(
        "security",
        _("Security"),
        {
            "security.securityincident": "gpp_maybe",
            "security.auditentry": "manage_history",
            "security.conversationmessage": "forum",
            "security.authattempt": "login",
            "security.accountlockout": "lock_clock",
            "security.refreshtoken": "devices",
            "security.consolesession": "web",
            "security.passwordhistory": "history",
        },
    ),
)

SHOWN = {label for group in GROUPS for label in group.models}
