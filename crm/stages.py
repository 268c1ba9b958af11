"""The stages of the pipeline that sub-accounts have added to those every one has."""

from django.db import models


def own_stages(sub_accounts: models.QuerySet) -> dict[int, set[str]]:
    """Map each sub-account to the stages that its settings add; whatever else stands there adds none."""
    return {key: _stages_in(settings) for key, settings in sub_accounts.values_list("pk", "settings")}


def _stages_in(settings: object) -> set[str]:
    added = settings.get("lead_statuses") if isinstance(settings, dict) else None
    return {stage for stage in added if isinstance(stage, str)} if isinstance(added, list) else set()
