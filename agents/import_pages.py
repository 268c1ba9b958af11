"""The console's pages that take strategies and prompt templates in again: upload, look, make."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.choices import UserRole
from accounts.models import AdminUser, User
from agents.importing import LARGEST_FILE, Incoming, incoming_strategies, incoming_templates, parse
from agents.models import Strategy
from loctelli.errors import DomainError
from tenants.console.forms import Autocomplete
from tenants.console.model_admin import ConsoleAdmin


class ImportForm(forms.Form):
    """A file, or what was in it once it has been looked at."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".json,.jsonl,application/json"}),
        help_text=gettext_lazy("JSON or JSON lines, as an export writes them."),
    )
    content = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if file is not None and file.size > LARGEST_FILE:
            self.add_error(
                "file", _("This is too long: %(kilobytes)d kB at most.") % {"kilobytes": LARGEST_FILE // 1000}
            )
            return cleaned
        data = file.read() if file is not None else cleaned.get("content", "").encode(errors="surrogatepass")
        if not data:
            self.add_error("file", _("Choose a file."))
            return cleaned
        try:
            cleaned["rows"] = parse(data)
        except DomainError as error:
            self.add_error("file", error.detail)
        else:
            cleaned["content"] = data.decode(errors="replace")
        return cleaned


class StrategyImportForm(ImportForm):
    """A file of strategies, and whose they will be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"] = forms.ModelChoiceField(
            User.objects.filter(is_active=True).exclude(role=UserRole.SYSTEM),
            label=_("Person"),
            widget=Autocomplete(Strategy._meta.get_field("regular_user"), admin.site),
            help_text=_("Whose they will be; the sub-account is the person's."),
        )
        self.order_fields(["person", "file", "content"])


class ImportingAdmin(ConsoleAdmin):
    """An admin whose list takes rows in from a file."""

    actions_list = ["import_rows"]
    import_form: type[ImportForm] = ImportForm

    def incoming(self, request: HttpRequest, cleaned: dict[str, Any]) -> list[Incoming]:
        """Return what a file's rows would be made to."""
        raise NotImplementedError

    @action(description=gettext_lazy("Import"), url_path="import", permissions=["add"], icon="upload")
    def import_rows(self, request: HttpRequest) -> HttpResponse:
        """Ask for a file, show what would be made of it and what is wrong with it, and make it once that was seen."""
        form = self.import_form(request.POST or None, request.FILES or None)
        found = self.incoming(request, form.cleaned_data) if form.is_valid() else []
        wrong = any(item.errors for item in found)
        if found and not wrong and "make" in request.POST:
            for item in found:
                item.row.save()
            words = ngettext("%(count)d was made, inactive.", "%(count)d were made, inactive.", len(found))
            self.message_user(request, words % {"count": len(found)}, messages.SUCCESS)
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        if found:
            # What was read is sent along: the file itself isn't kept.
            data = request.POST.copy()
            data["content"] = form.cleaned_data["content"]
            form = self.import_form(data)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import %(kind)s") % {"kind": self.opts.verbose_name_plural},
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "found": found,
            "wrong": wrong,
        }
        return TemplateResponse(request, "console/import.html", context)


class PromptTemplateImports(ImportingAdmin):
    """An admin of prompt templates that come in again."""

    def incoming(self, request: HttpRequest, cleaned: dict[str, Any]) -> list[Incoming]:
        return incoming_templates(cleaned["rows"], by=cast(AdminUser, request.user))


class StrategyImports(ImportingAdmin):
    """An admin of strategies that come in again."""

    import_form = StrategyImportForm

    def incoming(self, request: HttpRequest, cleaned: dict[str, Any]) -> list[Incoming]:
        return incoming_strategies(cleaned["rows"], owner=cleaned["person"])
