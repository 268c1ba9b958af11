"""Guards in place of vigilance: whoever adds a model or a view says whose it is, or these fail naming it."""

import pytest
from django.apps import apps
from django.conf import settings

from accounts.permissions import TenantRolePermission
from accounts.views.onboarding import (
    ConfirmRegistrationView,
    JoinView,
    RegisterAndJoinView,
    RegisterView,
    ValidateInvitationView,
)
from accounts.views.own_sessions import (
    ForgottenPasswordView,
    OwnPasswordView,
    PasswordResetView,
    SessionsView,
    SessionView,
)
from accounts.views.signing_in import LoginView, LogoutView, RefreshView
from loctelli.tests.isolation_endpoints import document, endpoints
from tenants.access import Access
from tenants.checks import OUR_APPS, models_declare_access
from tenants.managers import ScopedManager
from tenants.models import RecordedModel, TenantModel
from tenants.views import TenantGenericViewSet

# Models whose rows belong to no tenant, each with its reason.
OF_NO_TENANT = {
    "accounts.AdminUser": "platform admins work over all sub-accounts",
    "agents.PromptTemplate": "a catalogue that all sub-accounts read",
    "integrations.IntegrationTemplate": "a catalogue that all sub-accounts read",
    "security.AccountLockout": "signing in happens before a sub-account is known",
    "security.AuthAttempt": "signing in happens before a sub-account is known",
    "crm.DailyCount": "the console's counts, which one job writes for all sub-accounts",
    "crm.SubAccountCount": "the console's counts, which one job writes for all sub-accounts",
    "security.ConsolePreference": "of admins",
    "security.ConsoleSession": "the console's sessions, of admins",
    "security.KnownDevice": "of admins and users alike",
    "security.PasswordHistory": "of admins and users alike",
    "security.RecoveryCode": "of admins",
    "security.RefreshToken": "of admins and users alike",
    "security.SecondFactor": "of admins",
    "offboarding.ArchivePart": "what was in sub-accounts that are gone",
    "offboarding.Closing": "outlives the sub-account it is about, and is the platform's",
    "tenants.BackgroundAction": "of admins, over all sub-accounts",
    "tenants.BackgroundActionPart": "of admins, over all sub-accounts",
    "tenants.SubAccountInvitation": "redeemed by people who are in no sub-account yet",
    "admin.LogEntry": "the console's history",
    "auth.Group": "Django's own; nobody uses it",
    "auth.Permission": "what an admin's permissions can name",
    "contenttypes.ContentType": "Django's own",
    "sessions.Session": "Django's own; the console keeps its sessions itself",
    "procrastinate.ProcrastinateEvent": "jobs run over all sub-accounts",
    "procrastinate.ProcrastinateJob": "jobs run over all sub-accounts",
    "procrastinate.ProcrastinatePeriodicDefer": "jobs run over all sub-accounts",
    "procrastinate.ProcrastinateWorker": "jobs run over all sub-accounts",
}
# Models whose rows belong to tenants without being TenantModels, each with its reason.
OF_TENANTS_IN_THEIR_OWN_WAY = {
    "tenants.SubAccount": "is the tenant itself",
    "forms.FormTemplate": "may belong to everybody",
    "security.AuditEntry": "may be of the platform as a whole, and nobody changes one",
    "security.SecurityIncident": "may be of the platform as a whole, and is written by the system alone",
}
# API views without a sub-account, each with its reason.
OF_NO_SUB_ACCOUNT = {
    LoginView: "signing in happens before a sub-account is known",
    RefreshView: "renewing a session is signing in again",
    LogoutView: "asks for the refresh token alone",
    ForgottenPasswordView: "happens before a sub-account is known",
    PasswordResetView: "happens before a sub-account is known",
    ValidateInvitationView: "invitations are of people who have joined nothing yet",
    RegisterView: "happens before a sub-account is known",
    RegisterAndJoinView: "happens before a sub-account is known",
    ConfirmRegistrationView: "happens before a sub-account is known",
    JoinView: "leads from one sub-account into another",
    OwnPasswordView: "hashes outside of any transaction",
    SessionsView: "tenants have no right to refresh tokens",
    SessionView: "tenants have no right to refresh tokens",
}


