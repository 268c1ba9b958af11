"""What the console does with accounts, and with what is given to people, ticked or all that match."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from accounts import lockouts, refresh_tokens
from accounts.choices import UserRole
from accounts.kinds import kind_of
from accounts.membership import hold_admins, is_active_admin, left_without_admin
from accounts.models import AdminUser, User
from accounts.password_changes import require_password_change
from accounts.sessions import end_console_sessions
from security.choices import AccountType
from security.models import AccountLockout, ConsoleSession, RefreshToken
from tenants.background import Outcome, each, locked, write
from tenants.console.bulk import BulkAction, RowsForm, activation
from tenants.console.forms import Autocomplete


class PersonForm(RowsForm):
    """Who gets the rows: somebody active of their sub-account."""

    person_is_optional = False

    def __init__(self, *args: Any, rows: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, rows=rows, **kwargs)
        people = User.objects.filter(is_active=True).exclude(role=UserRole.SYSTEM)
        owners = list(rows.order_by().values_list("sub_account_id", flat=True).distinct()[:2])
        widget: forms.Widget = Autocomplete(self.reference(rows.model), admin.site)
        if len(owners) == 1:
            people, widget = people.filter(sub_account_id=owners[0]).order_by("name"), UnfoldAdminSelectWidget()
        self.fields["person"] = forms.ModelChoiceField(
            people,
            label=gettext("Person"),
            widget=widget,
            required=not self.person_is_optional,
            empty_label=gettext("Nobody") if self.person_is_optional else "---------",
        )

    @staticmethod
    def reference(model: type[models.Model]) -> Any:
        """Return the model's reference to the person it is given to."""
        names = {field.name: field for field in model._meta.local_fields}
        return names.get("assigned_to", names.get("regular_user"))


class OptionalPersonForm(PersonForm):
    """Who gets the rows, or nobody."""

    person_is_optional = True


def assign(rows: models.QuerySet, *, by: AdminUser, person: User | None) -> Outcome:
    """Give rows to a person of their sub-account, or to nobody; others stay whose they are."""
    field = PersonForm.reference(rows.model)
    outcome = Outcome()
    found = locked(rows, "pk", "sub_account_id", field.attname)
    key = person.pk if person else None
    ours = [row for row in found if person is None or row.sub_account_id == person.sub_account_id]
    outcome.refuse(gettext("it belongs to another sub-account than that person."), len(found) - len(ours))
    outcome.changed = write(rows, [row for row in ours if getattr(row, field.attname) != key], **{field.attname: key})
    return outcome


