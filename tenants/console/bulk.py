"""Actions on the rows somebody ticked, or on all that match: at once when they are few, else by the worker.

One `BulkAction` is a list's action, a button on a row's own page, and what the worker does: permissions, form and
service are the same ones.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from loctelli.errors import DomainError
from tenants import background
from tenants.background import Outcome
from tenants.console import step_up

CONFIRMED = "confirmed"
# So many rows are named on the page that asks; of the others there is the number.
NAMED = 10
# What stands before the names of the form's fields: the list's own form has fields of such names, too.
PREFIX = "with"
CHANGED = ngettext_lazy("%(count)d was changed.", "%(count)d were changed.", "count")


class RowsForm(forms.Form):
    """What is filled in beside an action; `rows` are those it is for, for what depends on them."""

    def __init__(self, *args: Any, rows: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "prefix": PREFIX})
        self.rows = rows


class BulkAction:
    """An action of a list. Django takes it as one, for it is called with model admin, request and rows.

    `apply(rows, by=admin, **cleaned)` does it and returns an Outcome. `asks` says whether one is asked beforehand; an
    action with a form always asks. `done` words the answer, from %(count)d rows that were changed. `offers` names the
    models whose rows the form offers: the action is for those who may see them.
    """

    def __init__(
        self,
        name: str,
        description: Any,
        apply: Callable[..., Outcome],
        *,
        done: Any = CHANGED,
        form: type[RowsForm] | None = None,
        permissions: Iterable[str] = ("change",),
        asks: bool = False,
        warning: Any = "",
        icon: str = "bolt",
        is_sensitive: bool = False,
        on_page: bool = True,
        hidden_if: Callable[[Any], bool] | None = None,
        remark: Any = "",
        offers: Iterable[str] = (),
    ) -> None:
        self.__name__ = name
        self.short_description = description
        self.allowed_permissions = tuple(permissions)
        self.apply, self.form_class, self.done = apply, form, done
        self.asks = asks or form is not None
        self.warning, self.icon, self.is_sensitive = warning, icon, is_sensitive
        self.on_page, self.hidden_if, self.remark = on_page, hidden_if, remark
        self.offers = tuple(offers)

    def __call__(self, model_admin: Any, request: HttpRequest, rows: models.QuerySet) -> HttpResponse | None:
        """Ask what there is to ask, then do it or have the worker do it; None leads back to the list."""
        if self.is_sensitive and not step_up.is_done(request):
            self.tell_to_step_up(model_admin, request)
            return None
        confirmed = CONFIRMED in request.POST
        form = self.form_class(request.POST if confirmed else None, rows=rows) if self.form_class else None
        if (self.asks and not confirmed) or (form is not None and not form.is_valid()):
            return self.ask(model_admin, request, rows, form)
        if (
            len(rows.order_by().values_list("pk", flat=True)[: background.IN_ONE_REQUEST + 1])
            > background.IN_ONE_REQUEST
        ):
            return self.start(model_admin, request, rows)
        try:
            with transaction.atomic():
                outcome = self.do(rows, request.user, form)
        except DomainError as error:
            model_admin.message_user(request, _(error.detail), messages.ERROR)
            return None
        self.tell(model_admin, request, outcome)
        return None

    def act(self, rows: models.QuerySet, *, by: Any, values: Mapping[str, list[str]]) -> Outcome:
        """Do it for rows that the worker got; raise DomainError when what was filled in won't do any more."""
        form = None
        if self.form_class is not None:
            data = QueryDict(mutable=True)
            for name, several in values.items():
                data.setlist(name, several)
            form = self.form_class(data, rows=rows)
            if not form.is_valid():
                raise DomainError(" ".join(str(error) for errors in form.errors.values() for error in errors))
        return self.do(rows, by, form)

    def do(self, rows: models.QuerySet, by: Any, form: RowsForm | None) -> Outcome:
        """Act, and have the rows' history pages tell of what their fields don't show."""
        acted_on = list(rows) if self.remark else []
        outcome = self.apply(rows, by=by, **(form.cleaned_data if form else {}))
        if acted_on:
            LogEntry.objects.log_actions(by.pk, acted_on, CHANGE, str(self.remark))
        return outcome

    def is_offered_on(self, row: models.Model) -> bool:
        """Return whether a row's own page shows a button for it."""
        return self.on_page and not (self.hidden_if and self.hidden_if(row))

    def start(self, model_admin: Any, request: HttpRequest, rows: models.QuerySet) -> HttpResponse:
        """Have the worker do it, and lead to the page that shows how far it has come."""
        values = {name: request.POST.getlist(name) for name in request.POST if name.startswith(f"{PREFIX}-")}
        title = f"{self.short_description} ({model_admin.opts.verbose_name_plural})"
        begun = background.start(rows, action=self.__name__, title=title, values=values, by=request.user)
        return HttpResponseRedirect(reverse("admin:tenants_backgroundaction_change", args=[begun.pk]))

    def ask(
        self,
        model_admin: Any,
        request: HttpRequest,
        rows: models.QuerySet,
        form: RowsForm | None,
        *,
        back: str | None = None,
    ) -> TemplateResponse:
        """Show which rows it is for, and the form if there is one."""
        number = rows.order_by().count()
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.short_description,
            "opts": model_admin.opts,
            "form": form,
            "media": model_admin.media + form.media if form else model_admin.media,
            "action": self.__name__,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "confirmed": CONFIRMED,
            "number": number,
            "named": rows[:NAMED],
            "unnamed": max(number - NAMED, 0),
            "in_background": number > background.IN_ONE_REQUEST,
            "kind": model_admin.opts.verbose_name if number == 1 else model_admin.opts.verbose_name_plural,
            "warning": self.warning,
            "back": back or request.get_full_path(),
        }
        return TemplateResponse(request, "console/bulk_action.html", context)

    def tell(self, model_admin: Any, request: HttpRequest, outcome: Outcome) -> None:
        """Say how many rows were changed, and why others were not."""
        if outcome.changed or not outcome.refusals:
            done = self.done % {"count": outcome.changed}
            if outcome.made:
                done = format_html("{} {}", done, links_to(outcome.made))
            model_admin.message_user(request, done)
        for reason, number in outcome.refusals.items():
            model_admin.message_user(request, left_as_they_are(number, reason), messages.WARNING)

    @staticmethod
    def tell_to_step_up(model_admin: Any, request: HttpRequest) -> None:
        link = format_html(
            '<a class="underline" href="{}?next={}">{}</a>',
            reverse("admin:step_up"),
            request.get_full_path(),
            _("Confirm that it is you"),
        )
        model_admin.message_user(request, format_html("{} {}", _("Nothing was done yet."), link), messages.WARNING)


