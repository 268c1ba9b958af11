"""Whether a sub-account is being closed: then nothing of it changes any more, for its archive has it as it was."""

from django.apps import apps
from django.utils.translation import gettext_lazy

BEING_CLOSED = gettext_lazy("The sub-account is being closed: nothing of it changes any more.")


def is_closing(sub_account_id: int) -> bool:
    """Return whether a sub-account is being closed, in the bound system scope."""
    # By name, for closings stand in a layer above.
    return apps.get_model("offboarding.Closing")._default_manager.filter(sub_account_number=sub_account_id).exists()