def deactivate_users(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
    """Deactivate users but for the system user, and but for the last active admins of sub-accounts."""
    hold_admins(*rows.order_by().values_list("sub_account_id", flat=True))
    outcome = Outcome()
    found = [user for user in locked(rows) if user.is_active]
    leaving = [user for user in found if not user.is_system]
    outcome.refuse(gettext("the system user stays active."), len(found) - len(leaving))
    without = {sub_account.pk for sub_account in left_without_admin(leaving)}
    free = [user for user in leaving if not (is_active_admin(user) and user.sub_account_id in without)]
    outcome.refuse(
        gettext("the sub-account would be left without an active admin: make somebody else one first."),
        len(leaving) - len(free),
    )
    outcome.changed = write(rows, free, is_active=False)
    return outcome


def deactivate_admins(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
    """Deactivate platform admins, but never oneself: so a super admin always stays."""
    found = [account for account in locked(rows) if account.is_active]
    others = [account for account in found if account.pk != by.pk]
    outcome = Outcome()
    outcome.refuse(gettext("you can't deactivate your own account."), len(found) - len(others))
    outcome.changed = write(rows, others, is_active=False)
    return outcome


def each_account(act: Callable[[Any], bool | None]) -> Callable[..., Outcome]:
    """Return an action that does something to account after account, but for the system user, who never signs in."""

    def apply(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
        return each(rows.exclude(role=UserRole.SYSTEM), act)

    return apply


def unlock(account: Any) -> bool:
    """Unlock an account for every device; return whether there was anything to forget."""
    kind = kind_of(account)
    was_locked = AccountLockout.objects.filter(email=account.email, account_type=kind, failed_attempts__gt=0).exists()
    lockouts.unlock(kind, account.email)
    return was_locked


def end_sessions(account: Any) -> bool:
    """End an account's sessions, a platform admin's in the console, too; return whether there were any."""
    ended = refresh_tokens.end_sessions(kind_of(account), account.pk)
    return bool(ended + (end_console_sessions(account.pk) if isinstance(account, AdminUser) else 0))


def unlock_lockouts(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
    """Unlock the accounts of lockouts."""
    return each(rows, lambda lockout: lockouts.unlock(AccountType(lockout.account_type), lockout.email))


def end_sessions_of_tokens(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
    """End the sessions that refresh tokens belong to."""
    sessions = set(RefreshToken.objects.filter(pk__in=keys_of(rows)).values_list("account_type", "user_id", "family"))
    ended = [
        refresh_tokens.end_sessions(AccountType(kind), user_id, family=family)
        for kind, user_id, family in sorted(sessions)
    ]
    return Outcome(sum(ended))


def end_console_sessions_of(rows: models.QuerySet, *, by: AdminUser) -> Outcome:
    """End sessions in the console."""
    return Outcome(ConsoleSession.objects.filter(pk__in=keys_of(rows)).delete()[0])


def keys_of(rows: models.QuerySet) -> list[Any]:
    return list(rows.order_by().values_list("pk", flat=True))


def for_accounts(deactivate: Callable[..., Outcome], **options: Any) -> list[BulkAction]:
    """Return the actions on accounts of a kind."""
    return [
        BulkAction(
            "unlock",
            gettext_lazy("Unlock"),
            each_account(unlock),
            done=ngettext_lazy("%(count)d account unlocked.", "%(count)d accounts unlocked.", "count"),
            icon="lock_open",
            remark=gettext_lazy("Unlocked the account."),
            warning=gettext_lazy("Failed tries to sign in are forgotten, on every device."),
        ),
        BulkAction(
            "require_password_change",
            gettext_lazy("Require a password change"),
            each_account(require_password_change),
            done=ngettext_lazy(
                "Asked of %(count)d account: nothing else can be done before.",
                "Asked of %(count)d accounts: nothing else can be done before.",
                "count",
            ),
            icon="password",
            remark=gettext_lazy("Required a password change."),
        ),
        BulkAction(
            "end_sessions",
            gettext_lazy("End all sessions"),
            each_account(end_sessions),
            done=ngettext_lazy(
                "The sessions of %(count)d account were ended.",
                "The sessions of %(count)d accounts were ended.",
                "count",
            ),
            icon="logout",
            remark=gettext_lazy("Ended all sessions."),
        ),
        *activation(
            off=deactivate,
            warning=gettext_lazy("They can't sign in any more, and what they have open ends."),
            **options,
        ),
    ]


USER_ACTIONS: Iterable[BulkAction] = for_accounts(deactivate_users)
ADMIN_ACTIONS: Iterable[BulkAction] = for_accounts(deactivate_admins, is_sensitive=True)
LOCKOUT_ACTIONS = [
    BulkAction(
        "unlock",
        gettext_lazy("Unlock selected accounts"),
        unlock_lockouts,
        done=ngettext_lazy("%(count)d account unlocked.", "%(count)d accounts unlocked.", "count"),
        permissions=["act"],
        icon="lock_open",
    )
]
TOKEN_ACTIONS = [
    BulkAction(
        "end_sessions",
        gettext_lazy("End the sessions of selected tokens"),
        end_sessions_of_tokens,
        done=ngettext_lazy("%(count)d session ended.", "%(count)d sessions ended.", "count"),
        permissions=["act"],
        icon="logout",
    )
]
CONSOLE_SESSION_ACTIONS = [
    BulkAction(
        "end_sessions",
        gettext_lazy("End selected sessions"),
        end_console_sessions_of,
        done=ngettext_lazy("%(count)d session ended.", "%(count)d sessions ended.", "count"),
        permissions=["act"],
        icon="logout",
    )
]
ASSIGN, ASSIGN_OR_FREE = (
    BulkAction(
        "assign",
        gettext_lazy("Assign"),
        assign,
        done=ngettext_lazy("%(count)d was assigned.", "%(count)d were assigned.", "count"),
        form=form,
        icon="person_add",
        warning=gettext_lazy("Those of another sub-account than the person's are left as they are."),
        offers=[User._meta.label],
    )
    for form in (PersonForm, OptionalPersonForm)
)