def links_to(rows: list[models.Model]) -> str:
    """Return the names of the first of some rows, each leading to its page."""
    link = '<a class="underline" href="{}">{}</a>'
    named = [(reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk]), row) for row in rows]
    return format_html("{}{}", format_html_join(", ", link, named[:NAMED]), ", …" if named[NAMED:] else "")


def left_as_they_are(number: int, reason: str) -> str:
    """Return what is said of rows that an action did not change."""
    words = ngettext(
        "%(count)d row was left as it is: %(reason)s", "%(count)d rows were left as they are: %(reason)s", number
    )
    return words % {"count": number, "reason": reason}


def set_active(rows: models.QuerySet, *, active: bool) -> Outcome:
    """Activate or deactivate rows; those that were so already are passed over."""
    found = background.locked(rows.exclude(is_active=active), "pk")
    return Outcome(background.write(rows, found, is_active=active))


def activate(rows: models.QuerySet, *, by: Any) -> Outcome:
    return set_active(rows, active=True)


def deactivate(rows: models.QuerySet, *, by: Any) -> Outcome:
    return set_active(rows, active=False)


def activation(
    *,
    on: Callable[..., Outcome] = activate,
    off: Callable[..., Outcome] = deactivate,
    warning: Any = "",
    **options: Any,
) -> list[BulkAction]:
    """Return the two actions that switch rows on and off."""
    return [
        BulkAction(
            "activate",
            gettext_lazy("Activate"),
            on,
            done=ngettext_lazy("%(count)d was activated.", "%(count)d were activated.", "count"),
            icon="toggle_on",
            hidden_if=lambda row: row.is_active,
            **options,
        ),
        BulkAction(
            "deactivate",
            gettext_lazy("Deactivate"),
            off,
            done=ngettext_lazy("%(count)d was deactivated.", "%(count)d were deactivated.", "count"),
            icon="toggle_off",
            asks=True,
            warning=warning,
            hidden_if=lambda row: not row.is_active,
            **options,
        ),
    ]