def test_every_model_is_a_tenants_or_says_why_not():
    others = {model._meta.label for model in apps.get_models() if not issubclass(model, TenantModel)}

    assert sorted(others - OF_NO_TENANT.keys() - OF_TENANTS_IN_THEIR_OWN_WAY.keys()) == []


def test_no_exception_of_a_model_is_stale():
    others = {model._meta.label for model in apps.get_models() if not issubclass(model, TenantModel)}

    assert sorted((OF_NO_TENANT.keys() | OF_TENANTS_IN_THEIR_OWN_WAY.keys()) - others) == []


def test_models_of_no_tenant_have_neither_the_column_nor_rights_for_tenants_to_write():
    for label in OF_NO_TENANT:
        model = apps.get_model(label)
        access = getattr(model, "access", Access.SYSTEM)
        assert access in (Access.SYSTEM, Access.CATALOGUE), label
        columns = {field.column for field in model._meta.local_fields}
        assert "sub_account_id" not in columns or access == Access.SYSTEM, label


def test_every_manager_of_a_tenants_model_filters():
    """Also those beside the default one: `Model.everything` would be a way around wall 1."""
    managers = [
        (model._meta.label, manager.name)
        for model in apps.get_models()
        if Access(getattr(model, "access", Access.SYSTEM)).has_policies
        for manager in [model._base_manager, *model._meta.managers]
        if not isinstance(manager, ScopedManager)
    ]

    assert managers == []


def test_every_tenants_row_is_deleted_through_its_manager():
    others = [
        model._meta.label
        for model in apps.get_models()
        if Access(getattr(model, "access", Access.SYSTEM)).has_policies and not issubclass(model, RecordedModel)
    ]

    assert others == []


def test_every_app_of_ours_is_looked_at():
    within = (settings.BASE_DIR, settings.BASE_DIR / "loctelli")
    ours = {config.label for config in apps.get_app_configs() if _parent(config.path) in within}

    assert ours - {"loctelli", "console"} == set(OUR_APPS)
    assert models_declare_access() == []


def _parent(path: str):
    return settings.BASE_DIR.__class__(path).parent


def test_every_api_view_is_a_sub_accounts_or_says_why_not():
    others = {endpoint.view for endpoint in endpoints() if not issubclass(endpoint.view, TenantGenericViewSet)}

    assert others == OF_NO_SUB_ACCOUNT.keys()


@pytest.mark.parametrize("name", ["get_queryset", "permission_classes", "authentication_classes", "queryset"])
def test_no_view_of_a_sub_account_decides_for_itself_what_there_is_or_who_may(name):
    deciding = {
        ancestor.__name__
        for endpoint in endpoints()
        if issubclass(endpoint.view, TenantGenericViewSet)
        for ancestor in endpoint.view.__mro__[: endpoint.view.__mro__.index(TenantGenericViewSet)]
        if name in vars(ancestor) and ancestor.__module__.split(".")[0] in OUR_APPS
    }

    assert deciding == set()


def test_every_view_of_a_sub_account_asks_the_one_permission():
    asking = {
        tuple(endpoint.view.permission_classes) for endpoint in endpoints() if endpoint.view not in OF_NO_SUB_ACCOUNT
    }

    assert asking == {(TenantRolePermission,)}


def test_a_view_of_no_sub_account_asks_it_too_unless_it_asks_nobody_who_they_are():
    for view in OF_NO_SUB_ACCOUNT:
        if view.authentication_classes:
            assert view.permission_classes == [TenantRolePermission], view


def test_the_urlconf_and_the_openapi_document_know_the_same_endpoints():
    described = {
        f"{method.upper()} {path.replace('{id}', '{pk}')}"
        for path, methods in document()["paths"].items()
        for method in methods
    }

    assert described == {str(endpoint) for endpoint in endpoints()}
