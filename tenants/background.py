"""Actions on many rows, done by the worker: in parts of bounded size, each in one transaction that notes it as done.

The rows are settled when the action begins: their keys are kept in parts, and a part goes with the transaction that
acts on it. So a worker may die at any moment: the next one goes on with the parts that are left, and no row is acted on
twice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from loctelli.errors import DomainError
from tenants.choices import WorkStatus
from tenants.models import BackgroundAction, BackgroundActionPart
from tenants.scope import acting, system_scope

# More rows than this are the worker's, and so many it takes at a time.
IN_ONE_REQUEST = 1000
JOB = "tenants.run_background_action"


class NotAllowed(DomainError):
    """Whoever asked for an action may not do it any more."""

    code = "not_allowed"
    status = 403
    detail = "Whoever asked for this may not do it any more."


@dataclass(slots=True)
class Outcome:
    """How many rows an action changed, and why it left others as they are: each reason with how many.

    `made` are the rows that it added, for an answer that leads to them.
    """

    changed: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    made: list[models.Model] = field(default_factory=list)

    def refuse(self, reason: str, rows: int = 1) -> None:
        if rows:
            self.refusals[reason] = self.refusals.get(reason, 0) + rows


def each(rows: models.QuerySet, act: Callable[[Any], bool | None]) -> Outcome:
    """Lock rows in the order of their keys and act on one after the other.

    `act` returns False for a row that was so already; a DomainError it raises leaves that row as it is.
    """
    outcome = Outcome()
    for row in locked(rows):
        try:
            outcome.changed += act(row) is not False
        except DomainError as error:
            outcome.refuse(_(error.detail))
    return outcome


def locked(rows: models.QuerySet, *names: str) -> list[Any]:
    """Return rows, locked in the order of their keys, so that two who want the same ones wait for each other.

    With names only these fields of them are read.
    """
    keys = list(rows.order_by().values_list("pk", flat=True))
    same = rows.model._base_manager.filter(pk__in=keys)
    return list((same.only(*names) if names else same).select_for_update(no_key=True).order_by("pk"))


def write(rows: models.QuerySet, found: Iterable[models.Model], **values: Any) -> int:
    """Give some rows these values in one statement; return how many."""
    return rows.model._base_manager.filter(pk__in=[row.pk for row in found]).update(**values)


def start(
    rows: models.QuerySet, *, action: str, title: str, values: Mapping[str, list[str]], by: Any
) -> BackgroundAction:
    """Keep which rows an action is for and have the worker do it, in the bound system scope; return it."""
    begun = BackgroundAction.objects.create(
        admin=by, title=title, model=rows.model._meta.label_lower, action=action, values=dict(values), total=0
    )
    keys = rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10 * IN_ONE_REQUEST)
    while some := [str(key) for key in islice(keys, IN_ONE_REQUEST)]:
        BackgroundActionPart.objects.create(action=begun, keys=some)
        begun.total += len(some)
    begun.save(update_fields=["total"])
    app.configure_task(JOB).defer(action_id=begun.pk)
    return begun


def run(action_id: str) -> None:
    """Do what is left of an action, part by part; return once it is over."""
    with system_scope("a background action"):
        begun = BackgroundAction.objects.select_related("admin").filter(pk=action_id).first()
    if begun is None:
        return
    with acting(type="admin", id=begun.admin_id, name=str(begun.admin)):
        while _do_next_part(action_id):
            pass


def note_error(action_id: str, error: str, *, given_up: bool) -> None:
    """Keep why an action stopped, for whoever asked for it; unless it is given up, it goes on later."""
    status = WorkStatus.FAILED if given_up else WorkStatus.WAITING
    with system_scope("a background action that stopped"):
        begun = BackgroundAction.objects.filter(pk=action_id).exclude(status__in=(WorkStatus.DONE, WorkStatus.FAILED))
        begun.update(status=status, error=error, finished_at=timezone.now() if given_up else None)


def _do_next_part(action_id: str) -> bool:
    """Do one part in a transaction; return whether there may be more to do."""
    try:
        with system_scope("a background action"):
            begun = BackgroundAction.objects.select_for_update(of=("self",)).filter(pk=action_id).first()
            if begun is None or begun.is_over:
                return False
            part = begun.parts.order_by("pk").first()
            if part is None:
                begun.status, begun.error, begun.finished_at = WorkStatus.DONE, None, timezone.now()
                begun.save(update_fields=["status", "error", "finished_at"])
                return False
            _add(begun, len(part.keys), _act(begun, part.keys))
            part.delete()
            return True
    except DomainError as error:
        note_error(action_id, error.detail, given_up=True)
        return False


def _add(begun: BackgroundAction, rows: int, outcome: Outcome) -> None:
    begun.status, begun.error = WorkStatus.RUNNING, None
    begun.done += rows
    begun.changed += outcome.changed
    for reason, number in outcome.refusals.items():
        begun.refusals[reason] = begun.refusals.get(reason, 0) + number
    begun.save(update_fields=["status", "error", "done", "changed", "refusals"])


def _act(begun: BackgroundAction, keys: list[str]) -> Outcome:
    """Act on the rows with these keys as the console's page would, if whoever asked still may."""
    model_admin = next(found for found in admin.site._registry.values() if found.opts.label_lower == begun.model)
    request = HttpRequest()
    request.user = begun.admin
    found: Any = model_admin.get_actions(request).get(begun.action) if begun.admin.is_active else None
    if found is None:
        raise NotAllowed(_("Whoever asked for this may not do it any more."))
    to_python = model_admin.opts.pk.to_python
    rows = model_admin.model._base_manager.filter(pk__in=[to_python(key) for key in keys])
    return found[0].act(rows, by=begun.admin, values=begun.values)
