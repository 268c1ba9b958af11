"""Closing a sub-account: its people are locked out, everything is archived and verified, and only then removed.

Each step is one transaction of bounded size that notes how far it has come, so a worker may die at any moment and the
next one goes on. Removed are the very rows whose keys stand in the archive, those that refer to others first, so that
no deletion takes along what was not archived. What was written meanwhile is archived in another round.
"""

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import refresh_tokens
from accounts.models import AdminUser, User
from loctelli.errors import Conflict
from loctelli.offboarding import archive
from loctelli.offboarding.choices import ClosingStatus
from loctelli.offboarding.contents import (
    KEPT,
    LEFT_OUT,
    archived_models,
    row_as_archived,
    rows_of,
    tables_of_sub_accounts,
)
from loctelli.offboarding.models import ArchivePart, Closing
from security.choices import AccountType
from tenants import trail
from tenants.models import FixtureOfThePlatform, SubAccount
from tenants.scope import acting, system_scope

JOB = "offboarding.close_sub_account"


class AlreadyClosing(Conflict):
    """A sub-account is closed once."""

    code = "already_closing"
    detail = "This sub-account is being closed already."


class RemovalBegun(Conflict):
    """A closing is cancelled while everything is still there."""

    code = "removal_begun"
    detail = "It can't be cancelled any more: its removal has begun."


@transaction.atomic
def start_closing(sub_account: SubAccount, *, by: AdminUser) -> Closing:
    """Lock the sub-account's people out and have the worker close it, in the bound system scope; return the closing.

    Raises FixtureOfThePlatform for ONBOARDING, AlreadyClosing. Whoever is writing rows of it at this moment is waited
    for: they hold its row.
    """
    held = SubAccount.objects.select_for_update().get(pk=sub_account.pk)
    if held.is_onboarding:
        raise FixtureOfThePlatform
    if Closing.objects.filter(sub_account_number=held.pk).exists():
        raise AlreadyClosing
    SubAccount.objects.filter(pk=held.pk).update(is_active=False)
    for key in User.objects.filter(sub_account=held).order_by("pk").values_list("pk", flat=True):
        refresh_tokens.end_sessions(AccountType.USER, key)
    closing = Closing.objects.create(
        sub_account_number=held.pk,
        sub_account_name=held.name,
        about=json.loads(archive.to_line(row_as_archived(held))),
        admin=by,
        total=sum(rows_of(model, held.pk).count() for model in archived_models()),
    )
    app.configure_task(JOB).defer(closing_id=closing.pk)
    return closing


@transaction.atomic
def cancel_closing(closing: Closing) -> None:
    """Forget a closing and its archive, in the bound system scope; the sub-account is as active as it was before.

    Raises RemovalBegun. A step of the worker is waited for, and finds nothing to do afterwards. Who was signed out
    signs in again.
    """
    held = Closing.objects.select_for_update(of=("self",)).filter(pk=closing.pk).first()
    if held is None:
        return
    if not held.is_cancellable:
        raise RemovalBegun
    SubAccount.objects.filter(pk=held.sub_account_number).update(is_active=held.about["is_active"])
    held.delete()


def close(closing_id: str) -> None:
    """Do what is left of a closing, step by step; return once it is over."""
    with system_scope("closing a sub-account"):
        closing = Closing.objects.select_related("admin").filter(pk=closing_id).first()
    if closing is None:
        return
    admin = {"type": "admin", "id": closing.admin_id, "name": str(closing.admin)} if closing.admin else {}
    with acting(**admin):
        while step(closing_id):
            pass


def step(closing_id: str) -> bool:
    """Do the next step in one transaction; return whether there is another."""
    with system_scope("closing a sub-account"):
        closing = Closing.objects.select_for_update(of=("self",)).filter(pk=closing_id).first()
        if closing is None:
            return False
        if closing.status == ClosingStatus.EXPORTING:
            _export(closing)
        elif closing.status == ClosingStatus.REMOVING:
            _remove(closing)
        closing.error = None
        closing.save()
        return not closing.is_over


