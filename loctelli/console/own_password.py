"""An admin's own password."""

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from unfold.forms import AdminOwnPasswordChangeForm

from accounts.models import AdminUser
from accounts.password_changes import change_password
from loctelli.errors import InvalidRequest
from security import throttling
from tenants.scope import system_scope


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The old password and the new one, typed twice; what it must be is asked where it is changed."""

    def clean_old_password(self) -> str:
        """Count a try, as the API does: whoever sits down at an open session doesn't get to guess the password."""
        try:
            rate = throttling.Rate.parse(settings.PASSWORD_THROTTLE)
            throttling.spend("password", f"password:admin:{self.user.pk}", rate)
        except throttling.Throttled as throttled:
            raise ValidationError(_(throttled.detail), code=throttled.code) from throttled
        return super().clean_old_password()

    def validate_password_for_user(self, *args: object, **kwargs: object) -> None:
        pass


class OwnPasswordView(PasswordChangeView):
    """Changes it: this session goes on, the admin's others end with their next request."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        with system_scope("console: one's own password"):
            admin = AdminUser.objects.get(pk=self.request.user.pk)
        try:
            if not change_password(admin, form.cleaned_data["new_password1"]):
                form.add_error(None, _("Your password was changed elsewhere at this moment."))
        except InvalidRequest as error:
            for item in error.errors:
                form.add_error("new_password1", item["detail"])
        if form.errors:
            return self.form_invalid(form)
        update_session_auth_hash(self.request, admin)
        return HttpResponseRedirect(self.get_success_url())
