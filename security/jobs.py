"""Jobs of security."""

import json

from django.conf import settings
from django.core.mail import send_mail
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from security.models import SecurityIncident
from tenants.scope import system_scope


@app.task(
    name="security.send_incident_alert",
    retry=RetryStrategy(max_attempts=10, exponential_wait=5),
    pass_context=False,
)
def send_incident_alert(incident_id: str) -> None:
    """Tell those who look after the platform about an incident, by e-mail; tried again when the mail server is away."""
    with system_scope("an incident's alert"):
        incident = SecurityIncident.objects.filter(pk=incident_id).first()
    if incident is None:
        return
    details = json.dumps(incident.metadata or {}, indent=2, ensure_ascii=False, sort_keys=True)
    about = [
        f"{name.replace('_', ' ')}: {value}"
        for name in ("sub_account_id", "user_id", "lead_id", "message_id")
        if (value := getattr(incident, name)) is not None
    ]
    lines = [incident.description, "", f"When: {incident.created_at:%Y-%m-%d %H:%M:%S} UTC", *about, "", details]
    send_mail(
        f"[Loctelli] {incident.severity}: {incident.type}",
        "\n".join([*lines, "", f"Incident {incident.pk}: resolve it in the console under Security."]),
        None,
        settings.INCIDENT_ALERT_EMAILS,
    )