def note_error(closing_id: str, error: str) -> None:
    """Keep why a closing stopped, for whoever looks at it."""
    with system_scope("a closing that stopped"):
        Closing.objects.filter(pk=closing_id).exclude(status=ClosingStatus.CLOSED).update(error=error)


def go_on(closing: Closing) -> None:
    """Have the worker go on with a closing that stopped."""
    app.configure_task(JOB).defer(closing_id=closing.pk)


def prune_archives() -> int:
    """Delete the archives that were kept long enough, in the bound system scope; return how many."""
    outlived = Closing.objects.filter(archive_until__lt=timezone.now(), status=ClosingStatus.CLOSED)
    keys = list(outlived.filter(parts__isnull=False).values_list("pk", flat=True).distinct())
    ArchivePart.objects.filter(closing_id__in=keys).delete()
    return len(keys)


def _export(closing: Closing) -> None:
    rows = archive.export_part(closing)
    if rows:
        closing.exported += rows
        closing.total = max(closing.total, closing.exported)
        return
    if archive.verify_part(closing):
        return
    _hold(closing)
    if not archive.forget_incomplete_tables(closing):
        closing.status = ClosingStatus.REMOVING


def _remove(closing: Closing) -> None:
    """Remove the next part, those tables first that refer to others: nothing is taken along that isn't archived."""
    _hold(closing)
    for model in archived_models():
        label = model._meta.label
        part = closing.parts.filter(removed_at=None, model=label).order_by("number").first()
        if part is not None:
            if label not in KEPT:
                _delete(model, part.keys, closing)
            closing.parts.filter(pk=part.pk).update(removed_at=timezone.now())
            closing.removed += len(part.keys)
            return
        if label not in KEPT and rows_of(model, closing.sub_account_number).exists():
            _archive_again(closing)
            return
    _remove_sub_account(closing)
    closing.status, closing.closed_at = ClosingStatus.CLOSED, timezone.now()
    closing.archive_until = closing.closed_at + timedelta(days=settings.KEEP_ARCHIVES_DAYS)


def _hold(closing: Closing) -> None:
    """Let nobody insert rows of the sub-account before this transaction ends: whoever does looks at its row."""
    SubAccount.objects.select_for_update().get(pk=closing.sub_account_number)


def _archive_again(closing: Closing) -> None:
    """Begin another round for what was written meanwhile; it takes what isn't removed yet, too."""
    left = closing.parts.filter(removed_at=None).exclude(model__in=KEPT)
    closing.exported -= left.aggregate(rows=models.Sum("keys__len"))["rows"] or 0
    left.delete()
    closing.status, closing.round = ClosingStatus.EXPORTING, closing.round + 1


def _delete(model: type[models.Model], keys: list[str], closing: Closing) -> None:
    """Delete archived rows. The audit trail doesn't repeat what was in them: it is told once, at the end."""
    to_python = model._meta.pk.to_python
    rows = model._base_manager.filter(
        sub_account_id=closing.sub_account_number, pk__in=[to_python(key) for key in keys]
    )
    rows._raw_delete(rows.db)


def _remove_sub_account(closing: Closing) -> None:
    for model in tables_of_sub_accounts():
        if model._meta.label in LEFT_OUT:
            rows = rows_of(model, closing.sub_account_number)
            rows._raw_delete(rows.db)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM subaccounts WHERE id = %s", [closing.sub_account_number])
    counts = closing.parts.exclude(model__in=KEPT).values_list("model").annotate(rows=models.Sum("keys__len"))
    trail.write(
        [
            trail.Entry(
                closing.sub_account_number,
                "delete",
                SubAccount._meta.label_lower,
                str(closing.sub_account_number),
                closing.sub_account_name,
                deleted_along=_by_table(counts),
            )
        ]
    )


def _by_table(counts: Any) -> dict[str, int]:
    tables = {model._meta.label: model._meta.db_table for model in archived_models()}
    return {tables[label]: rows for label, rows in counts}
